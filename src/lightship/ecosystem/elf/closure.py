"""Which libraries ELF files ask for that none of them provides: what a base has to carry.

The search order is that of ld.so(8) (man-pages 6.03) over the paths of an image, with two rules that the paths alone
do not tell. A library of the same distribution counts as present wherever it lies: wheels load their own libraries by
hand or by the RPATH of a parent, and those in ``NAME.libs`` that have no RPATH are loaded before their users. And a
library that the host's driver brings (`HOST_LIBRARIES`) is not missing. Pure: facts in, facts out.
"""

import posixpath
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lightship.ecosystem.elf.read import ElfFile

__all__ = [
    "HOST_LIBRARIES",
    "Closure",
    "LibraryNeed",
    "PlacedElf",
    "UnmetVersion",
    "find_outside_needs",
    "find_unmet_versions",
    "missing_versions",
]

HOST_LIBRARIES = (
    "libcuda.so", "libnvidia-ml.so", "libnvcuvid.so", "libnvidia-encode.so", "libnvoptix.so", "libcudadebugger.so",
    "libnvidia-ptxjitcompiler.so", "libhsa-runtime64.so", "libze_loader.so",
)  # fmt: skip
"""Sonames (without version) that a GPU driver of the host brings into the container."""

_NUMBER = re.compile(r"[0-9]{1,9}")
_MULTIARCH = {"x86_64": "x86_64-linux-gnu", "aarch64": "aarch64-linux-gnu", "i686": "i386-linux-gnu"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedElf:
    """An ELF file at ``path`` of the image (relative), of the distribution ``owner``."""

    path: str
    owner: str
    elf: ElfFile


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryNeed:
    """A soname that is asked for and not provided. ``needed_by`` are paths, ``versions`` all symbol versions asked
    of it, ``elsewhere`` paths of other distributions that carry it but where the loader does not look."""

    soname: str
    needed_by: tuple[str, ...]
    versions: tuple[str, ...] = ()
    elsewhere: tuple[str, ...] = ()

    def highest_versions(self) -> tuple[str, ...]:
        """The highest version of each name: ``GLIBC_2.17``, ``GLIBCXX_3.4.22``."""
        best: dict[str, str] = {}
        for version in self.versions:
            name = version.rpartition("_")[0]
            if name not in best or _numbers(version) > _numbers(best[name]):
                best[name] = version
        return tuple(best[name] for name in sorted(best))


@dataclass(frozen=True, slots=True, kw_only=True)
class Closure:
    """``needs`` must come from a base; ``host`` from the host's driver; ``wrong_machine`` holds (path, machine) of
    files that the target cannot load and whose needs were not counted."""

    needs: tuple[LibraryNeed, ...]
    host: tuple[LibraryNeed, ...]
    wrong_machine: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnmetVersion:
    """Symbol versions that the file at ``path`` asks of ``soname``, and that the library at ``provider`` lacks."""

    path: str
    soname: str
    provider: str
    versions: tuple[str, ...]


def find_outside_needs(files: Iterable[PlacedElf], *, machine: str, library_path: tuple[str, ...] = ()) -> Closure:
    """Every soname that ``files`` need and do not give each other.

    ``library_path`` are absolute directories of LD_LIBRARY_PATH. Links between directories of the image are not
    followed. Cost: linear in files and their needs.
    """
    placed = sorted(files, key=lambda file: file.path)
    wrong = tuple((f.path, f.elf.machine) for f in placed if f.elf.machine != machine)
    index = _Index([f for f in placed if f.elf.machine == machine and f.elf.type in ("program", "shared")])
    missing: dict[str, list[PlacedElf]] = {}
    for file in index.files:
        names = [*file.elf.needed, *([file.elf.interpreter] if file.elf.interpreter else [])]
        for name in dict.fromkeys(names):
            if not index.provides(file, name, library_path):
                missing.setdefault(posixpath.basename(name), []).append(file)
    needs = [_need(soname, users, index) for soname, users in sorted(missing.items())]
    return Closure(
        needs=tuple(need for need in needs if not _is_host(need.soname)),
        host=tuple(need for need in needs if _is_host(need.soname)),
        wrong_machine=wrong,
    )


def find_unmet_versions(
    files: Iterable[PlacedElf], *, machine: str, library_path: tuple[str, ...] = ()
) -> tuple[UnmetVersion, ...]:
    """Symbol versions that the library which would be loaded does not define, by path and soname.

    As `find_outside_needs`. A library without any version defines what it is asked for, as for the loader; where
    several of one distribution carry a name, one that has the versions is enough.
    """
    placed = sorted(files, key=lambda file: file.path)
    index = _Index([f for f in placed if f.elf.machine == machine and f.elf.type in ("program", "shared")])
    unmet = []
    for file in index.files:
        for soname, versions in file.elf.version_needs:
            lacking: dict[str, tuple[str, ...]] = {}
            for provider in index.providers(file, soname, library_path):
                known = set(provider.elf.version_definitions)
                lacking[provider.path] = tuple(v for v in versions if v not in known) if known else ()
            if lacking and all(lacking.values()):
                path, wanted = next(iter(lacking.items()))
                unmet.append(UnmetVersion(path=file.path, soname=soname, provider=path, versions=wanted))
    return tuple(unmet)


def missing_versions(need: LibraryNeed, provided: Iterable[str]) -> tuple[str, ...]:
    """Symbol versions asked of a library that does not define them (``ElfFile.version_definitions``)."""
    known = set(provided)
    return tuple(version for version in need.versions if version not in known)


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) if _NUMBER.fullmatch(part) else -1 for part in version.rpartition("_")[2].split("."))


def _is_host(soname: str) -> bool:
    return soname.split(".so", 1)[0] + ".so" in HOST_LIBRARIES


def _need(soname: str, users: list[PlacedElf], index: "_Index") -> LibraryNeed:
    asked = {version for user in users for name, versions in user.elf.version_needs if name == soname
             for version in versions}  # fmt: skip
    return LibraryNeed(
        soname=soname,
        needed_by=tuple(user.path for user in users),
        versions=tuple(sorted(asked, key=lambda version: (version.rpartition("_")[0], _numbers(version)))),
        elsewhere=tuple(sorted(index.carriers(soname))),
    )


class _Index:
    """Who carries which soname, and which search path each file inherits from those that load it."""

    def __init__(self, files: list[PlacedElf]) -> None:
        self.files = files
        self._paths = {file.path: file for file in files}
        self._carriers: dict[str, list[PlacedElf]] = {}
        for file in files:
            for name in dict.fromkeys((file.elf.soname, posixpath.basename(file.path))):
                if name:
                    self._carriers.setdefault(name, []).append(file)
        self._inherited = self._inherit()

    def carriers(self, soname: str) -> Iterable[str]:
        return (file.path for file in self._carriers.get(soname, ()))

    def provides(self, file: PlacedElf, name: str, library_path: tuple[str, ...]) -> bool:
        """True when the loader, or the distribution itself, finds ``name`` for ``file``."""
        return bool(self.providers(file, name, library_path))

    def providers(self, file: PlacedElf, name: str, library_path: tuple[str, ...]) -> list[PlacedElf]:
        """Who gives ``name`` to ``file``: what its own distribution carries, else the first that the loader finds."""
        if "/" in name:
            found = self._paths.get(name.strip("/"))
            return [found] if found is not None else []
        siblings = [carrier for carrier in self._carriers.get(name, ()) if carrier.owner == file.owner]
        if siblings:
            return siblings
        own = () if file.elf.runpath else (*_directories(file), *sorted(self._inherited[file.path]))
        after = _directories(file, file.elf.runpath)
        absolute = tuple(posixpath.normpath(directory).strip("/") for directory in library_path)
        places = (f"{directory}/{name}".lstrip("/") for directory in (*own, *absolute, *after))
        return [found for place in places if (found := self._paths.get(place)) is not None][:1]

    def _inherit(self) -> Mapping[str, frozenset[str]]:
        """Directories of DT_RPATH that reach each file from its loaders, to a fixed point.

        A loader with DT_RUNPATH passes nothing on; the sets only grow, so the work list empties.
        """
        reach: dict[str, frozenset[str]] = {file.path: frozenset() for file in self.files}
        work = [file for file in self.files if file.elf.rpath and not file.elf.runpath]
        while work:
            file = work.pop()
            passed = reach[file.path] | frozenset(() if file.elf.runpath else _directories(file))
            for name in file.elf.needed:
                for child in self._carriers.get(name, ()):
                    if not passed <= reach[child.path]:
                        reach[child.path] |= passed
                        work.append(child)
        return reach


def _directories(file: PlacedElf, search: tuple[str, ...] | None = None) -> tuple[str, ...]:
    """``search`` (DT_RPATH when None) as directories of the image, ``$ORIGIN``, ``$LIB`` and ``$PLATFORM`` resolved."""
    origin = "/" + posixpath.dirname(file.path)
    multiarch = _MULTIARCH.get(file.elf.machine, "")
    found: dict[str, None] = {}
    for entry in file.elf.rpath if search is None else search:
        for library in ("lib", "lib64", f"lib/{multiarch}") if "LIB" in entry else ("",):
            path = entry
            for token, value in (("ORIGIN", origin), ("LIB", library), ("PLATFORM", file.elf.machine)):
                path = path.replace(f"${{{token}}}", value).replace(f"${token}", value)
            if path.startswith("/"):  # a relative entry depends on the working directory: nothing to promise
                found[posixpath.normpath(path).strip("/")] = None
    return tuple(found)
