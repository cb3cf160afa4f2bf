"""What a base is asked for, and what it is. Values only."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightship.base.lock import BaseLock
from lightship.base.source import ArchiveSettings
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.oci.platform import Platform
from lightship.plan.model import Dropped, Entry

__all__ = ["Account", "Base", "BaseRequest", "NeededLibrary", "Root"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """The user that the application runs as. ``home`` is a path inside the image."""

    uid: int = 65532
    gid: int = 65532
    name: str = "app"
    home: str = "home/app"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededLibrary:
    """A shared object that something outside the base asks the loader for. ``versions`` are the symbol versions it
    wants (``GLIBC_2.34``); ``why`` says who: ``needed by numpy``."""

    soname: str
    why: str
    versions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRequest:
    """``python`` is ``auto`` (the distribution's own), a version (``3.12``), or the folder of an installed CPython.

    ``lock`` is used as far as it goes: what it holds is not looked up again. ``distribution`` chooses where the
    host's sources hold several releases; ``at`` is the time that signatures and dates are checked against.
    ``cpython_roots`` are folders whose children are installed interpreters (``~/.pyenv/versions``).
    """

    platform: Platform
    python: str = "auto"
    system_packages: tuple[str, ...] = ()
    account: Account = Account()
    archive: ArchiveSettings = field(default_factory=ArchiveSettings)
    lock: BaseLock | None = None
    distribution: str = ""
    cpython_roots: tuple[Path, ...] = ()
    at: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.UTC))


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """A root file system as entries, sorted by path (a directory before what is in it); no path is below a link.

    ``libraries`` maps the sonames that the loader will find to their paths; ``packages`` name to
    version; ``missing`` maps sonames and programs that are in no package to who asks for them.
    ``cache_key`` names everything that the entries depend on.
    """

    entries: tuple[Entry, ...]
    dropped: tuple[Dropped, ...]
    env: Mapping[str, str]
    libraries: Mapping[str, str]
    packages: Mapping[str, str]
    missing: Mapping[str, str]
    lock: BaseLock
    notes: tuple[str, ...] = ()
    cache_key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A `Root` with a Python in it; fields as there."""

    entries: tuple[Entry, ...]
    dropped: tuple[Dropped, ...]
    interpreter: Interpreter
    env: Mapping[str, str]
    libraries: Mapping[str, str]
    packages: Mapping[str, str]
    missing: Mapping[str, str]
    lock: BaseLock
    notes: tuple[str, ...] = ()
    cache_key: str = ""

    @property
    def unpacked_bytes(self) -> int:
        """Bytes of every file."""
        return sum(entry.unpacked_bytes for entry in self.entries)
