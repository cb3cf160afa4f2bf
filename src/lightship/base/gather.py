"""The closure: packages, their files, and the libraries that those files ask the loader for, until nothing is missing.

Depends alone is not believed: every ELF file that stays is asked what it needs (DT_NEEDED), and every program that is
a script is asked for its interpreter. Packages are opened before they count.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from lightship.base.index import PackageRecord
from lightship.base.leave_out import C_LIBRARY, GCONV, LOCALE_ONLY, LeaveOut, first_match
from lightship.base.libraries import candidate_packages, find_library, loader_directories, package_for_interpreter
from lightship.base.lock import ArchitectureLock
from lightship.base.request import NeededLibrary
from lightship.base.solve import MAINTENANCE, Catalog, Selection, solve
from lightship.base.unpacked import DebMember, UnpackedDeb
from lightship.ecosystem.elf import ElfFile
from lightship.plan.model import Dropped
from lightship.rootfs.links import resolve

__all__ = ["Gathering", "PackageSource"]

_USRMERGE = {name: f"usr/{name}" for name in ("bin", "lib", "lib64", "sbin")}
_UTF8 = ("usr/lib/locale/C.utf8/", "usr/lib/locale/C.UTF-8/")
_PROGRAM_DIRECTORIES = ("usr/bin/", "usr/sbin/", "usr/libexec/")


class PackageSource(Catalog, Protocol):
    """A catalogue whose packages can be opened. ``locked`` is what a base lock says of it."""

    locked: ArchitectureLock

    def owners(self, key: str) -> tuple[str, ...]:
        """Packages with the library file name or program path ``key``, by the archive's Contents; may be slow."""

    def open(self, records: Sequence[PackageRecord]) -> list[UnpackedDeb]:
        """Fetch and open packages."""


@dataclass(slots=True)
class Gathering:
    """A base that grows: `add` packages and `need` libraries, then `complete` it.

    ``keep`` are paths that no rule leaves out. ``kept`` maps paths to (package, member); a path that two packages
    ship belongs to the one opened last, as dpkg's Replaces would allow, and both are named in ``notes``.
    """

    source: PackageSource
    architecture: str
    machine: str
    rules: Sequence[LeaveOut]
    skip: Mapping[str, str] = field(default_factory=lambda: MAINTENANCE)
    keep: frozenset[str] = frozenset()
    selection: Selection = field(default_factory=Selection)
    opened: dict[str, UnpackedDeb] = field(default_factory=dict)
    kept: dict[str, tuple[str, DebMember]] = field(default_factory=dict)
    dropped: list[Dropped] = field(default_factory=list)
    outside: dict[str, ElfFile] = field(default_factory=dict)
    outside_paths: set[str] = field(default_factory=set)
    missing: dict[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    _programs: list[str] = field(default_factory=list)
    _asked: list[NeededLibrary] = field(default_factory=list)
    _refused: set[str] = field(default_factory=set)

    def add(self, wanted: Iterable[tuple[str, str]]) -> None:
        """Add packages, each with its reason, and what they depend on."""
        names = solve(self.selection, wanted, self.source, architecture=self.architecture, skip=self.skip)
        for deb in self.source.open([self.selection.chosen[name].record for name in names]):
            self._keep(deb)

    def add_outside(self, paths: Iterable[str], elves: Mapping[str, ElfFile]) -> None:
        """Files of the root that no package ships (an installed CPython): what they need is looked for as well."""
        self.outside_paths.update(paths)
        self.outside.update(elves)

    def need(self, libraries: Iterable[NeededLibrary]) -> None:
        """Libraries that something beside the base asks for, found without RPATH."""
        self._asked += libraries

    def need_programs(self, programs: Iterable[str]) -> None:
        """Programs by their absolute paths, such as the interpreter of an entrypoint's script."""
        self._programs += map(_merged_program, programs)

    def complete(self) -> None:
        """Add packages until every library and interpreter is there, or known to be in no package (``missing``)."""
        while wanted := {**self._missing_libraries(), **self._missing_interpreters()}:
            known = {key: why for key, why in wanted.items() if key in self.source.locked.missing}
            self.missing.update(known)
            wanted = {key: why for key, why in wanted.items() if key not in known}
            for lookup in (self._by_lock, self._by_rule, self._by_contents):
                found = [pair for key, why in wanted.items() if (pair := lookup(key, why)) is not None]
                if found:
                    self.add(found)
                    break
            else:
                self.missing.update(wanted)
        for need in self._asked:
            lacking = self._undefined(need.soname, need.versions)
            if lacking:
                self.notes.append(
                    f"{need.soname} of the base does not define {', '.join(lacking)}, {need.why}: it will not load"
                )

    def exists(self, path: str) -> bool:
        """Whether the root has a file or link at ``path``."""
        return path in self.kept or path in self.outside_paths

    def provides(self, soname: str) -> str | None:
        """Where the loader finds ``soname`` for a file without RPATH."""
        for directory in loader_directories(self.machine):
            if self.exists(f"{directory}/{soname}"):
                return f"{directory}/{soname}"
        return None

    def lacking_versions(self, elf: ElfFile) -> Iterator[str]:
        """Symbol versions that ``elf`` wants of libraries that are there and do not define them: ``GLIBC_2.38``."""
        for soname, versions in elf.version_needs:
            yield from self._undefined(soname, versions)

    def _undefined(self, soname: str, versions: Sequence[str]) -> list[str]:
        path = self.provides(soname)
        facts = self._facts(path) if path is not None else None
        if facts is None or not facts.version_definitions:
            return []
        return [version for version in versions if version not in facts.version_definitions]

    def _facts(self, path: str) -> ElfFile | None:
        resolved = resolve(path, self._readlink)
        member = self.kept.get(resolved)
        return self.outside.get(resolved) or (member[1].elf if member else None)

    def _readlink(self, path: str) -> str | None:
        member = self.kept.get(path)
        return member[1].link_target if member and member[1].type == "symlink" else _USRMERGE.get(path)

    def elves(self) -> Iterable[tuple[str, ElfFile]]:
        """Every ELF file of the root with its facts, sorted by path."""
        own = {path: member.elf for path, (_, member) in self.kept.items() if member.elf is not None}
        return sorted({**own, **self.outside}.items())

    def _keep(self, deb: UnpackedDeb) -> None:
        name = deb.record.name
        self.opened[name] = deb
        for member in deb.members:
            rule = first_match(self.rules, name, member.path) if member.type != "dir" else None
            if rule is not None and member.path not in self.keep:
                self._drop(deb, member, rule)
            elif member.type != "dir":
                other = self.kept.get(member.path)
                if other is not None and other[0] != name:
                    self.notes.append(f"{member.path} is in {other[0]} and {name}: that of {name} is taken")
                self.kept[member.path] = name, member

    def _drop(self, deb: UnpackedDeb, member: DebMember, rule: LeaveOut) -> None:
        self.dropped.append(
            Dropped(
                path=member.path,
                owner=deb.owner,
                rule=rule.name,
                safety="safe",
                reason=rule.reason,
                unpacked_bytes=member.unpacked_bytes,
            )
        )

    def drop_text_conversion(self) -> None:
        """Leave libc6's ``gconv`` out, unless a file of the root asks for iconv: one that does more than `LOCALE_ONLY`,
        or any beside the C library once there are other locales than those built into it."""
        trusted = C_LIBRARY if self._has_locales() else C_LIBRARY | LOCALE_ONLY
        if any(member.converts_text for package, member in self.kept.values() if package not in trusted):
            return
        for path, (package, member) in list(self.kept.items()):
            if GCONV.matches(package, path):
                self._drop(self.opened[package], member, GCONV)
                del self.kept[path]

    def _has_locales(self) -> bool:
        return any(path.startswith("usr/lib/locale/") and not path.startswith(_UTF8) for path in self.kept)

    def _missing_libraries(self) -> dict[str, str]:
        wanted: dict[str, str] = {}
        for path, elf in self.elves():
            for soname in elf.needed:
                if soname in self.missing or soname in wanted:
                    continue
                if find_library(soname, path=path, elf=elf, machine=self.machine, exists=self.exists) is None:
                    wanted[soname] = f"has {soname}, needed by {path.rpartition('/')[2]}"
        for need in self._asked:
            if need.soname not in self.missing and self.provides(need.soname) is None:
                wanted.setdefault(need.soname, f"has {need.soname}, {need.why}")
        return wanted

    def _missing_interpreters(self) -> dict[str, str]:
        wanted = {
            key: "the entrypoint needs it"
            for key in self._programs
            if package_for_interpreter(key) != "" and key not in self.missing and not self.exists(key)
        }
        for path, (package, member) in sorted(self.kept.items()):
            program = member.interpreter
            if not program or not path.startswith(_PROGRAM_DIRECTORIES):
                continue
            key = _merged_program(program)
            if package_for_interpreter(key) != "" and key not in self.missing and not self.exists(key):
                wanted.setdefault(key, f"runs the script {path.rpartition('/')[2]} of {package}")
        return wanted

    def _by_lock(self, key: str, why: str) -> tuple[str, str] | None:
        return self._first_with(key, [record.name for record in self.source.locked.packages], why)

    def _by_rule(self, key: str, why: str) -> tuple[str, str] | None:
        package = package_for_interpreter(key) if "/" in key else None
        return self._first_with(key, [package] if package else [*candidate_packages(key)], why)

    def _by_contents(self, key: str, why: str) -> tuple[str, str] | None:
        return self._first_with(key, self.source.owners(key), why)

    def _first_with(self, key: str, candidates: Iterable[str], why: str) -> tuple[str, str] | None:
        for name in candidates:
            if name in self.selection.chosen or name in self._refused:
                continue
            record = self.source.find(name)
            if record is None:
                continue
            (deb,) = self.source.open([record])
            if _holds(deb, key, self.machine):
                return name, why
        return None


def _merged_program(program: str) -> str:
    path = program.lstrip("/")
    return f"usr/{path}" if path.startswith(("bin/", "sbin/")) else path


def _holds(deb: UnpackedDeb, key: str, machine: str) -> bool:
    paths = {member.path for member in deb.members if member.type != "dir"}
    if "/" in key:
        return key in paths
    return any(f"{directory}/{key}" in paths for directory in loader_directories(machine))
