"""Canonical owners and modes."""

import pytest

from lightship.archive.content import Inline
from lightship.errors import InputError
from lightship.plan.model import Entry, EntryType
from lightship.plan.normalise import canonical_mode, normalise


@pytest.mark.parametrize(
    ("kind", "mode", "want"),
    [
        ("file", 0o600, 0o644),
        ("file", 0o666, 0o644),
        ("file", 0o640, 0o644),
        ("file", 0o700, 0o755),
        ("file", 0o4755, 0o755),
        ("file", 0o2644, 0o644),
        ("file", 0o010, 0o644),
        ("hardlink", 0o700, 0o755),
        ("dir", 0o700, 0o755),
        ("dir", 0o2775, 0o755),
        ("dir", 0o1777, 0o1777),
        ("symlink", 0o644, 0o777),
    ],
)
def test_modes(kind: EntryType, mode: int, want: int) -> None:
    assert canonical_mode(kind, mode) == want
    assert canonical_mode(kind, want) == want


def file(path: str, **changes: object) -> Entry:
    return Entry(path=path, content=Inline(b""), **changes)  # type: ignore[arg-type]


def test_entries_are_sorted_and_owned() -> None:
    found = normalise([file("b", uid=5, gid=5, mode=0o777), Entry(path="a", type="dir")])
    assert [(entry.path, entry.mode, entry.uid, entry.gid) for entry in found] == [
        ("a", 0o755, 0, 0),
        ("b", 0o755, 0, 0),
    ]
    assert normalise(found) == found


def test_what_is_made_here_stays_as_it_was_asked_for() -> None:
    home = Entry(path="home/app", type="dir", mode=0o775, uid=1001, owner="lightship")
    assert normalise([home]) == (home,)


def test_a_directory_may_come_twice_and_a_file_may_not() -> None:
    assert len(normalise([Entry(path="a", type="dir"), Entry(path="a", type="dir", mode=0o700)])) == 1
    with pytest.raises(InputError, match=r"path comes twice: a \(one and two\)"):
        normalise([file("a", owner="one"), file("a", owner="two")])
    with pytest.raises(InputError, match="path comes twice"):
        normalise([file("a"), Entry(path="a", type="dir")])
