"""From a soname to the package that should hold it: Debian's naming rule, and where the loader looks.

Debian Policy 4.7, 8.1: the package is named after the soname, without ``.so`` and with a hyphen where two digits would
meet. The rule gives candidates; whoever uses them opens the package and looks. ld.so(8) for the search.
"""

import re
from collections.abc import Callable, Iterator

from lightship.ecosystem.elf import ElfFile

__all__ = [
    "PROGRAM_PACKAGES",
    "candidate_packages",
    "find_library",
    "loader_directories",
    "package_for_interpreter",
]

_VERSIONED = re.compile(r"(lib.+?)\.so\.(.+)")
_EMBEDDED = re.compile(r"(lib.+?)-([0-9.]+)\.so")
_EXCEPTIONS = {
    "libcrypto.so.1.1": "libssl1.1",
    "libcrypto.so.3": "libssl3",
    "libformw.so.6": "libncursesw6",
    "libmenuw.so.6": "libncursesw6",
    "libpanelw.so.6": "libncursesw6",
    "libz.so.1": "zlib1g",
}
"""Packages with several libraries, or older than the rule; they spare the download of Contents."""

PROGRAM_PACKAGES = {
    "ash": "dash", "awk": "mawk", "bash": "bash", "cat": "coreutils", "dash": "dash", "env": "coreutils",
    "gawk": "gawk", "ksh": "ksh", "mawk": "mawk", "node": "nodejs", "perl": "perl-base", "python3": "", "ruby": "ruby",
    "sed": "sed", "sh": "dash", "tclsh": "tcl", "tini": "tini", "zsh": "zsh",
}  # fmt: skip
"""Programs that shebang lines and entrypoints name, and their packages; ``""`` is the image's own interpreter."""


def package_for_interpreter(program: str) -> str | None:
    """The package with ``program`` (``/bin/bash``, ``sh``); None when only the archive's Contents can tell.

    ``""`` for Python, which the base has anyway.
    """
    name = program.rpartition("/")[2]
    return "" if re.fullmatch(r"python(3(\.\d+)?)?", name) else PROGRAM_PACKAGES.get(name)


def candidate_packages(soname: str) -> Iterator[str]:
    """Package names that may hold ``soname``, best first; nothing for a name that follows no rule."""
    if soname in _EXCEPTIONS:
        yield _EXCEPTIONS[soname]
        yield _EXCEPTIONS[soname] + "t64"
    match = _VERSIONED.fullmatch(soname) or _EMBEDDED.fullmatch(soname)
    if match is None:
        return
    name, version = match[1].lower().replace("_", "-"), match[2].lower()
    joined = f"{name}{'-' if name[-1].isdigit() else ''}{version}"
    # t64: packages renamed for a 64-bit time_t in Debian 13 and Ubuntu 24.04; the soname stayed.
    for candidate in (joined, joined + "t64", name):
        if re.fullmatch(r"[a-z0-9][a-z0-9+.-]+", candidate):
            yield candidate


def loader_directories(machine: str) -> tuple[str, ...]:
    """Where the loader of Debian's libc6 looks without a cache, in its order."""
    triplet = f"{machine}-linux-gnu"
    return (f"usr/lib/{triplet}", "usr/lib", "usr/lib64")


def find_library(soname: str, *, path: str, elf: ElfFile, machine: str, exists: Callable[[str], bool]) -> str | None:
    """Where the loader finds ``soname`` for the file ``path`` with facts ``elf``; None when it does not.

    ``exists`` answers for paths inside the root that are files or links. RPATH counts only without RUNPATH.
    """
    if "/" in soname:
        return soname.lstrip("/") if exists(soname.lstrip("/")) else None
    origin = path.rpartition("/")[0]
    for directory in [*_expanded(elf.runpath or elf.rpath, origin, machine), *loader_directories(machine)]:
        candidate = f"{directory}/{soname}"
        if exists(candidate):
            return candidate
    return None


def _expanded(paths: tuple[str, ...], origin: str, machine: str) -> Iterator[str]:
    for path in paths:
        for mark, value in (("ORIGIN", "/" + origin), ("LIB", f"lib/{machine}-linux-gnu"), ("PLATFORM", machine)):
            path = path.replace(f"${{{mark}}}", value).replace(f"${mark}", value)
        if path.startswith("/"):
            yield _merged(_normal(path))


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.split("/"):
        if part == "..":
            del parts[-1:]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _merged(path: str) -> str:
    return f"usr/{path}" if re.match(r"(?:bin|sbin|lib(?:32|64|x32)?)(?:/|$)", path) else path
