"""An image as a base: which Python and which C library it has, found by reading files; nothing of it runs.

os-release(5); Debian's dpkg status, in one file or a paragraph a file (distroless); Alpine's apk database
(Apk spec, Alpine wiki); symbol versions of glibc; ``patchlevel.h`` of CPython.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from lightship.base.libraries import loader_directories
from lightship.ecosystem.dpkg import parse_installed, upstream_version
from lightship.ecosystem.elf import ElfFile, is_elf, read_elf
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.errors import ArchiveError, InputError
from lightship.oci.platform import Platform
from lightship.rootfs.links import read_file, resolve_on_disk

__all__ = ["DetectedBase", "DirectoryView", "FileView", "detect_base"]

_TEXT_LIMIT_BYTES = 16 << 20
_ELF_LIMIT_BYTES = 256 << 20
_DIRECTORIES = ("usr/local/bin", "usr/bin", "bin", "opt/python/bin", "opt/venv/bin")
_EXECUTABLE = re.compile(r"python3\.(\d+)")
_PATCHLEVEL = re.compile(rb'^#define\s+PY_VERSION\s+"([0-9.]+)', re.MULTILINE)


class FileView(Protocol):
    """Files of a root, by paths inside it; links are followed and never leave it."""

    def names(self, directory: str) -> Sequence[str]:
        """Names in ``directory``, sorted; nothing where it is none."""

    def read(self, path: str, *, limit_bytes: int) -> bytes | None:
        """Content of the regular file that ``path`` leads to, None where there is none."""

    def resolve(self, path: str) -> str:
        """The link-free path that ``path`` leads to; it may not exist."""


@dataclass(frozen=True, slots=True)
class DirectoryView:
    """A root that lies unpacked in a directory of the host."""

    root: Path

    def names(self, directory: str) -> Sequence[str]:
        place = self.root / resolve_on_disk(self.root, directory)
        return sorted(os.listdir(place)) if place.is_dir() else ()  # noqa: PTH208 - names are wanted

    def read(self, path: str, *, limit_bytes: int) -> bytes | None:
        return read_file(self.root, path, limit_bytes=limit_bytes)

    def resolve(self, path: str) -> str:
        return resolve_on_disk(self.root, path)


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectedBase:
    """``distribution`` is ID and VERSION_ID of os-release, ``debian 12``; ``libraries`` maps the file names that its
    loader finds to their paths."""

    interpreter: Interpreter
    distribution: str
    libraries: Mapping[str, str]


def detect_base(
    view: FileView, platform: Platform, *, search: Sequence[str] = (), env: Mapping[str, str] | None = None
) -> DetectedBase:
    """The newest CPython of the first directory that has one, and its C library.

    ``search`` are directories to look in first (PATH of the image's config), ``env`` is the config's environment,
    whose PYTHON_VERSION is believed last. Raise InputError when the image has no Python 3, or one that cannot be read.
    """
    for directory in dict.fromkeys([*(path.strip("/") for path in search), *_DIRECTORIES]):
        minors = [int(match[1]) for name in view.names(directory) if (match := _EXECUTABLE.fullmatch(name))]
        for minor in sorted(minors, reverse=True):
            # A virtual environment's interpreter is a link: an environment must not be made from another one.
            path = view.resolve(f"{directory}/python3.{minor}")
            content = view.read(path, limit_bytes=_ELF_LIMIT_BYTES)
            if content is not None and is_elf(content):
                return _detected(view, platform, path, f"3.{minor}", content, env or {})
    raise InputError(
        "no Python 3 in the base image: want python3.x in usr/local/bin, usr/bin or the image's PATH",
        hint="choose an image with Python, or base = auto",
    )


def _detected(
    view: FileView, platform: Platform, path: str, minor: str, content: bytes, env: Mapping[str, str]
) -> DetectedBase:
    try:
        elf = read_elf(content)
    except ArchiveError as error:
        raise InputError(f"{path} of the base image cannot be read: {error}") from error
    if elf.machine != platform.machine:
        raise InputError(f"base image for another machine: want {platform.machine}, got {elf.machine}")
    prefix = path.rpartition("/bin/")[0]
    stdlib = [
        f"{place}/lib/python{minor}"
        for place in dict.fromkeys((prefix, f"usr/{prefix}".strip("/"), "usr"))
        if "os.py" in view.names(f"{place}/lib/python{minor}")
    ]
    if not stdlib:
        raise InputError(f"the base image has {path} and no standard library beside it")
    libc, libc_version = _libc(view, elf)
    version = _version(view, minor, prefix, content, env)
    target = Target(python=version, platform=platform, libc=libc, libc_version=libc_version)
    return DetectedBase(
        interpreter=Interpreter(executable=path, stdlib=(stdlib[0],), target=target),
        distribution=_distribution(view),
        libraries=_libraries(view, platform.machine, libc),
    )


def _version(view: FileView, minor: str, prefix: str, content: bytes, env: Mapping[str, str]) -> str:
    """The full version, from what states it most plainly to what merely holds it."""
    for place in dict.fromkeys((prefix, "usr")):
        header = view.read(f"{place}/include/python{minor}/patchlevel.h", limit_bytes=_TEXT_LIMIT_BYTES)
        match = _PATCHLEVEL.search(header) if header else None
        if match:
            return match[1].decode()
    names = (f"python{minor}", f"python{minor}-minimal", f"libpython{minor}-stdlib", "python3")
    if prefix in ("usr", ""):  # a package's version says nothing of an interpreter built beside it
        packages = dict(_packages(view))
        for name in names:
            version = upstream_version(packages.get(name, ""))
            if version.startswith(minor + "."):
                return version.partition("_")[0]
    built_in = re.search(rb"(?<![0-9.])" + re.escape(minor.encode()) + rb"\.[0-9]{1,2}(?=\+?\0)", content)
    if built_in:
        return built_in[0].decode()
    stated = env.get("PYTHON_VERSION", "")
    if stated.startswith(minor + "."):
        return stated
    raise InputError(f"the base image does not tell which Python {minor} it has")


def _packages(view: FileView) -> Iterator[tuple[str, str]]:
    texts = [view.read("var/lib/dpkg/status", limit_bytes=_TEXT_LIMIT_BYTES)]
    texts += [
        view.read(f"var/lib/dpkg/status.d/{name}", limit_bytes=_TEXT_LIMIT_BYTES)
        for name in view.names("var/lib/dpkg/status.d")
        if not name.endswith(".md5sums")
    ]
    for text in texts:
        if text:
            for package in parse_installed(text.decode("utf-8", "replace"), what="dpkg status of the base image"):
                yield package.name, package.version
    apk = view.read("lib/apk/db/installed", limit_bytes=_TEXT_LIMIT_BYTES) or b""
    for paragraph in apk.decode("utf-8", "replace").split("\n\n"):
        fields = dict(line.split(":", 1) for line in paragraph.splitlines() if line[1:2] == ":")
        if "P" in fields and "V" in fields:
            yield fields["P"], fields["V"]


def _libc(view: FileView, elf: ElfFile) -> tuple[Literal["glibc", "musl"], tuple[int, int]]:
    if "ld-musl" in elf.interpreter:
        version = dict(_packages(view)).get("musl", "")
        match = re.match(r"(\d+)\.(\d+)", version)
        # Every musl since 1.2 runs what was built for 1.2; images without a database are built from newer ones.
        return "musl", (int(match[1]), int(match[2])) if match else (1, 2)
    directories = [elf.interpreter.strip("/").rpartition("/")[0], *loader_directories(elf.machine), "lib64", "lib"]
    for directory in dict.fromkeys(directories):
        content = view.read(f"{directory}/libc.so.6", limit_bytes=_ELF_LIMIT_BYTES)
        if content is not None and is_elf(content):
            found = re.findall(r"^GLIBC_(\d+)\.(\d+)$", "\n".join(read_elf(content).version_definitions), re.MULTILINE)
            if found:
                major, minor = max((int(major), int(minor)) for major, minor in found)
                return "glibc", (major, minor)
    raise InputError("no C library found in the base image: want libc.so.6 or ld-musl where its Python looks")


def _distribution(view: FileView) -> str:
    text = view.read("etc/os-release", limit_bytes=_TEXT_LIMIT_BYTES) or b""
    fields = dict(line.split("=", 1) for line in text.decode("utf-8", "replace").splitlines() if "=" in line)
    return " ".join(filter(None, (fields.get(name, "").strip("\"'") for name in ("ID", "VERSION_ID"))))


def _libraries(view: FileView, machine: str, libc: str) -> dict[str, str]:
    places = loader_directories(machine) if libc == "glibc" else ("lib", "usr/local/lib", "usr/lib")
    found: dict[str, str] = {}
    for directory in dict.fromkeys([*places, "lib64", "usr/local/lib"]):
        for name in view.names(directory):
            if ".so" in name:
                found.setdefault(name, f"{directory}/{name}")
    return found
