"""A tiny world of packages, so that uv writes real locks without a network: wheels that hold metadata only."""

import functools
import sys
import zipfile
from collections.abc import Iterable
from pathlib import Path

from packaging.requirements import Requirement
from uv import find_uv_bin

from lightship import proc
from lightship.ecosystem.python.locked import Selection
from lightship.ecosystem.python.target import Target
from lightship.oci.platform import Platform

__all__ = ["exported", "make_wheel", "names", "run_uv", "target", "versions", "write_project"]


def target(
    python: str = "3.12.1",
    platform: str = "linux/amd64",
    *,
    musl: bool = False,
    libc_version: tuple[int, int] = (2, 36),
) -> Target:
    """A target; Alpine's with ``musl``."""
    return Target(
        python=python,
        platform=Platform.parse(platform),
        libc="musl" if musl else "glibc",
        libc_version=(1, 2) if musl else libc_version,
    )


def make_wheel(
    folder: Path, name: str, version: str, requires: Iterable[str] = (), *, extras: Iterable[str] = ()
) -> Path:
    """A valid wheel ``name-version-py3-none-any.whl`` without modules."""
    folder.mkdir(exist_ok=True, parents=True)
    escaped = name.replace("-", "_")
    info = f"{escaped}-{version}.dist-info"
    metadata = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}"]
    metadata += [f"Provides-Extra: {extra}" for extra in extras] + [f"Requires-Dist: {text}" for text in requires]
    path = folder / f"{escaped}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{info}/METADATA", "\n".join(metadata) + "\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


def write_project(folder: Path, body: str) -> Path:
    """A pyproject.toml that finds its packages in ``wheels`` beside it; ``body`` goes below [project]'s head."""
    folder.mkdir(exist_ok=True, parents=True)
    head = '[project]\nname = "pretend-app"\nversion = "1.0"\nrequires-python = ">=3.11"\n'
    (folder / "pyproject.toml").write_text(head + body)
    return folder


def run_uv(folder: Path, *arguments: str, check: bool = True) -> str:
    """Run uv in ``folder`` offline with its own cache and none of the user's settings; return stdout."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "UV_CACHE_DIR": str(folder / ".uv-cache")}
    environment |= {"UV_PYTHON": sys.executable, "UV_OFFLINE": "1", "UV_NO_PROGRESS": "1", "UV_NO_CONFIG": "0"}
    done = proc.run([find_uv_bin(), *arguments], cwd=folder, env=environment, timeout_s=60, check=check)
    return done.stdout.decode()


@functools.cache
def _export(folder: Path, lock: bytes, arguments: tuple[str, ...]) -> str:
    # `lock` is part of the key: pytest gives a folder's name again once a test has passed
    plain = ("--no-emit-project", "--no-hashes", "--no-annotate", "--no-header")
    return run_uv(folder, "export", "--frozen", *plain, *arguments)


def exported(folder: Path, on: Target, *arguments: str) -> dict[str, str]:
    """What ``uv export`` gives for ``on``: names and versions, markers evaluated."""
    text = _export(folder, (folder / "uv.lock").read_bytes(), arguments)
    found = {}
    for line in text.splitlines():
        requirement = Requirement(line)
        if requirement.marker is None or requirement.marker.evaluate(on.marker_environment()):
            found[requirement.name] = str(requirement.specifier).removeprefix("==")
    return found


def names(selection: Selection) -> list[str]:
    """The selected packages' names."""
    return [package.name for package in selection.packages]


def versions(selection: Selection) -> dict[str, str]:
    """The selected packages' names and versions."""
    return {package.name: package.version for package in selection.packages}
