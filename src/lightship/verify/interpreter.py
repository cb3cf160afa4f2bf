"""The Python of an image: found by its files, asked inside the sandbox what it is."""

import os
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.errors import WorldError
from lightship.oci.config import Runtime
from lightship.rootfs.links import read_start, resolve_on_disk
from lightship.verify.inside_runner import Inside

__all__ = ["PythonFacts", "ask_python", "find_python"]

_NAME = re.compile(r"python(?:3(?:\.[0-9]+)?)?")
_ELSEWHERE = ("/opt/venv/bin", "/usr/local/bin", "/usr/bin", "/bin", "/opt/python/bin")
_LINE_BYTES = 512
"""Of a script's first line; what is started may be a program of a hundred megabytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonFacts:
    """What the interpreter at ``executable`` says of itself. ``path`` is sys.path, ``magic`` the bytecode magic number
    in hex, ``markers`` the environment of PEP 508 without ``extra``."""

    executable: str
    version: str
    cache_tag: str
    magic: str
    prefix: str
    stdlib: str
    path: tuple[str, ...]
    suffixes: tuple[str, ...]
    stdlib_names: frozenset[str] = frozenset()
    markers: Mapping[str, str]

    @property
    def minor(self) -> str:
        """``3.12``."""
        return ".".join(self.version.split(".")[:2])


def find_python(rootfs: Path, runtime: Runtime) -> str | None:
    """The absolute path of the Python that the image's command runs, else of the first on its PATH; None: no Python."""
    path = [part for part in runtime.environment.get("PATH", "").split(":") if part.startswith("/")]
    return next(_candidates(rootfs, runtime, [*path, *(place for place in _ELSEWHERE if place not in path)]), None)


def _candidates(rootfs: Path, runtime: Runtime, path: list[str]) -> Iterator[str]:
    started = next(iter((*runtime.entrypoint, *runtime.cmd)), "")
    found = _which(rootfs, started, path) if started else None
    if found is not None:
        shebang = _python_of_script(rootfs, found, path)
        if _NAME.fullmatch(posixpath.basename(found)):
            yield found
        elif shebang is not None:
            yield shebang
    for directory in path:
        names = _names(rootfs, directory)
        numbered = sorted((name for name in names if re.fullmatch(r"python3\.[0-9]+", name)), key=_minor, reverse=True)
        for name in ("python3", "python", *numbered):
            if name in names and _exists(rootfs, f"{directory}/{name}"):
                yield f"{directory}/{name}"


def _minor(name: str) -> int:
    return int(name.rpartition(".")[2])


def _names(rootfs: Path, directory: str) -> set[str]:
    try:
        return set(os.listdir(f"{rootfs}/{resolve_on_disk(rootfs, directory)}"))  # noqa: PTH208 - names of the image
    except OSError:  # no directory, none that is ours to read, or a name that is too long for one
        return set()


def _which(rootfs: Path, program: str, path: list[str]) -> str | None:
    places = [program] if "/" in program else [f"{directory}/{program}" for directory in path]
    return next((place for place in places if place.startswith("/") and _exists(rootfs, place)), None)


def _exists(rootfs: Path, path: str) -> bool:
    return os.path.isfile(f"{rootfs}/{resolve_on_disk(rootfs, path)}")  # noqa: PTH113 - false for what cannot be


def _python_of_script(rootfs: Path, path: str, search: list[str]) -> str | None:
    """The Python that a script's first line names."""
    try:
        content = read_start(rootfs, path, size_bytes=_LINE_BYTES) or b""
    except WorldError:
        return None
    words = content.split(b"\n", 1)[0].removeprefix(b"#!").split()
    if not content.startswith(b"#!") or not words:
        return None
    names = [word.decode(errors="replace") for word in words]
    if posixpath.basename(names[0]) == "env":
        names = [name for name in names[1:] if not name.startswith("-") and "=" not in name]
    found = _which(rootfs, names[0], search) if names else None
    return found if found is not None and _NAME.fullmatch(posixpath.basename(found)) else None


def ask_python(inside: Inside, executable: str) -> PythonFacts:
    """What the interpreter says of itself. Raise `InsideError` where it does not start."""
    return inside.run("facts_worker.py", executable, {}, timeout_s=60, parse=lambda said: _facts(executable, said))


def _facts(executable: str, said: Any) -> PythonFacts:
    paths = (str(said["prefix"]), str(said["stdlib"]), *(str(entry) for entry in said["path"]))
    if any("\0" in path for path in paths):
        raise ValueError("a path with NUL in it")
    return PythonFacts(
        executable=executable,
        version=str(said["version"]),
        cache_tag=str(said["cache_tag"]),
        magic=str(said["magic"]),
        prefix=str(said["prefix"]),
        stdlib=str(said["stdlib"]),
        path=tuple(str(entry) for entry in said["path"]),
        suffixes=tuple(str(suffix) for suffix in said["suffixes"]),
        stdlib_names=frozenset(str(name) for name in (*said["stdlib_names"], *said["builtin_names"])),
        markers={str(name): str(value) for name, value in said["markers"].items()},
    )
