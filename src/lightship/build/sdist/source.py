"""Sources that are to be built: an sdist unpacked without believing it, or a directory copied.

Source distribution format, https://packaging.python.org/en/latest/specifications/source-distribution-format/, with
the refusals of PEP 721 and some more: nothing outside the directory, no devices, no hard link to what is not there.
Symbolic links are made last and none below another, so nothing is ever written through one.
"""

import hashlib
import lzma
import os
import posixpath
import stat
import struct
import tarfile
import tomllib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self

from lightship.archive.codec import open_decompressed
from lightship.errors import ArchiveError, HostileError, InputError
from lightship.paths import is_inside, normal_path, parents, storage_errors

__all__ = ["ZIP_ERRORS", "BuildSystem", "copy_directory", "directory_sha256", "read_build_system", "unpack_sdist"]

_MAX_UNPACKED_BYTES = 4 * 2**30
_MAX_MEMBERS = 200_000
_MAX_EXTENDED_BYTES = 2**20
_MAX_PYPROJECT_BYTES = 2**20
_TIME_S = 315532800
"""1980-01-01, the first time that a zip can say. One time for every file: nothing is older than what it is made of,
and no tool finds a difference between two unpackings."""
ZIP_ERRORS = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, OverflowError, IndexError,
    struct.error, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What `zipfile` raises for archives that are damaged."""
_NEVER = frozenset({".git", ".hg", ".venv", "__pycache__"})


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """``[build-system]`` of pyproject.toml (PEP 517, 518), or what stands for it where there is none."""

    requires: tuple[str, ...] = ("setuptools>=40.8.0",)
    backend: str = "setuptools.build_meta:__legacy__"
    backend_path: tuple[str, ...] = ()


def read_build_system(directory: Path) -> BuildSystem:
    """What ``directory`` says it is built with; nothing is executed. Raise InputError where it breaks PEP 518."""
    path = directory / "pyproject.toml"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return BuildSystem()
    except OSError as error:
        raise InputError(f"cannot read pyproject.toml: {error.strerror}") from error
    with os.fdopen(descriptor, "rb") as stream:
        content = stream.read(_MAX_PYPROJECT_BYTES + 1)
    if len(content) > _MAX_PYPROJECT_BYTES:
        raise InputError("pyproject.toml is larger than 1 MiB")
    try:
        table = tomllib.loads(content.decode()).get("build-system")
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"pyproject.toml is not TOML: {error}") from error
    if table is None:
        return BuildSystem()
    if not isinstance(table, dict) or "requires" not in table:
        raise InputError("pyproject.toml: build-system.requires: want an array of strings")
    backend = table.get("build-backend", BuildSystem().backend)
    if not isinstance(backend, str):
        raise InputError("pyproject.toml: build-system.build-backend: want a string")
    backend_path = _strings(table, "backend-path")
    return BuildSystem(
        requires=_strings(table, "requires"),
        backend=backend,
        backend_path=tuple(normal_path(part) for part in backend_path),
    )


def _strings(table: dict[str, object], key: str) -> tuple[str, ...]:
    value = table.get(key, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"pyproject.toml: build-system.{key}: want an array of strings")
    return tuple(value)


def unpack_sdist(sdist: Path, destination: Path, *, what: str) -> Path:
    """Unpack a ``.tar.gz`` (or other tar, or zip) below ``destination``; return the directory of the project.

    Files get mode 0644 or 0755 and one fixed time; owners count for nothing. Raise HostileError for what would
    leave the directory, ArchiveError for what cannot be read; ``what`` names the file in messages.
    """
    tree = _Tree(destination, what)
    with storage_errors(f"unpack {what}"):
        with sdist.open("rb") as stream:
            zipped = stream.read(4) == b"PK\3\4"
        if zipped:
            _unpack_zip(sdist, tree)
        else:
            _unpack_tar(sdist, tree)
        tree.finish()
        entries = list(destination.iterdir())
    # One directory is the rule; archives without one are old, and pip takes them as well.
    if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink():
        return entries[0]
    return destination


class _Tree:
    """Writes files, and remembers links until every file is there."""

    def __init__(self, root: Path, what: str) -> None:
        self._root = root
        self._what = what
        self._links: dict[str, str] = {}
        self._members = 0
        self._bytes = 0

    def place(self, name: str) -> str:
        self._members += 1
        if self._members > _MAX_MEMBERS:
            raise HostileError(f"{self._what} has more than {_MAX_MEMBERS} members")
        path = normal_path(name)
        self._links.pop(path, None)
        return path

    def directory(self, path: str) -> None:
        self._real(path).mkdir(parents=True, exist_ok=True)

    def file(self, path: str, content: IO[bytes], *, executable: bool) -> None:
        target = self._real(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.unlink(missing_ok=True)
        with target.open("xb") as stream:
            while chunk := content.read(2**20):
                self._bytes += len(chunk)
                if self._bytes > _MAX_UNPACKED_BYTES:
                    raise HostileError(f"{self._what} unpacks to more than {_MAX_UNPACKED_BYTES} bytes")
                stream.write(chunk)
        _settle(target, executable=executable)

    def symlink(self, path: str, target: str) -> None:
        inside = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if target.startswith("/") or inside == ".." or inside.startswith("../"):
            raise HostileError(f"{self._what}: {path} links out of the archive: {target!r}")
        self._links[path] = target

    def hardlink(self, path: str, target: str) -> None:
        source = self._real(normal_path(target))
        if not source.is_file():
            raise HostileError(f"{self._what}: {path} is a hard link to what is not there: {target!r}")
        with source.open("rb") as stream:
            self.file(path, stream, executable=os.access(source, os.X_OK))

    def finish(self) -> None:
        """Make the links. A chain of them may lead out where each alone does not: what they mean is looked at too."""
        for path in sorted(self._links):
            if any(above in self._links for above in parents(path)):
                raise HostileError(f"{self._what}: {path} lies below a symbolic link")
            target = self._real(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(target):
                target.symlink_to(self._links[path])
        root = os.path.realpath(self._root)
        for path in self._links:
            if not is_inside(os.path.realpath(self._real(path)), root):
                raise HostileError(f"{self._what}: {path} links out of the archive: {self._links[path]!r}")

    def _real(self, path: str) -> Path:
        return self._root / path if path else self._root


class _Member(tarfile.TarInfo):
    """`tarfile` reads long names and pax headers whole: what claims to be a large one is refused before."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        member = super().frombuf(buf, encoding, errors)
        extended = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
        named = (tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
        if member.type in (*extended, *named) and member.size > _MAX_EXTENDED_BYTES:
            raise HostileError("a tar header is larger than 1 MiB")
        return member


def _unpack_tar(sdist: Path, tree: _Tree) -> None:
    what = sdist.name
    try:
        with (
            open_decompressed(sdist.open("rb"), limit_bytes=_MAX_UNPACKED_BYTES + 2**30, what=what) as plain,
            tarfile.open(fileobj=plain, mode="r|", tarinfo=_Member) as archive,
        ):
            for member in archive:
                _unpack_member(archive, member, tree)
    except tarfile.TarError as error:
        raise ArchiveError(f"{what} is no tar archive that can be read: {error}") from error
    except (EOFError, ValueError, RecursionError) as error:
        raise ArchiveError(f"{what} is a damaged tar archive: {error}") from error


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, tree: _Tree) -> None:
    path = tree.place(member.name)
    if member.isdir():
        tree.directory(path)
    elif member.issym():
        tree.symlink(path, member.linkname)
    elif member.islnk():
        tree.hardlink(path, member.linkname)
    elif member.isreg() and not member.issparse():
        content = archive.extractfile(member)
        if content is not None:
            tree.file(path, content, executable=bool(member.mode & stat.S_IXUSR))
    else:
        raise HostileError(f"{path} in an sdist is neither file, directory nor link")


def _unpack_zip(sdist: Path, tree: _Tree) -> None:
    try:
        with zipfile.ZipFile(sdist) as archive:
            for member in archive.infolist():
                path = tree.place(member.filename)
                mode = member.external_attr >> 16
                if member.is_dir():
                    tree.directory(path)
                elif stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    raise HostileError(f"{path} in an sdist is neither file nor directory")
                else:
                    with archive.open(member) as content:
                        tree.file(path, content, executable=bool(mode & stat.S_IXUSR))
    except ZIP_ERRORS as error:
        raise ArchiveError(f"{sdist.name} is no zip archive that can be read: {error}") from error


def _walk(directory: Path, ignored: Callable[[str], bool]) -> Iterator[tuple[str, Path]]:
    def below(here: Path, prefix: str) -> Iterator[tuple[str, Path]]:
        for path in sorted(here.iterdir()):
            name = prefix + path.name
            if path.name in _NEVER or ignored(name):
                continue
            yield name, path
            if path.is_dir() and not path.is_symlink():
                yield from below(path, name + "/")

    return below(directory, "")


def directory_sha256(directory: Path, ignored: Callable[[str], bool]) -> str:
    """One hash of names, kinds, executable bits, link targets and contents; times and owners do not count."""
    running = hashlib.sha256()
    with storage_errors(f"read {directory}"):
        for name, path in _walk(directory, ignored):
            if path.is_symlink():
                described = f"l {name}\0{path.readlink()}"
            elif path.is_dir():
                described = f"d {name}"
            elif path.is_file():
                with path.open("rb") as stream:
                    content = hashlib.file_digest(stream, "sha256").hexdigest()
                described = f"f {name} {os.access(path, os.X_OK)} {content}"
            else:
                continue
            running.update(
                f"{len(described.encode('utf-8', 'surrogateescape'))}:{described}".encode("utf-8", "surrogateescape")
            )
    return running.hexdigest()


def copy_directory(directory: Path, destination: Path, ignored: Callable[[str], bool]) -> None:
    """Copy files, directories and links; version control, virtual environments and what is ``ignored`` stay behind."""
    with storage_errors(f"copy {directory}"):
        for name, path in _walk(directory, ignored):
            target = destination / name
            if path.is_symlink():
                target.symlink_to(path.readlink())
            elif path.is_dir():
                target.mkdir(mode=0o755)
            elif path.is_file():
                with path.open("rb") as source, target.open("xb") as stream:
                    while chunk := source.read(2**20):
                        stream.write(chunk)
                _settle(target, executable=os.access(path, os.X_OK))


def _settle(path: Path, *, executable: bool) -> None:
    path.chmod(0o755 if executable else 0o644)
    os.utime(path, (_TIME_S, _TIME_S))
