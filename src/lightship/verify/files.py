"""What distributions own is there, and as they own it.

What it does
============
Compares every distribution's ``RECORD`` with the files: each is there, with the size and the hash that stand in it. A
missing file that one of lightship's drop rules explains is none (a test, a type stub, a header), nor is bytecode.
A build of lightship writes ``RECORD`` last, of what is in the image.

Why
===
Templates, word lists and other data are opened by name when a request needs them; no import shows that one is missing.

Bad
===
::

    pkg/__init__.py
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\n
    pkg-1.0.dist-info/RECORD | pkg/__init__.py,,\\npkg/templates/page.html,,\\n

Good
====
::

    pkg/__init__.py
    pkg/templates/page.html | <p>
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\n
    pkg-1.0.dist-info/RECORD | pkg/__init__.py,,\\npkg/templates/page.html,,\\npkg/tests/test_it.py,,\\n

References
==========
Recording installed projects, packaging.python.org/specifications (2024); lightship's drop rules.
"""

import base64
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from lightship.archive.content import Inline, Stored
from lightship.archive.inflate import Containers
from lightship.errors import LightshipError
from lightship.findings import Finding, Kind
from lightship.plan.drop import RULES, Distribution, DropOptions, apply
from lightship.plan.model import Entry
from lightship.verify.check import Check
from lightship.verify.installed import Installed, RecordRow
from lightship.verify.subject import Subject

__all__ = ["CHECK"]

_GONE = Kind(code="file-missing", severity="error", title="a file of a distribution is missing")
_CHANGED = Kind(code="file-changed", severity="error", title="a file of a distribution is not as it was installed")

_RULES = tuple(rule for rule in RULES if not rule.whole)
_MOST_LISTED = 5
_OF_AN_INSTALLER = ("RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json")
_ALGORITHMS = ("sha256", "sha384", "sha512")


def _run(subject: Subject) -> Iterator[Finding]:
    for one in subject.distributions:
        if one.record is None:
            continue
        missing, changed = _compared(subject, one)
        if missing:
            missing = _unexplained(subject, one, missing)
        if missing:
            yield _GONE.finding(
                f"{one.name} {one.version} lacks {_listed(missing)}",
                location=f"/{one.place(missing[0])}",
                fix="install it again, or let lightship build leave files out: its RECORD then says so",
            )
        if changed:
            yield _CHANGED.finding(
                f"{one.name} {one.version}: another size or hash than its RECORD says: {_listed(changed)}",
                location=f"/{one.place(changed[0])}",
                fix="install it again; a file that is changed on purpose wants its RECORD changed too",
            )


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_LISTED} more" if len(paths) > _MOST_LISTED else ""
    return ", ".join(paths[:_MOST_LISTED]) + more


def _compared(subject: Subject, one: Installed) -> tuple[list[str], list[str]]:
    """Paths, as RECORD writes them, of files that are missing, and of those that differ."""
    missing, changed = [], []
    for row in one.record or ():
        if row.path.endswith(".pyc") or row.path.rpartition("/")[2] in _OF_AN_INSTALLER:
            continue
        place = subject.on_host(one.place(row.path))
        try:
            status = os.lstat(place)
        except OSError:
            missing.append(row.path)
            continue
        if stat.S_ISREG(status.st_mode) and not _is_same(place, status.st_size, row):
            changed.append(row.path)
    return missing, changed


def _is_same(place: str, size: int, row: RecordRow) -> bool:
    if row.size.isdecimal() and (row.size.lstrip("0") or "0") != str(size):  # no int: it may have a million digits
        return False
    algorithm, _, wanted = row.digest.partition("=")
    if algorithm not in _ALGORITHMS or not wanted:
        return True
    try:
        with open(place, "rb") as stream:  # noqa: PTH123 - no Path of the image's text
            found = hashlib.file_digest(stream, algorithm)
    except OSError:  # not ours to read: nothing to compare
        return True
    if wanted.lower() == found.hexdigest():  # against the specification, and some build back ends write it so
        return True
    return base64.urlsafe_b64encode(found.digest()).decode().rstrip("=") == wanted.rstrip("=")


def _unexplained(subject: Subject, one: Installed, missing: list[str]) -> list[str]:
    """Those of ``missing`` that no drop rule would leave out."""
    entries = {}
    for row in one.record or ():
        place = subject.on_host(one.place(row.path))
        status = os.stat(place) if os.path.isfile(place) else None  # noqa: PTH113, PTH116
        there = Stored(container=Path(place), offset=0, unpacked_bytes=status.st_size) if status else Inline(b"")
        entries[row.path] = Entry(path=one.place(row.path), content=there, owner=one.name)
    try:
        with Containers() as containers:
            _, dropped = apply(Distribution(one.name, entries, containers), _RULES, DropOptions())
    except LightshipError:  # sources that rules cannot read explain nothing
        return missing
    explained = {drop.path for drop in dropped}
    return [path for path in missing if one.place(path) not in explained]


CHECK = Check(name="files", kinds=(_GONE, _CHANGED), run=_run, doc=__doc__)
