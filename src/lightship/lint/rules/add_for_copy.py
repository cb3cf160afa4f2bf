"""ADD where COPY does.

What it does
============
Finds ``ADD`` of files and folders of the context that are no archives.

Why
===
ADD fetches addresses and unpacks archives, by what is in the file and not by its name. Where neither is meant, COPY
says so, and a file that becomes an archive one day stays a file.

Bad
===
::

    FROM python:3.12-slim
    ADD requirements.txt /app/
    USER 1000

Good
====
::

    FROM python:3.12-slim
    COPY requirements.txt /app/
    USER 1000

References
==========
docs.docker.com, "Building best practices", ADD or COPY (2026); hadolint DL3020.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Span
from lightship.dockerfile.views import copy_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_ARCHIVE = re.compile(r".*\.(tar|tgz|tbz2?|txz|tzst|gz|bz2|xz|zst|lz4|lzma)", re.IGNORECASE)
_OF_ADD = frozenset({"checksum", "keep-git-dir", "unpack"})


def _find(subject: Subject) -> Iterator[Remark]:
    for _, instruction in subject.instructions:
        copy = copy_of(instruction) if instruction.keyword == "ADD" else None
        if copy is None or any(flag.name in _OF_ADD for flag in instruction.flags):
            continue
        if instruction.heredocs or not copy.sources or not all(_is_plain(subject, word.text) for word in copy.sources):
            continue
        start = instruction.span.start
        yield Remark(
            span=instruction.span,
            message="ADD copies here, and would unpack or fetch if the source were another",
            fix="COPY",
            edits=(Edit(Span(start, start + 3), "COPY"),),
        )


def _is_plain(subject: Subject, source: str) -> bool:
    """Whether it is surely a folder, or a file by a name that no archive has."""
    if "://" in source or source.startswith(("git@", "<<")) or set("$*?[") & set(source) or _ARCHIVE.fullmatch(source):
        return False
    path = source.strip("/").removeprefix("./")
    is_folder = path in ("", ".") or source.endswith("/")
    if not is_folder and subject.context is not None:
        is_folder = path in subject.context.directories
    return is_folder or "." in path.rpartition("/")[2].lstrip(".")


RULE = Rule(
    code="add-for-copy",
    family="correctness",
    severity="note",
    safety="lossless",
    title="ADD where COPY does",
    find=_find,
    doc=__doc__,
)
