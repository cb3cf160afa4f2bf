"""Every shared library that a file needs is found, in a version that has what is asked of it.

What it does
============
Reads every ELF file: each needed library is where the loader of the image looks (``DT_RUNPATH``, ``DT_RPATH`` with what
is inherited, ``LD_LIBRARY_PATH``, ``ld.so.conf``, the default directories), or lies in the same distribution; each
symbol version (``GLIBC_2.38``, ``GLIBCXX_3.4.32``) is defined by that library; each file is of the image's machine. A
package's file whose distribution imports all the same weighs less: an optional part of it will not load. Libraries that
the host's driver brings are not asked for.

Why
===
A library is looked for when it is first loaded, which may be in the middle of a request.

Bad
===
The planted fault: ``libz.so.1`` is removed, and ``lib-dynload/zlib.cpython-312-x86_64-linux-gnu.so`` needs it; or a
wheel for ``manylinux_2_38`` lies over a base with glibc 2.36.

Good
====
A base that is the closure of what the packages need, as lightship builds it.

References
==========
ld.so(8), man-pages 6.03; the ELF symbol versioning of the LSB 5.0, chapter 10.7.
"""

import mmap
import os
import posixpath
import re
from collections.abc import Iterator
from dataclasses import replace

from lightship.ecosystem.elf.closure import PlacedElf, find_outside_needs, find_unmet_versions
from lightship.ecosystem.elf.read import ElfFile, is_elf, read_elf
from lightship.errors import ArchiveError
from lightship.findings import Finding, Kind
from lightship.verify.check import Check
from lightship.verify.subject import Subject

__all__ = ["CHECK"]

_UNRESOLVED = Kind(code="library-unresolved", severity="error", title="a shared library that is not found")
_VERSION = Kind(code="library-version", severity="error", title="a shared library that lacks a symbol version")
_MACHINE = Kind(code="machine-foreign", severity="warning", title="files for another machine")

_MULTIARCH = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu", "i686": "i386-linux-gnu"}
_LD_SO_CONF_BYTES = 1 << 20


def _run(subject: Subject) -> Iterator[Finding]:
    machine = subject.platform.machine
    files = list(_elf_files(subject))
    search = tuple(f"/{directory}" for directory in _search(subject, machine))
    # a loader is named by its whole path, in which the image may have links
    loaded = [replace(file, elf=replace(file.elf, interpreter="")) for file in files]
    closure = find_outside_needs(loaded, machine=machine, library_path=search)
    for need in closure.needs:
        yield _missing(subject, need.soname, need.needed_by, need.elsewhere)
    for unmet in find_unmet_versions(loaded, machine=machine, library_path=search):
        yield _VERSION.finding(
            f"{unmet.path} needs {', '.join(unmet.versions)} of {unmet.soname}, and /{unmet.provider} does not have it",
            location=f"/{unmet.path}",
            severity="warning" if _is_optional(subject, (unmet.path,)) else None,
            fix="a base with a newer library, or a wheel for an older one",
        )
    yield from _interpreters(subject, files, machine)
    foreign = closure.wrong_machine
    if foreign:
        some = ", ".join(f"/{path} ({what})" for path, what in foreign[:3])
        more = f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
        owned = all(path in subject.owned for path, _ in foreign)
        yield _MACHINE.finding(
            f"{machine} cannot load {some}{more}", location=f"/{foreign[0][0]}", severity="note" if owned else None
        )


def _missing(subject: Subject, soname: str, needed_by: tuple[str, ...], elsewhere: tuple[str, ...]) -> Finding:
    optional = _is_optional(subject, needed_by)
    owner = subject.owned.get(needed_by[0], "")
    some = f"/{needed_by[0]}" + (f" ({owner})" if owner else "")
    more = f" and {len(needed_by) - 1} more" if len(needed_by) > 1 else ""
    there = f"; /{elsewhere[0]} has that name, where the loader does not look" if elsewhere else ""
    part = "; what imports of it does so without: a part that nobody loaded" if optional else ""
    return _UNRESOLVED.finding(
        f"{soname} is not in the image, and {some}{more} needs it{there}{part}",
        location=f"/{needed_by[0]}",
        severity="warning" if optional else None,
        fix=f"if it is used: system-packages with {soname}" if optional else f"add {soname} to the base",
    )


def _is_optional(subject: Subject, paths: tuple[str, ...]) -> bool:
    """True where every path belongs to a distribution whose modules all import, as far as that was tried."""
    owners = {subject.owned.get(path) for path in paths}
    if None in owners or not subject.trials.wanted:
        return False
    failed = {subject.module_owners.get(trial.partition(":")[0].partition(".")[0]) for trial in subject.trials.failed}
    return not owners & failed


def _interpreters(subject: Subject, files: list[PlacedElf], machine: str) -> Iterator[Finding]:
    """Program loaders, which are named by path."""
    for file in files:
        interpreter = file.elf.interpreter
        if interpreter and file.elf.machine == machine and not subject.is_file(interpreter.lstrip("/")):
            yield _UNRESOLVED.finding(
                f"/{file.path} is started by {interpreter}, which is not in the image",
                location=f"/{file.path}",
                severity="warning" if file.path in subject.owned else None,
            )


def _elf_files(subject: Subject) -> Iterator[PlacedElf]:
    """Programs and libraries; a link to one is a name without needs of its own."""
    for path, entry in subject.walk(""):
        linked = entry.is_symlink()
        if linked and ".so" not in entry.name:
            continue
        place = subject.on_host(path) if linked else entry.path
        elf = _read(place, ".so" in entry.name)
        if elf is not None:
            yield PlacedElf(
                path=path,
                owner=_owner(subject, path),
                elf=replace(elf, needed=(), interpreter="", version_needs=()) if linked else elf,
            )


def _read(place: str, is_library: bool) -> ElfFile | None:
    try:
        with open(place, "rb") as stream:  # noqa: PTH123 - tens of thousands of names, no Path for each
            status = os.fstat(stream.fileno())
            if not (is_library or status.st_mode & 0o111) or status.st_size < 64 or not is_elf(stream.read(4)):
                return None
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                return read_elf(mapped)
    except (OSError, ArchiveError, ValueError):  # nothing that could be loaded
        return None


def _owner(subject: Subject, path: str) -> str:
    """The distribution; for a tree of its own (``opt/tool``, ``usr/lib/jvm``) that tree; else the file itself."""
    owned = subject.owned.get(path)
    if owned is not None:
        return owned
    if any(path.startswith(f"{site}/") for site in subject.sites):
        return "/".join(path.split("/")[: len(subject.sites[0].split("/")) + 1])
    directory = posixpath.dirname(path)
    if path.startswith("opt/") or (directory.startswith("usr/lib/") and directory.count("/") > 2):
        return "/".join(path.split("/")[:3])
    return path


def _search(subject: Subject, machine: str) -> Iterator[str]:
    """Directories that the loader looks in for every file, link-free, in its order."""
    multiarch = _MULTIARCH.get(machine, f"{machine}-linux-gnu")
    own = [part for part in subject.runtime.environment.get("LD_LIBRARY_PATH", "").split(":") if part]
    usual = [f"/usr/local/lib/{multiarch}", "/usr/local/lib", f"/lib/{multiarch}", f"/usr/lib/{multiarch}", "/lib64",
             "/usr/lib64", "/lib", "/usr/lib"]  # fmt: skip
    yield from dict.fromkeys(subject.resolve(directory) for directory in (*own, *_configured(subject), *usual))


def _configured(subject: Subject) -> Iterator[str]:
    """Directories of ``/etc/ld.so.conf`` and of the files beside it that it includes."""
    waiting = ["etc/ld.so.conf"]
    if subject.is_dir("etc/ld.so.conf.d"):
        names = sorted(os.listdir(subject.on_host("etc/ld.so.conf.d")))  # noqa: PTH208 - names of the image
        waiting += [f"etc/ld.so.conf.d/{name}" for name in names if name.endswith(".conf")]
    for path in waiting:
        text = (subject.read(path, limit_bytes=_LD_SO_CONF_BYTES) or b"").decode("utf-8", "replace")
        for line in text.splitlines():
            directory = re.split(r"[\s#=]", line.strip(), maxsplit=1)[0]
            if directory.startswith("/"):
                yield directory


CHECK = Check(name="libraries", kinds=(_UNRESOLVED, _VERSION, _MACHINE), run=_run, doc=__doc__, needs_python=False)
