"""Sorted tables: what is found is exactly what a scan would find."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lightship.base.table import Table, encode_rows, open_table

_NAMES = st.text(alphabet="ab-+.1", min_size=1, max_size=4)


@given(st.lists(st.tuples(_NAMES, _NAMES)), _NAMES)
def test_lookup_is_a_scan(rows: list[tuple[str, str]], key: str) -> None:
    expected = [list(row) for row in sorted({row for row in rows if row[0] == key})]
    assert list(Table(encode_rows(rows)).find(key)) == expected


def test_a_table_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(encode_rows([("b", "2"), ("a-b", "x"), ("a", "1"), ("a", "0")]))
    with open_table(path) as table:
        assert list(table.find("a")) == [["a", "0"], ["a", "1"]]
        assert list(table.find("a-b")) == [["a-b", "x"]]
        assert list(table.find("c")) == []


def test_an_empty_table(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(b"")
    with open_table(path) as table:
        assert list(table.find("a")) == []
