"""What the wheels of a lock ask of a base: C library, C++ library, shared objects from outside.

From the tags of the file names for all of them; exactly, from the symbol versions in ELF files, for those that were
read. A tag promises more than a wheel needs: manylinux_2_28 is where it was built.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightship.ecosystem.elf import ElfFile
from lightship.ecosystem.elf.closure import Closure
from lightship.ecosystem.python.offers import ANY_GLIBC, LockFacts

__all__ = ["Library", "Needs", "Versions", "find_needs"]

_FAMILIES = ("GLIBC", "GLIBCXX", "CXXABI", "GCC", "GOMP")
"""Names of symbol versions worth telling: of the C library, libstdc++ (two), libgcc and libgomp."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Versions:
    """The highest version of ``family`` that is asked for, and the packages that ask for it."""

    family: str
    version: str
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A shared object that no package brings. ``packages`` ask for it; ``optional`` is a host's driver's."""

    soname: str
    packages: tuple[str, ...]
    from_host: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """``tagged`` is the lowest glibc whose wheels are complete, by tags ((0, 0): every package is pure);
    ``tagged_by`` are the packages that want it. ``exact`` and ``libraries`` are of the ``read`` compiled wheels out of
    ``compiled``; they are empty where none was read."""

    tagged: tuple[int, int]
    tagged_by: tuple[str, ...]
    compiled: int
    read: int = 0
    exact: tuple[Versions, ...] = ()
    libraries: tuple[Library, ...] = ()


def find_needs(
    facts: LockFacts, read: Mapping[str, Sequence[ElfFile]], closure: Closure | None, owners: Mapping[str, str]
) -> Needs:
    """``read`` maps packages to the ELF files of their wheels, ``closure`` is what those miss (None: nothing was read),
    ``owners`` maps the paths in it to packages."""
    floors: dict[str, tuple[int, int]] = {}
    compiled = 0
    for offer in facts.offers:
        wheel = offer.wheel("glibc", ANY_GLIBC)
        if wheel is not None and wheel.libc == "glibc":
            compiled += 1
            floors[offer.name] = min(each.floor for each in offer.wheels if each.libc == "glibc")
    tagged = max(floors.values(), default=(0, 0))
    return Needs(
        tagged=tagged,
        tagged_by=tuple(sorted(name for name, floor in floors.items() if floor == tagged)) if tagged[0] else (),
        compiled=compiled,
        read=sum(1 for name in floors if name in read),
        exact=tuple(_exact(read, {need.soname for need in closure.needs})) if closure is not None else (),
        libraries=tuple(_libraries(closure, owners)) if closure is not None else (),
    )


def _exact(read: Mapping[str, Sequence[ElfFile]], outside: Collection[str]) -> Iterable[Versions]:
    """Of libraries from outside only: what a wheel brings itself asks nothing of a base."""
    found: dict[str, dict[tuple[int, ...], set[str]]] = {}
    for package, files in read.items():
        for elf in files:
            for soname, versions in elf.version_needs:
                for version in versions if soname in outside else ():
                    family, _, number = version.rpartition("_")
                    if family in _FAMILIES and all(part.isdecimal() for part in number.split(".")):
                        key = tuple(int(part) for part in number.split("."))
                        found.setdefault(family, {}).setdefault(key, set()).add(package)
    for family in _FAMILIES:
        if family in found:
            best = max(found[family])
            yield Versions(family=family, version=".".join(map(str, best)), packages=tuple(sorted(found[family][best])))


def _libraries(closure: Closure, owners: Mapping[str, str]) -> Iterable[Library]:
    for needs, from_host in ((closure.needs, False), (closure.host, True)):
        for need in needs:
            packages = {owners[path] for path in need.needed_by if path in owners}
            yield Library(soname=need.soname, packages=tuple(sorted(packages)), from_host=from_host)
