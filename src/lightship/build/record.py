"""``RECORD``: what a distribution owns, with hash and size of each file.

Binary distribution format and "Recording installed projects" (packaging.python.org/specifications, 2024); PEP 376, 427.
Rows keep their order; paths are as written, relative to site-packages.
"""

import base64
import csv
import hashlib
import io
from collections.abc import Iterable
from typing import NamedTuple

from lightship.archive.content import Content, Inline, Stored
from lightship.archive.inflate import Containers, iter_content
from lightship.errors import ArchiveError

__all__ = ["RecordRow", "format_record", "parse_record", "row_of"]

_STRONG = ("sha256=", "sha384=", "sha512=")
"""The specification: sha256 or better; md5 and sha1 are not permitted."""


class RecordRow(NamedTuple):
    """One row. ``digest`` is ``sha256=<urlsafe base64>`` or "", ``size`` decimal digits or ""."""

    path: str
    digest: str
    size: str


def parse_record(raw: bytes, what: str) -> dict[str, RecordRow]:
    """Rows by path. Raise ArchiveError, naming ``what``, for a row that is not path, strong hash or none, size or none,
    and for a path with two rows that differ."""
    rows: dict[str, RecordRow] = {}
    try:
        for number, columns in enumerate(csv.reader(io.StringIO(raw.decode("utf-8"), newline="")), 1):
            if len(columns) != 3:
                if not columns:
                    continue
                raise ArchiveError(
                    f"{what}: RECORD line {number}: want path, hash and size, got {len(columns)} columns"
                )
            path, digest, size = columns
            if not path or (digest and not digest.startswith(_STRONG)) or (size and not size.isdecimal()):
                raise ArchiveError(f"{what}: RECORD line {number} is not a path, a SHA-2 hash and a size: {columns}")
            row = RecordRow(path, digest, size)
            if rows.setdefault(path, row) != row:
                raise ArchiveError(f"{what}: RECORD has two rows for {path}")
    except (UnicodeDecodeError, csv.Error) as error:
        raise ArchiveError(f"{what}: RECORD cannot be read: {error}") from error
    return rows


def format_record(rows: Iterable[RecordRow]) -> bytes:
    """The file's bytes, rows sorted by path, as pip and uv write it."""
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\n").writerows(sorted(rows))
    return stream.getvalue().encode()


def row_of(path: str, content: Content, containers: Containers) -> RecordRow:
    """The row of a file that is not as its wheel had it: made here, rewritten or stripped."""
    if isinstance(content, Stored) and content.sha256 is not None:
        digest = bytes.fromhex(content.sha256)
    elif isinstance(content, Inline):
        digest = hashlib.sha256(content.content).digest()
    else:
        running = hashlib.sha256()
        for chunk in iter_content(content, containers, path):
            running.update(chunk)
        digest = running.digest()
    return RecordRow(
        path, "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("="), str(content.unpacked_bytes)
    )
