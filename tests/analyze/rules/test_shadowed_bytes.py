from tests.analyze.making import Made, files, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.rules import shadowed_bytes
from lightship.findings import Finding

LISTS = {"var/lists/one": b"1" * 1_500_000, "var/lists/two": b"2" * 10}
STEPS = ("RUN apt-get update", "RUN rm -rf /var/lists")


def found(*layers: list[Made]) -> list[Finding]:
    analysis = analyze(image_of(*layers, steps=STEPS))
    return [finding for finding in analysis.findings if finding.code == shadowed_bytes.RULE.code]


def test_bad_deleted_later() -> None:
    (finding,) = found(files(LISTS), [Made("var/.wh.lists")])
    assert (finding.unpacked_bytes, finding.location, finding.severity) == (1_500_010, "/var/lists", "warning")
    assert finding.cause is not None
    assert finding.cause.instruction == "RUN rm -rf /var/lists"
    assert "layer 1 (RUN apt-get update) deleted later" in finding.message
    assert 0 < (finding.compressed_bytes or 0) < 1_500_010


def test_bad_replaced_later_counts_all_copies_but_the_visible_one() -> None:
    low, high = found(files({"f": b"1" * 7}), files({"f": b"2" * 50}), files({"f": b"3" * 900}))
    assert [(low.unpacked_bytes, high.unpacked_bytes)] == [(50, 7)]


def test_bad_the_same_path_twice_in_a_layer() -> None:
    (finding,) = found([Made("a", b"12"), Made("a", b"3")])
    assert "write each path once" in (finding.fix or "")


def test_good_deleted_in_the_same_instruction() -> None:
    assert found(files({"usr/gcc": b"1"})) == []


def test_good_a_copy_for_another_owner_is_another_rules() -> None:
    assert found(files({"f": b"12"}), files({"f": b"12"}, uid=7)) == []


def test_good_an_empty_file_costs_nothing() -> None:
    assert found([Made("empty")], [Made(".wh.empty")]) == []
