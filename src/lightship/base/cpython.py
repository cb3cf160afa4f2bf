"""An installed CPython (pyenv, uv, python-build-standalone, ``make install``) as files of a root, read, never run.

The tree is taken apart below its prefix and put together below ``usr/local``. CPython finds its library relative to
its executable (docs.python.org/3.12/library/sys_path_init.html), so that nothing has to be patched but the text of
``_sysconfigdata``, which names the prefix of the build.
"""

import ast
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lightship.archive.content import Stored
from lightship.base.host_files import HostFacts
from lightship.base.installed import tree_version
from lightship.base.leave_out import LeaveOut, first_match, leave_out
from lightship.ecosystem.elf import ElfFile
from lightship.errors import InputError
from lightship.paths import is_inside, storage_errors
from lightship.plan.model import Dropped, Entry
from lightship.store.cache import Cache

__all__ = ["LEFT_OUT", "PREFIX", "CPythonTree", "read_cpython"]

PREFIX = "usr/local"
_LIBRARY = re.compile(r"lib.+\.so\.[0-9.]+|libpython3\.so")
LEFT_OUT: tuple[LeaveOut, ...] = (
    leave_out(
        "stdlib-idle",
        "the interpreter's own tests, editor and demonstrations",
        r"(?:test|idlelib|turtledemo|__phello__|lib2to3/tests|distutils/tests|unittest/test)/",
    ),
    leave_out("stdlib-tk", "no Tk in the image", r"tkinter/|turtle\.py$|lib-dynload/_tkinter\."),
    leave_out("stdlib-build", "static library and Makefile for extending the interpreter", r"config-[^/]+/"),
    leave_out("stdlib-ensurepip", "bundled wheels of pip; environments are made by the build", r"ensurepip/_bundled/"),
    leave_out(
        "stdlib-tests",
        "extension modules of the interpreter's own tests",
        r"lib-dynload/(?:_test|_ctypes_test|xxlimited|xxsubtype|_xxtestfuzz)[^/]*$",
    ),
    leave_out("site-packages", "what is installed beside the interpreter is not locked", r"site-packages/"),
)
"""Paths below ``lib/python3.x``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CPythonTree:
    """One tree, ready for a root. ``elves`` maps paths of entries to their ELF facts."""

    directory: Path
    version: str
    entries: tuple[Entry, ...]
    dropped: tuple[Dropped, ...]
    elves: dict[str, ElfFile]
    converts_text: bool = False

    @property
    def minor(self) -> str:
        """``3.12``."""
        return ".".join(self.version.split(".")[:2])

    @property
    def executable(self) -> str:
        return f"{PREFIX}/bin/python{self.minor}"

    @property
    def stdlib(self) -> str:
        return f"{PREFIX}/lib/python{self.minor}"


def read_cpython(directory: Path, cache: Cache, *, machine: str, headers: bool = False) -> CPythonTree:
    """Take the tree apart; raise InputError when it is for another machine than ``machine`` (``x86_64``).
    With ``headers``, what compilers need to extend the interpreter is taken as well."""
    version = tree_version(directory)
    if version is None:
        raise InputError(f"no CPython in {directory}")
    real = str(directory.resolve())
    with storage_errors(f"read the interpreter in {directory.name}"):
        facts = HostFacts(real, cache)
        tree = _Reader(real, version, machine, facts).read(headers=headers)
        facts.save()
    return tree


class _Reader:
    """Collects entries. Paths are plain strings: a tree has ten thousand files, and a Path for each is slow."""

    def __init__(self, directory: str, version: str, machine: str, facts: HostFacts) -> None:
        self._directory = directory
        self._version = version
        self._minor = ".".join(version.split(".")[:2])
        self._machine = machine
        self._facts = facts
        self._owner = f"python:{version}"
        self._entries: list[Entry] = []
        self._dropped: list[Dropped] = []
        self._elves: dict[str, ElfFile] = {}
        self._converts_text = False

    def read(self, *, headers: bool) -> CPythonTree:
        self._add_executable()
        self._add_stdlib()
        if headers:
            self._add_headers()
        self._add_libraries()
        return CPythonTree(
            directory=Path(self._directory),
            version=self._version,
            entries=tuple(self._entries),
            dropped=tuple(self._dropped),
            elves=self._elves,
            converts_text=self._converts_text,
        )

    def _add_executable(self) -> None:
        name = f"python{self._minor}"
        source = self._real(f"{self._directory}/bin/{name}")
        self._add_file(source, f"{PREFIX}/bin/{name}", why="the interpreter")
        for link in ("python3", "python"):
            self._add_link(f"{PREFIX}/bin/{link}", name, "the interpreter's usual names")

    def _add_libraries(self) -> None:
        """libpython, and what else beside it the files taken so far need (Tcl and Tk stay out with Tk), each with a
        link where the loader looks by itself: neither its cache nor the RPATH of the first prefix counts."""
        library = f"{self._directory}/lib"
        names = [name for name in sorted(os.listdir(library)) if _LIBRARY.fullmatch(name)]  # noqa: PTH208
        taken: set[str] = set()
        while True:
            needed = {soname for elf in self._elves.values() for soname in elf.needed}
            wanted = [n for n in names if n not in taken and (n.startswith("libpython") or n in needed)]
            if not wanted:
                return
            for name in wanted:
                taken.add(name)
                self._add_library(f"{library}/{name}", name)

    def _add_library(self, source: str, name: str) -> None:
        target = f"{PREFIX}/lib/{name}"
        self._add_file(self._real(source), target, why="the interpreter's library")
        self._add_link(f"usr/lib/{self._machine}-linux-gnu/{name}", f"/{target}", "where the loader looks by itself")

    def _add_headers(self) -> None:
        place = f"include/python{self._minor}"
        root = self._real(f"{self._directory}/{place}")
        for inside, found in _walk(root):
            source = self._real(found.path) if found.is_symlink() else f"{root}/{inside}"
            self._add_file(source, f"{PREFIX}/{place}/{inside}", why="headers")

    def _add_stdlib(self) -> None:
        root = self._real(f"{self._directory}/lib/python{self._minor}")
        place = f"{PREFIX}/lib/python{self._minor}"
        for inside, found in _walk(root):
            if not self._leave_out(inside, f"{place}/{inside}", found):
                self._add_stdlib_file(f"{root}/{inside}", f"{place}/{inside}", found)
        self._entries.append(
            Entry(
                path=f"{place}/site-packages",
                type="dir",
                mode=0o755,
                owner=self._owner,
                why="the interpreter expects it",
            )
        )

    def _leave_out(self, inside: str, target: str, found: "os.DirEntry[str]") -> bool:
        rule = first_match(LEFT_OUT, self._owner, inside)
        if rule is None:
            return False
        self._dropped.append(
            Dropped(
                path=target,
                owner=self._owner,
                rule=rule.name,
                safety="safe",
                reason=rule.reason,
                unpacked_bytes=found.stat(follow_symlinks=False).st_size,
            )
        )
        return True

    def _add_stdlib_file(self, source: str, target: str, found: "os.DirEntry[str]") -> None:
        why = "standard library"
        if found.is_symlink() and not is_inside(os.path.realpath(source), self._directory):
            return  # a distribution's link to its configuration, or a trap: what it means is not of this interpreter
        if found.is_symlink() and not os.readlink(source).startswith("/"):  # noqa: PTH115
            self._add_link(target, os.readlink(source), why)  # noqa: PTH115
        elif re.fullmatch(r"_sysconfigdata_.*\.py", found.name):
            text = _relocated(Path(source).read_text(encoding="utf-8"), found.name)
            self._entries.append(Entry.text(target, text, owner=self._owner, why=f"{why}, prefix rewritten"))
        elif found.is_file():
            self._add_file(source, target, why=why)

    def _real(self, path: str) -> str:
        """``path`` without links; a tree may come with a project, and must not lead to other files of this machine."""
        real = os.path.realpath(path)
        if not is_inside(real, self._directory):
            raise InputError(f"{path} of the interpreter leads out of its folder: {real}")
        return real

    def _add_link(self, path: str, target: str, why: str) -> None:
        self._entries.append(
            Entry(path=path, type="symlink", mode=0o777, link_target=target, owner=self._owner, why=why)
        )

    def _add_file(self, source: str, target: str, *, why: str) -> None:
        status = os.stat(source)  # noqa: PTH116
        sha256, elf, converts = self._facts.of(source, status)
        content = Stored(container=Path(source), offset=0, unpacked_bytes=status.st_size, sha256=sha256)
        mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
        self._entries.append(Entry(path=target, content=content, mode=mode, owner=self._owner, why=why))
        if elf is None:
            return
        self._converts_text = self._converts_text or converts
        if elf.machine != self._machine:
            raise InputError(
                f"interpreter for another machine: want {self._machine}, got {elf.machine} "
                f"({target.rpartition('/')[2]})",
                hint="name the folder of a CPython for the image's platform",
            )
        self._elves[target] = elf


def _walk(root: str, below: str = "") -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """Every file and link below ``root`` with its path inside, sorted. Links to directories are not entered, nor is
    bytecode: it is compiled by the build."""
    with os.scandir(f"{root}/{below}") as found:
        for entry in sorted(found, key=lambda entry: entry.name):
            if entry.is_dir(follow_symlinks=False):
                if entry.name != "__pycache__":
                    yield from _walk(root, f"{below}{entry.name}/")
            elif not entry.name.endswith((".pyc", ".pyo")):
                yield below + entry.name, entry


def _relocated(text: str, name: str) -> str:
    """``_sysconfigdata`` with the build's prefix replaced; raise InputError when it is not the plain dict it is."""
    try:
        (assignment,) = (node for node in ast.parse(text).body if isinstance(node, ast.Assign))
        variables = ast.literal_eval(assignment.value)
        prefix = variables["prefix"]
    except (ValueError, SyntaxError, KeyError, TypeError) as error:
        raise InputError(f"interpreter not understood: {name} holds no build variables") from error
    # Not inside a longer name: /opt/py is no part of /opt/python.
    return re.sub(re.escape(prefix) + r"(?![\w.-])", f"/{PREFIX}", text) if len(prefix) > 1 else text
