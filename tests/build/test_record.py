"""RECORD is read and written as the specification says."""

import base64
import hashlib
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lightship.archive.content import Content, Inline, Stored
from lightship.archive.inflate import Containers
from lightship.build.record import RecordRow, format_record, parse_record, row_of
from lightship.errors import ArchiveError

PATHS = st.text(st.characters(exclude_characters="\0\r\n", codec="utf-8"), min_size=1, max_size=30)
ROWS = st.builds(RecordRow, PATHS, st.sampled_from(["", "sha256=abc", "sha512=d-_f"]), st.sampled_from(["", "0", "12"]))


@given(st.lists(ROWS, unique_by=lambda row: row.path))
def test_what_is_written_is_read(rows: list[RecordRow]) -> None:
    """Law: "RECORD is a CSV file … readable by Python's csv module" (Recording installed projects, The RECORD file)."""
    assert parse_record(format_record(rows), "x") == {row.path: row for row in rows}


def test_rows_are_sorted_and_quoted() -> None:
    rows = [RecordRow("b", "sha256=x", "1"), RecordRow('a,"b"', "", "")]
    assert format_record(rows) == b'"a,""b""",,\nb,sha256=x,1\n'


def test_the_same_row_twice_is_one_and_an_empty_line_none() -> None:
    assert parse_record(b"a,sha256=x,1\n\na,sha256=x,1\r\n", "x") == {"a": RecordRow("a", "sha256=x", "1")}


@given(st.binary(max_size=200))
def test_no_bytes_make_it_fail_otherwise(raw: bytes) -> None:
    said = "pkg: RECORD"
    try:
        parse_record(raw, "pkg")
    except ArchiveError as error:
        said = str(error)
    assert said.startswith("pkg: RECORD")


def test_a_made_file_gets_its_true_row(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"-content-")
    digest = hashlib.sha256(b"content")
    want = RecordRow("p", "sha256=" + base64.urlsafe_b64encode(digest.digest()).decode().rstrip("="), "7")
    contents: list[Content] = [Inline(b"content"), Stored(path, 1, 7), Stored(path, 1, 7, sha256=digest.hexdigest())]
    with Containers() as containers:
        for content in contents:
            assert row_of("p", content, containers) == want


def test_a_promised_hash_is_taken_without_reading(tmp_path: Path) -> None:
    with Containers() as containers:
        row = row_of("p", Stored(tmp_path / "gone", 0, 3, sha256="00" * 32), containers)
    assert row.digest == "sha256=" + "A" * 43
