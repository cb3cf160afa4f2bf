"""The root that a server stands on: made of packages, locked beside the project, one layer."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from lightship.base.kit import Kit
from lightship.base.lock import ArchitectureLock, BaseLock, read_lock, write_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.base.request import Root
from lightship.base.servers import ServerPlan
from lightship.build.strip import STRIPPED_VERSION
from lightship.errors import LockError, StorageError
from lightship.findings import Finding
from lightship.flows.base_layers import stripped
from lightship.flows.foundation import base_request
from lightship.flows.request import BuildRequest
from lightship.oci.platform import Platform
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry, LayerPlan
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key

__all__ = ["ServerLock", "missing_findings", "root_recipe", "server_plan", "writable_entries"]

_VERSION = 1
"""Raised when the same root gives another layer."""


class ServerLock:
    """The base lock, with the sections that this command makes. An update takes those of ``suffixes`` anew and keeps
    what is others'."""

    def __init__(self, request: BuildRequest, platform: Platform, *suffixes: str) -> None:
        self._path = request.project / LOCK_NAME
        self._before = self._read(anew=request.update_base)
        gone = {f"{platform.architecture}{suffix}" for suffix in suffixes} if request.update_base else set()
        sections = self._before.architectures if self._before is not None else {}
        images = self._before.images if self._before is not None else ()
        kept = {name: section for name, section in sections.items() if name not in gone}
        self.lock = BaseLock(architectures=kept, images=images)

    def _read(self, *, anew: bool) -> BaseLock | None:
        try:
            return read_lock(self._path)
        except LockError:
            if anew:  # to be written anew is what a broken one needs
                return None
            raise

    def put(self, name: str, section: ArchitectureLock) -> None:
        """Take ``section`` under its whole name, ``amd64-nginx``."""
        self.lock = self.lock.with_section(name, section)

    def remove(self, name: str) -> None:
        """Take the section out, where it is there."""
        kept = {each: section for each, section in self.lock.architectures.items() if each != name}
        self.lock = BaseLock(architectures=kept, images=self.lock.images)

    def save(self, progress: Progress) -> None:
        """Write the lock where it is another than before."""
        if self._before is not None and self.lock.text() == self._before.text():
            return
        try:
            write_lock(self._path, self.lock)
        except StorageError as error:
            # The image is right without it; only the next build asks the archive again.
            progress.note(f"{LOCK_NAME} was not written, so other machines may get another base: {error}")
            return
        progress.note(f"wrote {LOCK_NAME}: commit it, and every machine builds on the same packages")


@contextmanager
def server_plan(
    request: BuildRequest, platform: Platform, lock: ServerLock, kit: Kit, cache: Cache, progress: Progress
) -> Iterator[ServerPlan]:
    """The plan of a root of ``kit`` for ``request``; its archives are closed with the block."""
    wanted = base_request(replace(request, update_base=False), platform, lock.lock)
    with ServerPlan(wanted, cache, kit, progress=progress) as plan:
        yield plan


def root_recipe(root: Root, name: str, more: tuple[Entry, ...], cache: Cache, *, strip: bool) -> LayerRecipe:
    """The layer with the packages of ``root``, and ``more`` that is made here over it."""
    told = repr([(entry.path, entry.type, entry.mode, entry.link_target) for entry in more])
    key = cache_key("server-root", _VERSION, name, root.cache_key, STRIPPED_VERSION if strip else "whole", told)

    def make() -> LayerPlan:
        entries = {entry.path: entry for entry in (stripped(root.entries, cache) if strip else root.entries)}
        entries |= {entry.path: entry for entry in more}
        return LayerPlan(
            name=name,
            key=key,
            entries=tuple(entries.values()),
            dropped=root.dropped,
            created_by=f"{name} of {len(root.packages)} packages",
        )

    return LayerRecipe(name=name, key=key, packages=(), make=make)


def writable_entries(paths: Iterable[str]) -> tuple[Entry, ...]:
    """Directories that anybody may write to, for absolute ``paths``: a platform may choose the user."""
    return tuple(
        Entry(path=path.strip("/"), type="dir", mode=0o1777, owner="lightship", why="writable at run time")
        for path in sorted(set(paths))
    )


def missing_findings(root: Root) -> tuple[Finding, ...]:
    """Libraries that something in the image asks for and no package has."""
    return tuple(
        Finding(
            code="missing-library",
            severity="warning",
            title="a library that nothing provides",
            message=f"no package has {soname}: {why}",
            location=soname,
            fix="if it is used: --system-package with the package that brings it",
        )
        for soname, why in root.missing.items()
    )
