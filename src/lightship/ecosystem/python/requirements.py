"""Reader of ``requirements.txt`` with hashes, as pip installs it with ``--require-hashes``.

https://pip.pypa.io/en/stable/topics/secure-installs/ (pip 25). Every requirement is pinned and has a SHA-256. Which
files carry those hashes is not written: `LockedPackage.hashes` says what the index may give.
"""

import dataclasses
import re
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename
from packaging.version import InvalidVersion

from lightship.ecosystem.python.artifacts import local_path, safe_filename, sha256_of, url_filename
from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, Wanted
from lightship.ecosystem.python.markers import Markers
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.requirements_text import Line, RequirementsText, read_requirements
from lightship.ecosystem.python.target import Target
from lightship.errors import LockError, UsageError

__all__ = ["select"]

_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_HASHES_HINT = (
    "run: uv pip compile --generate-hashes requirements.in -o requirements.txt "
    "(or: pip-compile --generate-hashes requirements.in)"
)


def select(lock: Path, target: Target, wanted: Wanted, project: Project) -> Selection:
    """The pinned requirements that apply to ``target``; the project's own directory (``-e .``) is left out.

    Raise LockError for requirements without a pin or a SHA-256 and for files that leave the project, UsageError for
    groups and extras, which this format does not have.
    """
    if wanted.groups or wanted.extras or wanted.all_groups or wanted.all_extras:
        raise UsageError(
            f"{lock.name} has no groups and no extras to choose from",
            hint="name another requirements file with --lock, or lock with uv or Poetry",
        )
    text = read_requirements(lock, project.directory)
    index, notes = _index(text.options, lock.name)
    markers = Markers(target)
    found: dict[str, LockedPackage] = {}
    for line in text.lines:
        package = _read_line(line, markers, project, index)
        if package is not None:
            found[package.name] = _merged(found.get(package.name), package, line)
    _hold_constraints(text, found, markers)
    packages = tuple(_among(found[name], found) for name in sorted(found))
    return Selection(lock=lock, lock_sha256=text.sha256, packages=packages, notes=notes)


def _among(package: LockedPackage, found: dict[str, LockedPackage]) -> LockedPackage:
    """Comments name askers for other platforms too; only those that are here count."""
    askers = tuple(name for name in package.required_by if name == "project" or name in found)
    return dataclasses.replace(package, required_by=askers)


def _index(options: Iterable[tuple[str, str]], file: str) -> tuple[str | None, tuple[str, ...]]:
    """The file's index URL, and a note for each option that the build does not follow; addresses without secrets."""
    index, notes = None, []
    for option, value in options:
        if option == "--index-url":
            index = value
        elif option in ("--extra-index-url", "--find-links", "--no-index", "--no-binary", "--only-binary"):
            notes.append(
                f"{file} asks for {option} {_without_secrets(value)}".rstrip() + ": set it for pip or uv instead"
            )
    return index, tuple(dict.fromkeys(notes))


def _without_secrets(address: str) -> str:
    before, at, after = address.rpartition("@")
    return f"{before.split('://')[0]}://…@{after}" if at and "://" in before else address


def _read_line(line: Line, markers: Markers, project: Project, index: str | None) -> LockedPackage | None:
    """The package of one line; None when its marker does not hold or it is the project itself."""
    if line.editable or line.text.startswith((".", "/", "file:")):
        return _read_local(line, markers, project)
    try:
        requirement = Requirement(line.text)
    except (InvalidRequirement, RecursionError) as error:
        raise LockError(f"{line.where}: want a requirement, got {line.text[:200]!r}") from error
    if requirement.marker is not None and not markers.applies(str(requirement.marker), where=line.where):
        return None
    name, via = normal_name(requirement.name), _via(line, project)
    if requirement.url is not None:
        return _read_url(line, name, requirement.url, via)
    pins = [specifier for specifier in requirement.specifier if specifier.operator in ("==", "===")]
    if len(pins) != 1 or len(requirement.specifier) != 1 or pins[0].version.endswith(".*"):
        raise LockError(f"{line.where}: want {name}==VERSION, got {line.text[:200]!r}", hint=_HASHES_HINT)
    return LockedPackage(name=name, version=pins[0].version, index=index, hashes=_hashes(line, name), required_by=via)


def _via(line: Line, project: Project) -> tuple[str, ...]:
    """Names from ``# via`` comments; a file (``-r requirements.in``, ``demo (pyproject.toml)``) is the project."""
    names = {"project" if set(" ()/") & set(name) else normal_name(name) for name in line.via}
    return tuple(sorted("project" if name == project.name else name for name in names))


def _hashes(line: Line, name: str) -> tuple[str, ...]:
    if not line.hashes:
        raise LockError(f"{line.where}: {name} has no --hash=sha256:…", hint=_HASHES_HINT)
    for written in line.hashes:
        if written.startswith("sha256:") and sha256_of(written) is None:
            raise LockError(f"{line.where}: want sha256: and 64 hex digits, got {written[:200]!r}")
    digests = tuple(sorted({digest for written in line.hashes if (digest := sha256_of(written))}))
    if not digests:
        raise LockError(f"{line.where}: want a sha256 among the hashes of {name}", hint=_HASHES_HINT)
    return digests


def _read_url(line: Line, name: str, url: str, via: tuple[str, ...]) -> LockedPackage:
    parts = urlsplit(url)
    if parts.scheme.startswith("git+"):
        return _read_git(line, name, url, via)
    if parts.scheme == "file":
        return _read_file(line, name, local_path(url, line.folder), via)
    if parts.scheme not in ("http", "https"):
        raise LockError(f"{line.where}: want an http, https, file or git+… address, got {parts.scheme!r:.50}")
    artifact = Artifact(
        filename=safe_filename(url_filename(url), line.where),
        sha256=sha256_of(parts.fragment) or _one_hash(line, name),
        url=url.partition("#")[0],
    )
    return _from_artifact(line, name, artifact, via)


def _read_git(line: Line, name: str, url: str, via: tuple[str, ...]) -> LockedPackage:
    """``git+https://host/repository@COMMIT#subdirectory=…``, turned into what uv.lock writes."""
    address, _, fragment = url.removeprefix("git+").partition("#")
    repository, _, commit = address.rpartition("@")
    if not _COMMIT.fullmatch(commit) or "://" not in repository:
        raise LockError(f"{line.where}: {name} is not locked: want a full commit after @ in its git address")
    folder = re.search(r"(?:^|&)subdirectory=([^&]+)", fragment)
    query = f"?subdirectory={folder[1]}" if folder else ""
    return LockedPackage(name=name, version="", kind="git", url=f"{repository}{query}#{commit}", required_by=via)


def _read_local(line: Line, markers: Markers, project: Project) -> LockedPackage | None:
    address, _, marker = line.text.partition(" ;")
    path = local_path(re.sub(r"\[[^\]]*\]$", "", address.strip()), line.folder)
    if not path.resolve().is_relative_to(project.directory.resolve()):
        raise LockError(f"{line.where}: path leads out of the project: {line.text[:200]!r}")
    if path.resolve() == project.directory.resolve() or not markers.applies(marker.strip(), where=line.where):
        return None
    if path.is_dir():
        own = Project.discover(path)
        return LockedPackage(
            name=own.name or normal_name(path.name),
            version=own.version or "",
            kind="editable" if line.editable else "directory",
            directory=path,
            required_by=_via(line, project),
        )
    return _read_file(line, None, path, _via(line, project))


def _read_file(line: Line, name: str | None, path: Path, via: tuple[str, ...]) -> LockedPackage:
    if name is None:
        name = normal_name(path.name.split("-")[0])
    artifact = Artifact(filename=path.name, sha256=_one_hash(line, name), path=path)
    return _from_artifact(line, name, artifact, via)


def _one_hash(line: Line, name: str) -> str:
    digests = _hashes(line, name)
    if len(digests) != 1:
        raise LockError(f"{line.where}: {name} is one file, want one sha256, got {len(digests)}")
    return digests[0]


def _from_artifact(line: Line, name: str, artifact: Artifact, via: tuple[str, ...]) -> LockedPackage:
    wheel = artifact.filename.endswith(".whl")
    try:
        if wheel:
            version = str(parse_wheel_filename(artifact.filename)[1])
        else:
            version = str(parse_sdist_filename(artifact.filename)[1])
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise LockError(f"{line.where}: want the name of a wheel, got {artifact.filename[:200]!r}") from error
    except InvalidSdistFilename:
        version = ""  # the archive of a repository: its build will tell
    return LockedPackage(
        name=name,
        version=version,
        kind="url" if artifact.url else "path",
        wheels=(artifact,) if wheel else (),
        sdist=None if wheel else artifact,
        url=artifact.url,
        required_by=via,
    )


def _merged(before: LockedPackage | None, package: LockedPackage, line: Line) -> LockedPackage:
    """Two lines may name one package (with and without extras); then they must agree."""
    if before is None:
        return package
    same = (before.version, before.kind, before.url, before.directory)
    if same != (package.version, package.kind, package.url, package.directory):
        raise LockError(f"{line.where}: {package.name} is there twice: {before.version} and {package.version}")
    return dataclasses.replace(
        before,
        hashes=tuple(sorted({*before.hashes, *package.hashes})),
        required_by=tuple(sorted({*before.required_by, *package.required_by})),
    )


def _hold_constraints(text: RequirementsText, found: dict[str, LockedPackage], markers: Markers) -> None:
    """Raise LockError when a pin breaks a constraint that applies, as pip would."""
    for line in text.constraints:
        try:
            constraint = Requirement(line.text)
        except (InvalidRequirement, RecursionError) as error:
            raise LockError(f"{line.where}: want a constraint, got {line.text[:200]!r}") from error
        package = found.get(normal_name(constraint.name))
        if package is None or not package.version:
            continue
        if constraint.marker is not None and not markers.applies(str(constraint.marker), where=line.where):
            continue
        if not constraint.specifier.contains(package.version, prereleases=True):
            raise LockError(f"{line.where}: {package.name} is pinned to {package.version}, want {constraint.specifier}")
