"""An installed CPython (pyenv, uv, python-build-standalone, ``make install``) as files of a root, read, never run.

The tree is taken apart below its prefix and put together below ``usr/local``. CPython finds its library relative to
its executable (docs.python.org/3.12/library/sys_path_init.html), so that nothing has to be patched but the text of
``_sysconfigdata``, which names the prefix of the build.
"""

import ast
import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightship.archive.content import Stored
from lightship.ecosystem.elf import ElfFile, is_elf, read_elf
from lightship.errors import ArchiveError, InputError
from lightship.paths import storage_errors
from lightship.plan.model import Dropped, Entry

__all__ = ["PREFIX", "CPythonTree", "find_cpython", "read_cpython", "tree_version"]

PREFIX = "usr/local"
_VERSION = re.compile(r'^#define\s+PY_VERSION\s+"([0-9][^"]*)"', re.MULTILINE)
_LEFT_OUT = (
    ("stdlib-idle", "the interpreter's own tests, editor and demonstrations",
     re.compile(r"(?:test|idlelib|turtledemo|__phello__|lib2to3/tests|distutils/tests|unittest/test)/")),
    ("stdlib-tk", "no Tk in the image", re.compile(r"tkinter/|turtle\.py$|lib-dynload/_tkinter\.")),
    ("stdlib-build", "static library and Makefile for extending the interpreter", re.compile(r"config-[^/]+/")),
    ("stdlib-ensurepip", "bundled wheels of pip; environments are made by the build",
     re.compile(r"ensurepip/_bundled/")),
    ("stdlib-tests", "extension modules of the interpreter's own tests",
     re.compile(r"lib-dynload/(?:_test|_ctypes_test|xxlimited|xxsubtype|_xxtestfuzz)[^/]*$")),
    ("stdlib-bytecode", "bytecode is compiled by the build", re.compile(r"(?:.*/)?__pycache__/|.*\.py[co]$")),
    ("site-packages", "what is installed beside the interpreter is not locked", re.compile(r"site-packages/")),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class CPythonTree:
    """One tree, ready for a root. ``elves`` maps paths of entries to their ELF facts."""

    directory: Path
    version: str
    entries: tuple[Entry, ...]
    dropped: tuple[Dropped, ...]
    elves: dict[str, ElfFile]

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


def find_cpython(python: str, roots: Sequence[Path]) -> Path | None:
    """The folder that ``python`` names: a path, or the newest tree of that version below ``roots``.

    None when a version was asked for and no root has it; raise InputError for a path that is no CPython.
    """
    if "/" in python:
        directory = Path(python).expanduser()
        if tree_version(directory) is None:
            raise InputError(
                f"no CPython in {python}: want bin/python3.x, lib/python3.x and include/python3.x/patchlevel.h",
                hint="name the folder that holds bin, lib and include",
            )
        return directory
    found = []
    for root in roots:
        children = sorted(root.iterdir()) if root.is_dir() else []
        for directory in (child for child in children if not child.is_symlink()):
            version = tree_version(directory)
            if version and (version == python or version.startswith(python + ".")) and version[-1:].isdigit():
                found.append((_numbers(version), str(directory), directory))
    return max(found)[2] if found else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))


def tree_version(directory: Path) -> str | None:
    """The version that the tree's ``patchlevel.h`` states, or None when ``directory`` holds no CPython 3."""
    for header in sorted(directory.glob("include/python3.*/patchlevel.h")):
        match = _VERSION.search(header.read_text(encoding="utf-8", errors="replace"))
        if match is None:
            continue
        minor = ".".join(match[1].split(".")[:2])
        if (directory / "bin" / f"python{minor}").exists() and (directory / "lib" / f"python{minor}").is_dir():
            return match[1].rstrip("+")
    return None


def read_cpython(directory: Path, *, machine: str, headers: bool = False) -> CPythonTree:
    """Take the tree apart; raise InputError when it is for another machine than ``machine`` (``x86_64``).
    With ``headers``, what compilers need to extend the interpreter is taken as well."""
    version = tree_version(directory)
    if version is None:
        raise InputError(f"no CPython in {directory}")
    with storage_errors(f"read the interpreter in {directory.name}"):
        return _Reader(directory.resolve(), version, machine).read(headers=headers)


class _Reader:
    def __init__(self, directory: Path, version: str, machine: str) -> None:
        self._directory = directory
        self._version = version
        self._minor = ".".join(version.split(".")[:2])
        self._machine = machine
        self._owner = f"python:{version}"
        self._entries: list[Entry] = []
        self._dropped: list[Dropped] = []
        self._elves: dict[str, ElfFile] = {}

    def read(self, *, headers: bool) -> CPythonTree:
        self._add_executable()
        if headers:
            self._add_headers()
        self._add_libraries()
        self._add_stdlib()
        return CPythonTree(
            directory=self._directory,
            version=self._version,
            entries=tuple(self._entries),
            dropped=tuple(self._dropped),
            elves=self._elves,
        )

    def _add_executable(self) -> None:
        name = f"python{self._minor}"
        self._add_file((self._directory / "bin" / name).resolve(), f"{PREFIX}/bin/{name}", why="the interpreter")
        for link in ("python3", "python"):
            self._add_link(f"{PREFIX}/bin/{link}", name, "the interpreter's usual names")

    def _add_headers(self) -> None:
        include = self._directory / "include" / f"python{self._minor}"
        for path in _walk(include):
            inside = path.relative_to(include).as_posix()
            self._add_file(path, f"{PREFIX}/include/python{self._minor}/{inside}", why="headers")

    def _add_libraries(self) -> None:
        """libpython and other libraries beside it. The loader's own directories come first, so that neither a cache
        of the loader nor the RPATH of the build's prefix is needed."""
        library = self._directory / "lib"
        for path in sorted(library.glob("lib*.so*")):
            if path.is_symlink() and path.resolve().parent == library:
                self._add_link(f"{PREFIX}/lib/{path.name}", path.resolve().name, "a name of the library")
            elif path.is_file():
                self._add_file(path.resolve(), f"{PREFIX}/lib/{path.name}", why="the interpreter's library")
        for entry in list(self._entries):
            if entry.path.startswith(f"{PREFIX}/lib/lib"):
                name = entry.path.rpartition("/")[2]
                target = f"/{entry.path}"
                self._add_link(f"usr/lib/{self._machine}-linux-gnu/{name}", target, "where the loader looks by itself")

    def _add_stdlib(self) -> None:
        root = self._directory / "lib" / f"python{self._minor}"
        for path in _walk(root):
            inside = path.relative_to(root).as_posix()
            self._add_stdlib_file(path, inside)
        self._entries.append(
            Entry(
                path=f"{PREFIX}/lib/python{self._minor}/site-packages",
                type="dir",
                mode=0o755,
                owner=self._owner,
                why="the interpreter expects it",
            )
        )

    def _add_stdlib_file(self, path: Path, inside: str) -> None:
        target = f"{PREFIX}/lib/python{self._minor}/{inside}"
        for rule, reason, pattern in _LEFT_OUT:
            if pattern.match(inside):
                size = path.lstat().st_size
                self._dropped.append(
                    Dropped(
                        path=target, owner=self._owner, rule=rule, safety="safe", reason=reason, unpacked_bytes=size
                    )
                )
                return
        if path.is_symlink() and not os.path.isabs(os.readlink(path)):  # noqa: PTH115, PTH117 - the text, not a Path
            self._add_link(target, os.readlink(path), "standard library")  # noqa: PTH115
        elif re.match(r"_sysconfigdata_[^/]*\.py$", inside):
            text = _relocated(path.read_text(encoding="utf-8"), path.name)
            self._entries.append(Entry.text(target, text, owner=self._owner, why="standard library, prefix rewritten"))
        elif path.is_file():
            self._add_file(path, target, why="standard library")

    def _add_link(self, path: str, target: str, why: str) -> None:
        self._entries.append(
            Entry(path=path, type="symlink", mode=0o777, link_target=target, owner=self._owner, why=why)
        )

    def _add_file(self, path: Path, target: str, *, why: str) -> None:
        status = path.stat()
        with path.open("rb") as stream:
            sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        content = Stored(container=path, offset=0, unpacked_bytes=status.st_size, sha256=sha256)
        mode = 0o755 if status.st_mode & stat.S_IXUSR else 0o644
        self._entries.append(Entry(path=target, content=content, mode=mode, owner=self._owner, why=why))
        self._note_elf(path, target)

    def _note_elf(self, path: Path, target: str) -> None:
        with path.open("rb") as stream:
            if not is_elf(stream.read(4)):
                return
            stream.seek(0)
            try:
                facts = read_elf(stream.read())
            except ArchiveError:  # a broken extension module is the interpreter's own affair until it is imported
                return
        if facts.machine != self._machine:
            raise InputError(
                f"interpreter for another machine: want {self._machine}, got {facts.machine} ({path.name})",
                hint="name the folder of a CPython for the image's platform",
            )
        self._elves[target] = facts


def _walk(root: Path) -> Iterator[Path]:
    """Every file and link below ``root``, sorted; links to directories are not entered."""
    for directory, folders, files in os.walk(root):
        folders.sort()
        links = [name for name in folders if (Path(directory) / name).is_symlink()]
        for name in sorted([*files, *links]):
            yield Path(directory) / name


def _relocated(text: str, name: str) -> str:
    """``_sysconfigdata`` with the build's prefix replaced; raise InputError when it is not the plain dict it is."""
    try:
        (assignment,) = (node for node in ast.parse(text).body if isinstance(node, ast.Assign))
        variables = ast.literal_eval(assignment.value)
        prefix = variables["prefix"]
    except (ValueError, SyntaxError, KeyError, TypeError) as error:
        raise InputError(f"interpreter not understood: {name} holds no build variables") from error
    return text.replace(prefix, f"/{PREFIX}") if len(prefix) > 1 else text
