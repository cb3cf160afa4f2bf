"""The building site: a root with compilers and headers, unpacked once into the cache, for wheels built from sources.

It is made like the base it builds for, from the same archive and for the same interpreter, and is never shipped.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.base.kit import BUILD
from lightship.base.lock import BaseLock
from lightship.base.materialize import materialize
from lightship.base.plan import plan_base
from lightship.base.request import BaseRequest
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.rootfs.removal import remove, remove_stale
from lightship.store.cache import Cache, cache_key

__all__ = ["BuildRoot", "build_root"]

_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRoot:
    """``directory`` is in the cache (kind ``rootfs``) and must not be changed; ``key`` changes with its content.
    ``lock`` is the request's, with the build root's packages added."""

    directory: Path
    key: str
    interpreter: Interpreter
    lock: BaseLock
    packages: tuple[str, ...]


def build_root(
    request: BaseRequest, cache: Cache, *, packages: Iterable[str] = (), progress: Progress = SILENT
) -> BuildRoot:
    """The build root for ``request``'s platform and interpreter, with ``packages`` (``libmpfr-dev``) beside the
    compilers. ``request.system_packages`` are not in it. Raise as `lightship.base.plan` does."""
    with plan_base(replace(request, system_packages=()), cache, kit=BUILD, progress=progress) as plan:
        base = plan.close(system_packages=sorted(set(packages)))
    key = cache_key("build-root", _VERSION, base.cache_key)
    directory = cache.path("rootfs", key)
    if not directory.is_dir():
        remove_stale(directory.parent.glob(".*.tmp"))
        progress.start("build root", len(base.entries), unit="files")
        with storage_errors("write the build root"):
            temporary = directory.with_name(f".{key[:16]}.{secrets.token_hex(6)}.tmp")
            try:
                materialize(base.entries, temporary)
                if not directory.is_dir():
                    temporary.rename(directory)
            finally:
                remove(temporary)  # what is left when it failed, or when another process was first
        progress.finish("build root")
    return BuildRoot(
        directory=directory,
        key=key,
        interpreter=base.interpreter,
        lock=base.lock,
        packages=tuple(f"{name}={version}" for name, version in sorted(base.packages.items())),
    )
