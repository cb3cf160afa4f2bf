"""A base in two steps: `BasePlan.probe` tells which Python it will have, so that wheels can be chosen; `BasePlan.close`
makes the root file system for the libraries that those wheels need.

A base lock is used as far as it goes. When it holds everything, and every package is cached, nothing is fetched.
"""

import re
from collections.abc import Iterable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from lightship.base.compose import compose
from lightship.base.cpython import CPythonTree, read_cpython
from lightship.base.gather import Gathering
from lightship.base.installed import find_cpython
from lightship.base.kit import RUN, Kit
from lightship.base.packages import Packages
from lightship.base.request import Base, BaseRequest, NeededLibrary
from lightship.ecosystem.dpkg import parse_relations, upstream_version
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.errors import InputError
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache

__all__ = ["BasePlan", "plan_base"]


def plan_base(request: BaseRequest, cache: Cache, *, kit: Kit = RUN, progress: Progress = SILENT) -> "BasePlan":
    """Begin a base; use the result as a context manager."""
    return BasePlan(request, cache, kit, progress)


class BasePlan:
    """See `plan_base`. Archives are opened when the lock cannot answer, and closed at the end of the block."""

    def __init__(self, request: BaseRequest, cache: Cache, kit: Kit, progress: Progress) -> None:
        self._request = request
        self._kit = kit
        self._cache = cache
        self._machine = request.platform.machine
        self._architecture = request.platform.architecture
        self._stack = ExitStack()
        self._packages = Packages(request, cache, kit.section, self._stack, progress)
        self._tree: CPythonTree | None = None
        self._interpreter: Interpreter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def probe(self) -> Interpreter:
        """The interpreter that the base will have, from indexes and headers alone: no package is fetched.

        Raise InputError when neither the archive nor an installed CPython is what was asked for.
        """
        if self._interpreter is None:
            self._interpreter = self._choose()
        return self._interpreter

    def close(
        self,
        needed: Iterable[NeededLibrary] = (),
        *,
        system_packages: Iterable[str] = (),
        programs: Iterable[str] = (),
        find_library: bool = True,
        text_conversion: bool = True,
    ) -> Base:
        """The base with the libraries ``needed``, the packages asked for, and those of ``programs`` (``/bin/bash``).

        Both switches are on for whoever does not know. Without ``find_library`` (nothing calls
        `ctypes.util.find_library`) ldconfig stays out, which that function believes alone. Without ``text_conversion``
        (nothing beside the base names ``iconv_open``) the C library's tables for iconv stay out, unless the base itself
        asks for them.
        """
        interpreter = self.probe()
        gathering = Gathering(
            source=self._packages,
            architecture=self._architecture,
            machine=self._machine,
            rules=self._kit.rules,
            skip=self._kit.skip,
            keep=frozenset({"usr/sbin/ldconfig"} if find_library else ()),
        )
        asked = (*self._request.system_packages, *system_packages)
        gathering.add([*self._seeds(interpreter), *((name, "asked for in system-packages") for name in asked)])
        if self._tree is not None:
            gathering.add_outside((entry.path for entry in self._tree.entries), self._tree.elves)
        gathering.need(needed)
        gathering.need_programs(programs)
        gathering.complete()
        self._check_tree(gathering)
        if not text_conversion and not (self._tree is not None and self._tree.converts_text):
            gathering.drop_text_conversion()
        return compose(
            gathering,
            interpreter=interpreter,
            tree=self._tree,
            account=self._request.account,
            notes=self._packages.notes,
            lock=self._packages.lock_of(gathering.selection, requested=asked, missing=gathering.missing),
        )

    def _seeds(self, interpreter: Interpreter) -> list[tuple[str, str]]:
        seeds = dict(self._kit.packages)
        seeds |= {name: why for name, why in self._kit.optional.items() if self._packages.has(name)}
        if self._tree is None:
            minor = interpreter.target.minor
            seeds |= {part.format(minor=minor): "interpreter and standard library" for part in self._kit.python}
            if int(minor.partition(".")[2]) < 12:
                apart = [name for name in self._kit.python_to_3_11 if self._packages.has(name)]
                seeds |= dict.fromkeys(apart, "part of the standard library that Debian packages apart")
        return list(seeds.items())

    def _choose(self) -> Interpreter:
        python = self._request.python
        if "/" in python:
            return self._from_tree(python)
        if self._lock_has_other_python(python) and find_cpython(python, self._request.cpython_roots) is not None:
            return self._from_tree(python)
        package = self._python_package(python)
        if package is not None:
            return self._from_packages(package)
        if python == "auto":
            raise InputError("no python3 in the archive", hint="name the folder of a CPython with python = …")
        return self._from_tree(python)

    def _lock_has_other_python(self, python: str) -> bool:
        """The lock was made for an installed CPython: asking the archive again would only cost the network."""
        locked = self._packages.locked.packages
        return (
            python != "auto" and bool(locked) and not any(record.name == f"python{_minor(python)}" for record in locked)
        )

    def _python_package(self, python: str) -> str | None:
        """The package of the interpreter, ``python3.11``; None when the archive has none of that version."""
        if python == "auto":
            locked = [r.name for r in self._packages.locked.packages if re.fullmatch(r"python3\.\d+", r.name)]
            if locked:
                return locked[0]
            default = self._packages.find("python3")
            names = (
                relation.name for group in parse_relations(default.depends if default else "") for relation in group
            )
            return next((name for name in names if re.fullmatch(r"python3\.\d+", name)), None)
        record = self._packages.find(f"python{_minor(python)}")
        fits = record is not None and _is_version(upstream_version(record.version), python)
        return record.name if record is not None and fits else None

    def _from_packages(self, package: str) -> Interpreter:
        record = self._packages.find(package)
        if record is None:
            raise InputError(f"package not in the archive: {package}")
        return Interpreter(
            executable=f"usr/bin/{package}",
            stdlib=(f"usr/lib/{package}",),
            target=self._target(upstream_version(record.version)),
        )

    def _from_tree(self, python: str) -> Interpreter:
        directory = find_cpython(python, self._request.cpython_roots)
        if directory is None:
            raise InputError(
                f"no Python {python}: the archive has no such version, and no CPython of it is installed",
                hint=f"install it (pyenv install {python}, uv python install {python}) or name its folder",
            )
        self._tree = read_cpython(directory, self._cache, machine=self._machine, headers=self._kit.headers)
        return Interpreter(
            executable=self._tree.executable, stdlib=(self._tree.stdlib,), target=self._target(self._tree.version)
        )

    def _target(self, version: str) -> Target:
        libc = self._packages.find("libc6")
        if libc is None:
            raise InputError(f"no libc6 for {self._request.platform} in the archive")
        major, minor = upstream_version(libc.version).split(".")[:2]
        return Target(
            python=version, platform=self._request.platform, libc="glibc", libc_version=(int(major), int(minor))
        )

    def _check_tree(self, gathering: Gathering) -> None:
        """An interpreter that cannot start must not become an image."""
        if self._tree is None:
            return
        facts = self._tree.elves.get(self._tree.executable)
        lacking = [soname for soname in (facts.needed if facts else ()) if soname in gathering.missing]
        newer = sorted({version for elf in self._tree.elves.values() for version in gathering.lacking_versions(elf)})
        if lacking or newer:
            raise InputError(
                f"the interpreter in {self._tree.directory.name} does not fit the base: it needs "
                f"{', '.join(lacking or newer)}, which the archive does not have",
                hint="use a CPython that was built on this distribution or an older one",
            )


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _is_version(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(wanted + ".")
