import pytest

from lightship.archive.whiteout import Whiteout, parse_whiteout, whiteout_path
from lightship.errors import HostileError


@pytest.mark.parametrize(
    ("member", "gone"),
    [
        ("a/.wh.b", Whiteout("a/b")),
        (".wh.etc", Whiteout("etc")),
        ("a/.wh..wh..opq", Whiteout("a", opaque=True)),
        (".wh..wh..opq", Whiteout("", opaque=True)),
        ("a/.wh..hidden", Whiteout("a/.hidden")),
        ("a/b", None),
        ("a/.whale", None),
        (".wh.dir/file", None),
    ],
)
def test_what_a_member_removes(member: str, gone: Whiteout | None) -> None:
    assert parse_whiteout(member) == gone


@pytest.mark.parametrize(
    "gone", [Whiteout("a/b"), Whiteout("b"), Whiteout("a", opaque=True), Whiteout("", opaque=True)]
)
def test_a_whiteout_that_is_written_is_read(gone: Whiteout) -> None:
    assert parse_whiteout(whiteout_path(gone.path, opaque=gone.opaque)) == gone


@pytest.mark.parametrize("member", ["a/.wh.", ".wh..", "a/.wh..."])
def test_a_whiteout_of_nothing_is_hostile(member: str) -> None:
    with pytest.raises(HostileError, match="whiteout removes nothing that can be"):
        parse_whiteout(member)
