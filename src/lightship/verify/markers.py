"""What is installed is what the lock gives for the image's own Python.

What it does
============
With ``--project``: evaluates the lock for the Python that the image has, to its last digit, and compares names and
versions with what is installed. Without: looks for distributions that others ask for only under markers that do not
hold here.

Why
===
``python_full_version < "3.11.3"`` is true for one distribution's Python 3.11 and false for another's. An environment
that was resolved or exported for the build machine lacks a package, or carries one, only where it runs.

Bad
===
::

    late/__init__.py
    late-1.0.dist-info/METADATA | Name: late\\nVersion: 1.0\\n
    late-1.0.dist-info/RECORD | late/__init__.py,,
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\nRequires-Dist: late; python_version < "3.3"\\n
    pkg-1.0.dist-info/RECORD |

Good
====
::

    late/__init__.py
    late-1.0.dist-info/METADATA | Name: late\\nVersion: 1.0\\n
    late-1.0.dist-info/RECORD | late/__init__.py,,
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\nRequires-Dist: late; python_version > "3.3"\\n
    pkg-1.0.dist-info/RECORD |

References
==========
Dependency specifiers, "Environment markers" (packaging.python.org/specifications, 2024).
"""

from collections.abc import Iterator

from lightship.ecosystem.python.names import normal_name
from lightship.findings import Finding, Kind
from lightship.verify.check import Check
from lightship.verify.metadata import requirements
from lightship.verify.subject import LockedSide, Subject

__all__ = ["CHECK"]

_ABSENT = Kind(code="lock-missing", severity="error", title="the lock asks for it, and it is not installed")
_EXCLUDED = Kind(code="lock-excluded", severity="error", title="the lock excludes it for this Python")
_VERSION = Kind(code="lock-version", severity="error", title="another version than the lock has")
_UNKNOWN = Kind(code="lock-unknown", severity="note", title="the lock does not know it")
_NOBODY = Kind(code="marker-excluded", severity="note", title="whoever asks for it excludes it here")


def _run(subject: Subject) -> Iterator[Finding]:
    if subject.locked is not None:
        yield from _against_lock(subject, subject.locked)
    elif subject.python is not None:
        yield from _against_each_other(subject)


def _against_lock(subject: Subject, locked: LockedSide) -> Iterator[Finding]:
    python = subject.python.version if subject.python else "unknown"
    for name, version in sorted(locked.packages.items()):
        found = subject.installed.get(name)
        if found is None:
            if name not in locked.left_out:
                yield _ABSENT.finding(
                    f"{locked.file} gives {name} {version} for Python {python}, and it is not installed",
                    location=name,
                    fix="build again for this Python",
                )
        elif version and not _equal(found.version, version):
            yield _VERSION.finding(
                f"{locked.file} gives {name} {version}, and {found.version} is installed",
                location=name,
                fix="build again from this lock",
            )
    for name, one in sorted(subject.installed.items()):
        if name in locked.packages:
            continue
        if name in locked.known:
            yield _EXCLUDED.finding(
                f"{locked.file} has {name} for other Pythons or platforms, not for Python {python}",
                location=f"/{one.folder}",
                fix="build again for this Python",
            )
        else:
            yield _UNKNOWN.finding(f"{name} {one.version} is not in {locked.file}", location=f"/{one.folder}")


def _equal(one: str, other: str) -> bool:
    from packaging.version import Version

    try:
        return Version(one) == Version(other)
    except ValueError:  # InvalidVersion is one, and so is what Python says to thousands of digits
        return one == other


def _against_each_other(subject: Subject) -> Iterator[Finding]:
    environment = {**(subject.python.markers if subject.python else {}), "extra": ""}
    asked: dict[str, bool] = {}
    excluding: dict[str, str] = {}
    for one in subject.installed.values():
        for requirement, holds in requirements(one, environment):
            name = normal_name(requirement.name)
            asked[name] = asked.get(name, False) or holds
            if not holds:
                excluding.setdefault(name, f"{one.name} ({requirement.marker})")
    for name, holds in sorted(asked.items()):
        found = subject.installed.get(name)
        if found is not None and not holds:
            yield _NOBODY.finding(
                f"{name} {found.version} is installed, and {excluding[name]} does not ask for it on this Python",
                location=f"/{found.folder}",
                fix="if nobody else needs it, resolve for the image's Python",
            )


CHECK = Check(name="markers", kinds=(_ABSENT, _EXCLUDED, _VERSION, _UNKNOWN, _NOBODY), run=_run, doc=__doc__)
