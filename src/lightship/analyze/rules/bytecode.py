"""Names and headers of bytecode: what the three rules on it share. PEP 3147 (names), PEP 552 (the header)."""

import re
from typing import NamedTuple

from lightship.analyze.rules.survey import Survey
from lightship.ecosystem.inventory import Wanted

__all__ = ["HEADERS", "Cached", "cached", "is_stale"]

_CACHED = re.compile(
    r"((?:.*/)?)__pycache__/([^/]+?)\.((?:cpython|pypy|graalpy)-?[0-9]+[a-z]*)(?:\.opt-[0-9a-z]+)?\.pyc"
)
_HEADER_BYTES = 16
_HASHED = 1


def _header(content: bytes) -> bytes:
    return content[:_HEADER_BYTES]


HEADERS = Wanted(suffix=".pyc", cap_bytes=64 << 20, keep=_header)


class Cached(NamedTuple):
    """A file in ``__pycache__``: the path of its source, and for which interpreter it is (``cpython-311``)."""

    source: str
    tag: str


def cached(path: str) -> Cached | None:
    """What the name of bytecode says; None for what lies outside of ``__pycache__``."""
    match = _CACHED.fullmatch(path)
    return None if match is None else Cached(f"{match[1]}{match[2]}.py", match[3])


def is_stale(survey: Survey, path: str, source: str) -> bool:
    """Whether the import system would compile ``source`` anew instead of taking the bytecode at ``path``: the time and
    length that are noted in it are not those of the source. Bytecode that goes by a hash is never called stale here."""
    header = survey.kept(path)
    if header is None or len(header) < _HEADER_BYTES:
        return header is not None
    flags, mtime, size = (int.from_bytes(header[at : at + 4], "little") for at in (4, 8, 12))
    if flags & _HASHED:
        return False
    tree, entries = survey.analysis.tree, survey.analysis.entries
    row = tree.source(tree.rows[source])
    return mtime != entries.mtimes[row] & 0xFFFFFFFF or size != entries.sizes[row] & 0xFFFFFFFF
