"""The sentence about growth: most bytes first, in one unit, and what is left over is told."""

from lightship.gate.growth import Change, explain, layer_changes, package_changes
from lightship.gate.measures import LayerSize, PackageSize


def package(name: str, version: str, size: int, ecosystem: str = "python") -> PackageSize:
    return PackageSize(ecosystem=ecosystem, name=name, version=version, unpacked_bytes=size)


def test_the_sentence_of_the_issue() -> None:
    before = (package("pyarrow", "17.0", 90_000_000), package("same", "1", 5))
    after = (package("pyarrow", "18.1", 119_800_000), package("same", "1", 5), package("duckdb", "1.1", 11_400_000))
    found = explain(package_changes(before, after), 41_200_000, "unpacked")
    assert found.sentence == "+41.2 MB unpacked: pyarrow 17.0 → 18.1 (+29.8), new: duckdb (+11.4)"


def test_what_shrank_what_is_gone_and_the_rest() -> None:
    before = (package("a", "1", 3_000), package("b", "1", 9_000, "deb"))
    after = (package("a", "2", 1_000),)
    found = explain(package_changes(before, after), -8_000, "unpacked")
    assert found.sentence == "-8.0 kB unpacked: gone: deb:b (-9.0), a 1 → 2 (-2.0), the rest (+3.0)"


def test_the_same_version_with_other_bytes_and_two_versions_at_once() -> None:
    before = (package("a", "1", 100), package("b", "1", 10))
    after = (package("a", "1", 150), package("b", "1", 10), package("b", "2", 20))
    sentence = explain(package_changes(before, after), 70, "unpacked").sentence
    assert sentence == "+70 B unpacked: a (+50), b 1 → 1 and 2 (+20)"


def test_what_does_not_show_is_not_told() -> None:
    changes = [Change(state="new", what=str(number), grown_bytes=10**6 + number) for number in range(8)]
    tiny = Change(state="new", what="tiny", grown_bytes=3)
    found = explain([*changes, tiny], 10_000_000, "unpacked")
    assert found.sentence.count("new: ") == 5
    assert found.sentence.endswith("the rest (+5.0)")
    assert len(found.changes) == 9
    assert explain([tiny], 10_000_003, "unpacked").sentence == "+10.0 MB unpacked"
    assert explain([], 0, "compressed").sentence == "no growth of compressed bytes"


def test_layers_of_one_instruction_are_one_change() -> None:
    before = (
        LayerSize(digest="a", compressed_bytes=100, created_by="base"),
        LayerSize(digest="b", compressed_bytes=50, created_by="RUN pip"),
        LayerSize(digest="c", compressed_bytes=7, created_by="RUN old"),
    )
    after = (
        LayerSize(digest="a", compressed_bytes=100, created_by="base"),
        LayerSize(digest="d", compressed_bytes=80, created_by="RUN pip"),
        LayerSize(digest="e", compressed_bytes=5),
    )
    found = explain(layer_changes(before, after), 28, "compressed")
    assert found.sentence == "+28 B compressed: layer RUN pip (+30), gone: layer RUN old (-7), new: layer e (+5)"
