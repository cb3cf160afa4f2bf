"""Bytecode is of the image's interpreter and of the sources beside it.

What it does
============
Reads every ``.pyc`` of the standard library, of the packages and of the application: it carries the interpreter's magic
number, can be unmarshalled, and was made of the source that lies beside it, by hash or by time and size. With
``--project`` it also looks that the bytecode is there which the build ships.

Why
===
Bytecode with an unchecked hash is run as it is, whatever the source says. Bytecode of another interpreter or of another
time is compiled again at each start, which takes as long as if none were there.

Bad
===
The planted fault: ``pkg/__pycache__/__init__.cpython-312.pyc`` was compiled by Python 3.11, or the source was edited
after ``pkg/__pycache__/__init__.cpython-312.pyc`` had been made of it with an unchecked hash.

Good
====
``python -m compileall --invalidation-mode unchecked-hash`` by the interpreter of the image, after the last edit.

References
==========
PEP 3147, PEP 488, PEP 552.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from lightship.findings import Finding, Kind
from lightship.verify.check import Check
from lightship.verify.subject import Subject

__all__ = ["CHECK"]

_FOREIGN = Kind(code="pyc-foreign", severity="error", title="bytecode of another interpreter")
_BROKEN = Kind(code="pyc-broken", severity="error", title="bytecode that cannot be read")
_STALE = Kind(code="pyc-stale", severity="error", title="bytecode that is not of the source beside it")
_MISSING = Kind(code="pyc-missing", severity="warning", title="bytecode that the build ships is not there")

_MOST_LISTED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compared:
    """What `bytecode_worker.py` answers: sources, with what their bytecode is instead of ours."""

    foreign: Sequence[tuple[str, str]]
    broken: Sequence[tuple[str, str]]
    stale: Sequence[tuple[str, str]]
    timestamp: Sequence[str]
    bare: Sequence[str]

    @classmethod
    def of(cls, said: Any) -> "_Compared":
        return cls(
            foreign=[(str(path), str(what)) for path, what in said["foreign"]],
            broken=[(str(path), str(what)) for path, what in said["broken"]],
            stale=[(str(path), str(how)) for path, how in said["stale"]],
            timestamp=[str(path) for path in said["timestamp"]],
            bare=[str(path) for path in said["bare"]],
        )


def _run(subject: Subject) -> Iterator[Finding]:
    if subject.inside is None or subject.python is None:
        return
    python = subject.python
    tops = [python.stdlib, *(f"/{site}" for site in subject.sites)]
    if len(subject.runtime.working_dir.strip("/")) > 0:
        tops.append(subject.runtime.working_dir)
    request = {"tops": list(dict.fromkeys(tops))}
    said = subject.inside.run("bytecode_worker.py", python.executable, request, timeout_s=600, parse=_Compared.of)
    if said.foreign:
        sources = [f"{path} ({what})" for path, what in said.foreign]
        yield _FOREIGN.finding(
            f"{python.cache_tag} has no use for the bytecode of {_listed(sources)}",
            location=said.foreign[0][0],
            fix="compile with the image's own interpreter, and copy no __pycache__ into an image",
        )
    if said.broken:
        damaged = [f"{path} ({what})" for path, what in said.broken]
        yield _BROKEN.finding(
            f"bytecode is damaged: {_listed(damaged)}", location=said.broken[0][0], fix="compile again"
        )
    yield from _stale(said)
    yield from _missing(subject, set(said.bare))


def _stale(said: _Compared) -> Iterator[Finding]:
    for kind, consequence in (("unchecked", "is run instead of it"), ("checked", "is compiled again at each start")):
        sources = [path for path, how in said.stale if how == kind]
        if sources:
            yield _STALE.finding(
                f"bytecode of another state of the source {consequence}: {_listed(sources)}",
                location=sources[0],
                severity="error" if kind == "unchecked" else "warning",
                fix="compile again after the last change of a source",
            )
    if said.timestamp:
        sources = list(said.timestamp)
        yield _STALE.finding(
            f"time or size of the source differ, so that it is compiled again at each start: {_listed(sources)}",
            location=sources[0],
            severity="warning",
            fix="compile with --invalidation-mode unchecked-hash: times change on the way into a layer",
        )


def _missing(subject: Subject, bare: set[str]) -> Iterator[Finding]:
    wanted = subject.locked.bytecode if subject.locked is not None else None
    lost = sorted(path for path in wanted or () if f"/{path}" in bare)
    if lost:
        yield _MISSING.finding(
            f"a start imports them, and their bytecode is not in the image: {_listed(lost)}",
            location=f"/{lost[0]}",
            fix="build again",
        )


def _listed(paths: Sequence[str]) -> str:
    more = f" and {len(paths) - _MOST_LISTED} more" if len(paths) > _MOST_LISTED else ""
    return ", ".join(paths[:_MOST_LISTED]) + more


CHECK = Check(name="bytecode", kinds=(_FOREIGN, _BROKEN, _STALE, _MISSING), run=_run, doc=__doc__)
