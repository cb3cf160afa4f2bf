"""What checks see of an image: its unpacked files, its configuration, its Python, and a way to run code inside."""

import functools
import os
import posixpath
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from lightship.errors import HostileError
from lightship.launch.probe import Probe
from lightship.oci.config import Runtime
from lightship.oci.platform import Platform
from lightship.rootfs.links import read_file, resolve_on_disk
from lightship.rootfs.users import Identity, resolve_user
from lightship.sandbox.protocol import Bind
from lightship.verify.inside_runner import Inside
from lightship.verify.installed import Installed, read_installed
from lightship.verify.interpreter import PythonFacts
from lightship.verify.trials import Trials

__all__ = ["LockedSide", "PlainSide", "Subject"]

_MOST_TEXT_BYTES = 16 << 20
_MOST_ROWS = 2_000_000
"""Rows of all RECORDs, of 200 bytes in memory; a layer holds as many zipped to nothing."""
_NOWHERE = ".wh.nowhere"
"""A name that no unpacked tree can have: layers mark what they remove with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainSide:
    """The same wheels, installed by another installer and left as they are. ``site`` is that site-packages on the
    host, ``modules`` what the wheels' own RECORDs name, by distribution."""

    site: Callable[[], Path]
    modules: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedSide:
    """What the project's lock gives for the image's Python, and which names it knows at all. ``bytecode`` are source
    files (relative to the root) whose bytecode the build ships; None: not known. ``left_out`` are distributions that a
    drop rule takes whole."""

    file: str
    packages: Mapping[str, str]
    known: frozenset[str]
    bytecode: frozenset[str] | None = None
    left_out: frozenset[str] = frozenset()


@dataclass(kw_only=True)
class Subject:
    """One image. Paths in it are relative to the root (``opt/venv/bin/x``); what is costly is computed once.

    ``inside`` is None where this machine cannot execute the image, ``python`` where it has no interpreter.
    """

    rootfs: Path
    platform: Platform
    runtime: Runtime
    inside: Inside | None = None
    python: PythonFacts | None = None
    plain: PlainSide | None = None
    locked: LockedSide | None = None
    owners: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    probe: Probe | None = None

    def resolve(self, path: str) -> str:
        """The link-free path that ``path`` means inside; it may not exist, as a loop of links leads nowhere."""
        try:
            return resolve_on_disk(self.rootfs, path)
        except HostileError:
            return _NOWHERE

    def on_host(self, path: str) -> str:
        """Where the host has ``path``, links followed inside the root only."""
        return f"{self.rootfs}/{self.resolve(path)}"

    def is_file(self, path: str) -> bool:
        return self._mode(path, stat.S_ISREG)

    def is_dir(self, path: str) -> bool:
        return self._mode(path, stat.S_ISDIR)

    def _mode(self, path: str, test: Callable[[int], bool]) -> bool:
        try:
            return test(os.lstat(self.on_host(path)).st_mode)
        except (OSError, ValueError):  # a path with NUL in it names nothing
            return False

    def read(self, path: str, *, limit_bytes: int = _MOST_TEXT_BYTES) -> bytes | None:
        """The bytes of a regular file; None where there is none. Raise ImageError past ``limit_bytes``."""
        return read_file(self.rootfs, path, limit_bytes=limit_bytes)

    @functools.cached_property
    def identity(self) -> Identity:
        """Who the image's process is."""
        return resolve_user(self.rootfs, self.runtime.user)

    @functools.cached_property
    def search_path(self) -> tuple[str, ...]:
        """Directories of the image's PATH."""
        path = self.runtime.environment.get("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        return tuple(part.strip("/") for part in path.split(":") if part)

    @functools.cached_property
    def sites(self) -> tuple[str, ...]:
        """Directories of sys.path, in its order, that are not the standard library."""
        if self.python is None:
            return ()
        inside = tuple(entry.strip("/") for entry in self.python.path)
        stdlib = self.python.stdlib.strip("/")
        own = (stdlib, f"{stdlib}/lib-dynload")
        return tuple(dict.fromkeys(entry for entry in inside if entry and entry not in own and self.is_dir(entry)))

    @functools.cached_property
    def distributions(self) -> tuple[Installed, ...]:
        """What is installed on sys.path, in its order, sorted by name in each directory."""
        found, held = [], 0
        for one in (one for site in self.sites for one in read_installed(self.rootfs, site)):
            found.append(one)
            held += one.held
            if held > _MOST_ROWS:
                raise HostileError(f"metadata of packages is too large: want at most {_MOST_ROWS} rows, got more")
        return tuple(found)

    @functools.cached_property
    def installed(self) -> Mapping[str, Installed]:
        """The distribution that counts, by normalised name: the first on sys.path."""
        found: dict[str, Installed] = {}
        for one in self.distributions:
            found.setdefault(one.name, one)
        return found

    @functools.cached_property
    def owned(self) -> Mapping[str, str]:
        """Distribution by the path of every file that a RECORD names, as written."""
        return {path: one.name for one in self.distributions for path in one.paths()}

    @functools.cached_property
    def module_owners(self) -> Mapping[str, str]:
        """Distribution by top-level module."""
        return {
            module.partition(".")[0]: one.name for one in reversed(self.distributions) for module in self.modules(one)
        }

    @functools.cached_property
    def package_owners(self) -> Mapping[str, str]:
        """Distribution by what `modules` names, dotted names as they are: never a namespace that several share."""
        return {module: one.name for one in reversed(self.distributions) for module in self.modules(one)}

    def modules(self, one: Installed) -> tuple[str, ...]:
        """The top-level modules of a distribution, by its RECORD or its top_level.txt."""
        return one.modules(self.python.suffixes if self.python else ())

    @functools.cached_property
    def trials(self) -> Trials:
        """Every module and entry point, tried once in the image."""
        wanted: dict[str, None] = {}
        for one in self.installed.values():
            wanted.update(dict.fromkeys(self.modules(one)))
        for one in self.installed.values():
            wanted.update(dict.fromkeys(point.target for point in one.entry_points if not point.extras))
        if self.plain is not None:
            wanted.update(dict.fromkeys(name for names in self.plain.modules.values() for name in names))
        return Trials.of(self.inside, self.python, tuple(wanted), self._plain_binds)

    def _plain_binds(self) -> Sequence[Bind] | None:
        """What to see instead of the image's packages: the plain ones, in their place."""
        if self.plain is None:
            return None
        target = next((site for site in self.sites if posixpath.basename(site) == "site-packages"), None)
        return None if target is None else [Bind(source=self.plain.site(), target=f"/{target}")]

    def walk(self, top: str) -> Iterator[tuple[str, os.DirEntry[str]]]:
        """Every entry below ``top`` that is no directory, with its path; links are not followed."""
        waiting = [self.resolve(top)]
        while waiting:
            here = waiting.pop()
            try:
                with os.scandir(f"{self.rootfs}/{here}") as entries:
                    found = sorted(entries, key=lambda entry: entry.name)
            except OSError:  # not there, or not ours to read: nothing to check
                continue
            for entry in found:
                path = f"{here}/{entry.name}".lstrip("/")
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(path)
                else:
                    yield path, entry
