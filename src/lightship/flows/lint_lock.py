"""What a context's lock offers a base, read only when a rule asks."""

import logging
from collections.abc import Callable
from pathlib import Path

from lightship.config import Options
from lightship.ecosystem.base_images import KnownBase
from lightship.ecosystem.python.offers import ANY_GLIBC, LockFacts, read_offers
from lightship.errors import LightshipError
from lightship.store.cache import Cache
from lightship.store.select import host_platform

__all__ = ["lock_reader"]

_LOG = logging.getLogger(__name__)


def lock_reader(root: Path, cache: Cache) -> Callable[[KnownBase], LockFacts | None]:
    """The lock in ``root`` for Python and this machine's processor on a base. A context without a lock, or with one
    that is broken or stale, has nothing to say: other commands complain of that."""
    known: dict[str, LockFacts | None] = {}

    def read(base: KnownBase) -> LockFacts | None:
        python = base.python or base.packaged_python
        if python is None:
            return None
        if python not in known:
            known[python] = _facts(root, python, cache)
        return known[python]

    return read


def _facts(root: Path, python: str, cache: Cache) -> LockFacts | None:
    from lightship.ecosystem.python.project import Project
    from lightship.ecosystem.python.target import Target
    from lightship.flows.wheels import select_packages

    platform = host_platform()
    try:
        project = Project.discover(root)
        target = Target(python=_full(python), platform=platform, libc="glibc", libc_version=ANY_GLIBC)
        selection = select_packages(project, target, Options(), cache)
        return read_offers(
            selection.packages, python=target.python, platform=platform, requires_python=project.requires_python
        )
    except LightshipError as error:
        _LOG.debug("no lock is read in %s: %s", root, error)
        return None


def _full(minor: str) -> str:
    """A late patch release of ``3.12``: markers compare with it."""
    return f"{minor}.99"
