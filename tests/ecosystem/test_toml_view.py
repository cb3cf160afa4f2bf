from pathlib import Path

import pytest

from lightship.ecosystem.toml_view import Table, read_toml
from lightship.errors import InputError, LockError, StorageError


def _table(tmp_path: Path, text: str) -> Table:
    path = tmp_path / "a.lock"
    path.write_text(text)
    return read_toml(path)[0]


def test_getters_return_what_is_there(tmp_path: Path) -> None:
    table = _table(tmp_path, "a = 'x'\nn = 3\nb = true\nl = ['y']\n[t]\nk = 'v'\n[[r]]\nname = 'one'\n")
    assert (table.text("a"), table.maybe_integer("n"), table.flag("b"), table.texts("l")) == ("x", 3, True, ("y",))
    assert table.table("t").text("k") == "v"
    assert [row.text("name") for row in table.tables("r")] == ["one"]
    assert (table.maybe_text("z"), table.maybe_integer("z"), table.flag("z"), table.texts("z")) == (
        None,
        None,
        False,
        (),
    )
    assert table.maybe_table("z") is None
    assert not list(table.table("z"))
    assert table.tables("z") == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x = 1", "a.lock: x: want a string, got an integer"),
        ("x = true", "a.lock: x: want a string, got a boolean"),
        ("x = ''", "a.lock: x: want a string that is not empty, got a string"),
        ("y = 1", "a.lock: x: want a string, got nothing"),
        ("x = 1979-05-27", "a.lock: x: want a string, got a date or time"),
    ],
)
def test_a_wrong_string_is_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LockError) as caught:
        _table(tmp_path, text).text("x")
    assert str(caught.value) == message


def test_places_are_named(tmp_path: Path) -> None:
    table = _table(tmp_path, "[[p]]\n[[p]]\n[p.s]\nl = [1]\nt = 'x'\nn = true\n")
    inner = table.tables("p")[1].table("s")
    with pytest.raises(LockError, match=r"p\[1\]\.s\.l: want an array of strings, got an array"):
        inner.texts("l")
    with pytest.raises(LockError, match=r"p\[1\]\.s\.t: want a table, got a string"):
        inner.table("t")
    with pytest.raises(LockError, match=r"p\[1\]\.s\.n: want an integer, got a boolean"):
        inner.maybe_integer("n")
    with pytest.raises(LockError, match=r"p\[1\]\.s\.l\[0\]: want a table, got an integer"):
        inner.tables("l")


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"a = [", "a.lock is not TOML"),
        (b"a = '\xff'", "a.lock is not UTF-8: byte 5"),
        (b"a = " + b"[" * 100_000, "a.lock is "),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, raw: bytes, message: str) -> None:
    path = tmp_path / "a.lock"
    path.write_bytes(raw)
    with pytest.raises(InputError, match=message):
        read_toml(path, error=InputError)


def test_missing_and_huge_files(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"cannot read a\.lock: No such file"):
        read_toml(tmp_path / "a.lock")
    with (tmp_path / "a.lock").open("wb") as stream:
        stream.truncate(65 * 2**20)
    with pytest.raises(LockError, match="too large: want at most 64 MiB"):
        read_toml(tmp_path / "a.lock")
