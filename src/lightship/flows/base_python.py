"""Which Python a project's image would get, told without asking any archive: the base lock says, or the host does."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lightship.base.aptconf import read_apt_sources
from lightship.base.installed import find_cpython, tree_version
from lightship.base.lock import read_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.base.source import ArchiveSettings
from lightship.config import Options
from lightship.ecosystem.base_images import known_base
from lightship.ecosystem.dpkg import upstream_version
from lightship.ecosystem.python.fits import accepts_python
from lightship.ecosystem.python.project import Project
from lightship.errors import LightshipError, UsageError
from lightship.facts.base_sizes import PYTHON_RELEASES
from lightship.facts.distributions import RELEASES, find_release
from lightship.flows.base_identity import PACKAGES, cpython_roots
from lightship.oci.platform import Platform

__all__ = ["PythonChoice", "choose_python", "full_version"]

_VERSION = re.compile(r"3\.\d+(?:\.\d+)?")
_PACKAGE = re.compile(r"python(3\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonChoice:
    """``version`` is full: markers hang on it. ``why`` is who says so."""

    version: str
    why: str


def choose_python(
    project: Project, options: Options, platform: Platform, environ: Mapping[str, str], *, etc_apt: Path | None = None
) -> PythonChoice:
    """The version that was asked for; of ``auto`` the one that ``build`` would take, as far as it can be told here.

    A version without its last number gets that of Docker's official images. Raise UsageError for what is no version.
    """
    if options.python != "auto":
        return _asked(options.python, environ)
    image = known_base(options.base) if options.base not in PACKAGES else None
    if image is not None and image.python is not None:
        return PythonChoice(version=full_version(image.python), why=f"of {options.base}, the project's base")
    locked = _locked(project.directory, platform)
    if locked is not None:
        return locked
    for choice in (_of_host(etc_apt or ArchiveSettings().etc_apt), *_of_debian()):
        if choice is not None and accepts_python(project.requires_python, ".".join(choice.version.split(".")[:2])):
            return choice
    for version in reversed(PYTHON_RELEASES):
        minor = ".".join(version.split(".")[:2])
        if accepts_python(project.requires_python, minor):
            return PythonChoice(version=version, why="the newest that the project allows; no Debian packages it")
    raise UsageError(f"no Python fits the project: it wants {project.requires_python}", hint="name one: --python 3.12")


def _asked(python: str, environ: Mapping[str, str]) -> PythonChoice:
    if "/" in python:
        found = find_cpython(python, cpython_roots(environ))
        version = tree_version(found) if found is not None else None
        if version is None:
            raise UsageError(f"no CPython in {python}")
        return PythonChoice(version=version, why="an installed CPython")
    if not _VERSION.fullmatch(python):
        raise UsageError(f"python not understood: want a version such as 3.12, got {python!r:.40}")
    return PythonChoice(version=full_version(python), why="asked for")


def full_version(version: str) -> str:
    """``3.12`` with the last number that Docker's official images had; a full version as it is."""
    if version.count(".") == 2:
        return version
    return next((full for full in PYTHON_RELEASES if full.startswith(f"{version}.")), f"{version}.0")


def _locked(directory: Path, platform: Platform) -> PythonChoice | None:
    try:
        lock = read_lock(directory / LOCK_NAME)
    except LightshipError:
        return None  # the build tells what is wrong with it
    packages = lock.section(platform.architecture).packages if lock is not None else ()
    for record in packages:
        if _PACKAGE.fullmatch(record.name):
            return PythonChoice(version=upstream_version(record.version), why=f"{record.name} of {LOCK_NAME}")
    return None


def _of_host(etc_apt: Path) -> PythonChoice | None:
    """The Python of the release that the host's archives are of."""
    try:
        suites = [suite for source in read_apt_sources(etc_apt) for suite in source.suites]
    except LightshipError:
        return None  # the build tells what is wrong with them
    for suite in suites:
        for family in ("debian", "ubuntu"):
            release = find_release(family, suite.partition("-")[0])
            if release is not None and release.python:
                return PythonChoice(
                    version=full_version(release.python), why=f"packaged by {family.title()} {suite}, the host's"
                )
    return None


def _of_debian() -> tuple[PythonChoice, ...]:
    releases = [release for release in RELEASES if release.family == "debian"]
    return tuple(
        PythonChoice(version=full_version(release.python), why=f"packaged by Debian {release.version}")
        for release in reversed(releases)
    )
