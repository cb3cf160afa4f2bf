import tarfile

import pytest
from tests.analyze.making import Made, files, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.rules import metadata_copy
from lightship.findings import Finding

BIG = {"app/a": b"a" * 2_000_000, "app/b/c": b"c" * 500_000}
STEPS = ("COPY app /app # buildkit", "RUN /bin/sh -c chown -R 1000:1000 /app # buildkit")


def found(*layers: list[Made]) -> list[Finding]:
    analysis = analyze(image_of(*layers, steps=STEPS))
    return [finding for finding in analysis.findings if finding.code == metadata_copy.RULE.code]


def test_bad_a_chown_in_a_later_layer_is_told_with_its_instruction_and_the_remedy() -> None:
    (finding,) = found(files(BIG), files(BIG, uid=1000, gid=1000))
    assert (finding.unpacked_bytes, finding.severity, finding.safety) == (2_500_000, "warning", "lossless")
    assert finding.location == "/app"
    assert finding.cause is not None
    assert (finding.cause.layer, finding.cause.instruction) == (1, "RUN chown -R 1000:1000 /app")
    assert finding.fix is not None
    assert "COPY --chown=1000:1000" in finding.fix
    assert finding.message.endswith("copied whole to change their owner")


def test_bad_a_change_of_mode() -> None:
    (finding,) = found(files({"x": b"1234"}), files({"x": b"1234"}, mode=0o755))
    assert (finding.location, finding.severity, finding.unpacked_bytes) == ("/x", "note", 4)
    assert finding.message.endswith("their mode")


def test_bad_extended_attributes() -> None:
    (finding,) = found([Made("x", b"1")], [Made("x", b"1", xattrs=(("security.capability", "y"),))])
    assert finding.message.endswith("extended attributes")


@pytest.mark.parametrize(
    "above",
    [
        files(BIG | {"app/a": b"z" * 2_000_000, "app/b/c": b"z" * 500_000}, uid=1000),  # other content
        files(BIG, mtime=7),  # only a time: no chown will help
        [Made("app/.wh.a"), Made("app/b/.wh.c")],
        [Made("other", b"o", uid=1000)],
        [Made("app/a", kind=tarfile.DIRTYPE, uid=1000)],
        [Made("app/a", kind=tarfile.LNKTYPE, target="app/b/c")],
    ],
)
def test_good_what_is_no_copy(above: list[Made]) -> None:
    assert found(files(BIG), above) == []


def test_good_an_owner_that_was_right_from_the_start() -> None:
    assert found(files(BIG, uid=1000, gid=1000)) == []
