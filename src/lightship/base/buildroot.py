"""The building site: a root with compilers and headers, unpacked once into the cache, for wheels built from sources.

It is made like the base it builds for, from the same archive and for the same interpreter, and is never shipped. For an
image of another machine there is a smaller one with the interpreter alone, which compiles that image's bytecode.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.base.kit import BUILD, COMPILER
from lightship.base.lock import BaseLock
from lightship.base.materialize import materialize
from lightship.base.plan import plan_base
from lightship.base.request import Base, BaseRequest
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.rootfs.removal import remove, remove_stale
from lightship.store.cache import Cache, cache_key

__all__ = ["BuildRoot", "build_root", "compiler_root"]

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
    return _unpacked(base, cache_key("build-root", _VERSION, base.cache_key), cache, "build root", progress)


def compiler_root(request: BaseRequest, cache: Cache, *, progress: Progress = SILENT) -> BuildRoot:
    """A root with the interpreter of ``request`` and nothing that an application would add."""
    with plan_base(replace(request, system_packages=()), cache, kit=COMPILER, progress=progress) as plan:
        base = plan.close()
    return _unpacked(base, cache_key("compiler-root", _VERSION, base.cache_key), cache, "compiler's root", progress)


def _unpacked(base: Base, key: str, cache: Cache, what: str, progress: Progress) -> BuildRoot:
    directory = cache.path("rootfs", key)
    if not directory.is_dir():
        remove_stale(directory.parent.glob(".*.tmp"))
        progress.start(what, len(base.entries), unit="files")
        with storage_errors(f"write the {what}"):
            temporary = directory.with_name(f".{key[:16]}.{secrets.token_hex(6)}.tmp")
            try:
                materialize(base.entries, temporary)
                if not directory.is_dir():
                    temporary.rename(directory)
            finally:
                remove(temporary)  # what is left when it failed, or when another process was first
        progress.finish(what)
    return BuildRoot(
        directory=directory,
        key=key,
        interpreter=base.interpreter,
        lock=base.lock,
        packages=tuple(f"{name}={version}" for name, version in sorted(base.packages.items())),
    )
