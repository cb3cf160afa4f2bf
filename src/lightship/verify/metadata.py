"""What distributions say of themselves and of each other holds.

What it does
============
Reads every ``dist-info``: requirements, with markers evaluated for the image's own Python, against what is installed
(what ``pip check`` says); that no distribution is there twice and none lost its metadata; that every entry point's
module and attribute exist, console scripts and plugins alike; and that ``importlib.metadata`` in the image sees the
same names and versions as the files tell. A range that the project's lock overrides (``--project``) is a note.

Why
===
Frameworks find their plugins, workers and instrumentation through this metadata; what is missing is skipped in silence.

Bad
===
::

    pkg/__init__.py
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\nRequires-Dist: absent>=2\\n
    pkg-1.0.dist-info/RECORD | pkg/__init__.py,,

Good
====
::

    pkg/__init__.py
    pkg-1.0.dist-info/METADATA | Name: pkg\\nVersion: 1.0\\nRequires-Dist: absent>=2; python_version < "3.3"\\n
    pkg-1.0.dist-info/RECORD | pkg/__init__.py,,

References
==========
Dependency specifiers; Core metadata; Entry points (packaging.python.org/specifications, 2024).
"""

from collections.abc import Iterator
from typing import Any

from lightship.findings import Finding, Kind
from lightship.verify.check import Check
from lightship.verify.installed import Installed
from lightship.verify.judge import harmless, judge
from lightship.verify.subject import Subject
from lightship.verify.trials import Failure

__all__ = ["CHECK", "requirements"]

_ABSENT = Kind(code="requirement-missing", severity="error", title="a requirement is not installed")
_RANGE = Kind(code="requirement-version", severity="warning", title="a requirement is installed in another version")
_TWICE = Kind(code="metadata-twice", severity="error", title="a distribution is installed twice")
_BROKEN = Kind(code="metadata-broken", severity="error", title="metadata that cannot be read")
_POINT = Kind(code="entry-point-broken", severity="error", title="an entry point does not load")
_OPTIONAL = Kind(code="entry-point-optional", severity="note", title="entry points of parts that are not installed")
_DIFFERS = Kind(code="metadata-differs", severity="error", title="importlib.metadata sees something else")

_FOR_COMPILERS = frozenset({"pkg_config", "cmake.module", "cmake.prefix", "cmake.root"})
"""Groups that name folders of headers and build files, which an image has no use for."""


def _run(subject: Subject) -> Iterator[Finding]:
    yield from _broken(subject)
    yield from _requirements(subject)
    yield from _points(subject)
    yield from _seen_inside(subject)


def requirements(one: Installed, environment: dict[str, str]) -> Iterator[tuple[Any, bool]]:
    """Every requirement of ``one`` that asks for no extra, parsed, with whether its marker holds."""
    from packaging.requirements import InvalidRequirement, Requirement

    for text in one.requires:
        try:
            requirement = Requirement(text)
            holds = requirement.marker is None or requirement.marker.evaluate(environment)
        except (InvalidRequirement, ValueError, RecursionError):  # told with the metadata that holds it
            continue
        if "extra" not in str(requirement.marker or ""):
            yield requirement, holds


def _broken(subject: Subject) -> Iterator[Finding]:
    seen: dict[tuple[str, str], Installed] = {}
    for one in subject.distributions:
        for problem in one.problems:
            yield _BROKEN.finding(f"{one.name}: {problem}", location=f"/{one.folder}")
        first = seen.setdefault((one.site, one.name), one)
        if first is not one and not one.folder.endswith(".egg-info"):
            yield _TWICE.finding(
                f"{one.name} is there as {first.version} and as {one.version}: which of them counts is left to chance",
                location=f"/{one.folder}",
                fix="remove the one that is left over from an earlier installation",
            )


def _requirements(subject: Subject) -> Iterator[Finding]:
    from packaging.utils import canonicalize_name

    if subject.python is None:
        return
    environment = {**subject.python.markers, "extra": ""}
    for one in subject.installed.values():
        for requirement, holds in requirements(one, environment):
            if not holds:
                continue
            name = canonicalize_name(requirement.name)
            found = subject.installed.get(name)
            if found is None:
                by_lock = subject.locked is not None and name not in subject.locked.packages
                yield _ABSENT.finding(
                    f"{one.name} {one.version} requires {requirement}, and {requirement.name} is not installed"
                    + ("; nor does the lock have it for this Python" if by_lock else ""),
                    location=one.name,
                    severity="note" if by_lock else None,
                    fix=f"install {requirement.name}, or lock for Python {subject.python.version}",
                )
                continue
            try:
                fits = requirement.specifier.contains(found.version, prereleases=True)
            except ValueError:  # InvalidVersion is one, and so is what Python says to thousands of digits
                fits = True
            if not fits:
                by_lock = subject.locked is not None and subject.locked.packages.get(name) == found.version
                yield _RANGE.finding(
                    f"{one.name} {one.version} requires {requirement}, and {found.version} is installed"
                    + (", as the lock says" if by_lock else ""),
                    location=one.name,
                    severity="note" if by_lock else None,
                )


def _points(subject: Subject) -> Iterator[Finding]:
    passed_over: dict[str, Failure] = {}
    for one in subject.installed.values():
        for point in one.entry_points:
            if point.group in _FOR_COMPILERS:
                continue
            failure = subject.trials.failed.get(point.target)
            if failure is None or point.extras:
                continue
            verdict = judge(subject, failure)
            if verdict.severity == "note":
                passed_over[point.target] = failure
                continue
            yield _POINT.finding(
                f"{point.group}: {point.name} = {point.target} of {one.name} does not load: {failure.said}; "
                f"{verdict.reason}",
                location=one.name,
                severity=verdict.severity,
            )
    if passed_over:
        yield _OPTIONAL.finding(harmless(subject, tuple(passed_over.values()), "entry point"))


def _seen_inside(subject: Subject) -> Iterator[Finding]:
    if subject.inside is None or subject.python is None:
        return
    told = subject.inside.run(
        "metadata_worker.py",
        subject.python.executable,
        {},
        timeout_s=60 + 0.5 * len(subject.installed),
        parse=lambda said: {str(name): str(version) for name, version in said["versions"].items()},
    )
    files = {one.name: one.version for one in subject.installed.values() if one.version}
    for name in sorted(told.keys() | files.keys()):
        if told.get(name) != files.get(name) and not _is_broken(subject, name):
            by_files, by_import = files.get(name) or "nothing", told.get(name) or "nothing"
            yield _DIFFERS.finding(
                f"{name}: the files say {by_files}, importlib.metadata {by_import}",
                location=name,
            )


def _is_broken(subject: Subject, name: str) -> bool:
    """Told already: broken or there twice."""
    found = [one for one in subject.distributions if one.name == name]
    return any(one.problems or not one.version for one in found) or len(found) > 1


CHECK = Check(
    name="metadata", kinds=(_ABSENT, _RANGE, _TWICE, _BROKEN, _POINT, _OPTIONAL, _DIFFERS), run=_run, doc=__doc__
)
