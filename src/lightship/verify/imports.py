"""Every installed module imports.

What it does
============
Imports every top-level module that the installed distributions name (below a namespace: its highest packages), in the
sandbox, without network, as the image's user. Modules share a process as long as all goes well; one that fails, crashes
or hangs is tried again in a process of its own. With ``--project`` the failures are compared with what the same locked
wheels give when another installer installs them whole over the same base.

Why
===
A health check proves the path that it takes. A package that was slimmed too far, a library that is missing or a module
left out by mistake shows when somebody imports it, perhaps a week later.

Bad
===
::

    pkg/__init__.py | from pkg import part
    pkg/other.py
    pkg-1.0.dist-info/RECORD | pkg/__init__.py,,
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\n

Good
====
::

    pkg/__init__.py | from pkg import part
    pkg/part.py
    pkg-1.0.dist-info/RECORD | pkg/__init__.py,,\\npkg/part.py,,\\n
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\n

References
==========
Recording installed projects, packaging.python.org/specifications (2024).
"""

from collections.abc import Iterator

from lightship.findings import Finding, Kind
from lightship.verify.check import Check
from lightship.verify.judge import harmless, judge
from lightship.verify.subject import Subject

__all__ = ["CHECK"]

_FAILS = Kind(code="import-failed", severity="error", title="an installed module does not import")
_TOLD = Kind(code="import-optional", severity="note", title="modules that import nowhere")
_MISSING = Kind(code="module-missing", severity="error", title="a module of the locked wheels is not in the image")
_LEFT_OUT_BY_RULE = frozenset(
    {"tests", "test", "testing", "docs", "doc", "examples", "example", "samples", "benchmarks"}
)


def _run(subject: Subject) -> Iterator[Finding]:
    failed = {trial: failure for trial, failure in subject.trials.failed.items() if ":" not in trial}
    wanted = {name: one.name for one in subject.installed.values() for name in subject.modules(one)}
    passed_over = []
    for name, failure in sorted(failed.items()):
        if name not in wanted:
            continue
        verdict = judge(subject, failure)
        if verdict.severity == "note":
            passed_over.append(failure)
            continue
        yield _FAILS.finding(
            f"import {name} ({wanted[name]}): {failure.said}; {verdict.reason}",
            location=failure.where or name,
            severity=verdict.severity,
            fix=f'keep what was left out: keep = ["{name.partition(".")[0]}/**"], or add what it needs',
        )
    if passed_over:
        yield _TOLD.finding(harmless(subject, passed_over, "module"))
    yield from _lost(subject, set(wanted))


def _lost(subject: Subject, there: set[str]) -> Iterator[Finding]:
    """Modules of the plain side that the image has not at all."""
    if subject.plain is None or subject.trials.plain_failed is None:
        return
    for owner, names in sorted(subject.plain.modules.items()):
        for name in names:
            failure = subject.trials.failed.get(name)
            if failure is None or name in there or name in subject.trials.plain_failed:
                continue
            if name.partition(".")[0] in _LEFT_OUT_BY_RULE or (subject.locked and owner in subject.locked.left_out):
                continue
            yield _MISSING.finding(
                f"{name} of {owner} imports when the wheels are installed plainly, and is not in the image",
                location=owner,
                fix=f'keep = ["{name.replace(".", "/")}/**"]',
            )


CHECK = Check(name="imports", kinds=(_FAILS, _TOLD, _MISSING), run=_run, doc=__doc__)
