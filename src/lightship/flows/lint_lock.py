"""What a context's lock offers a base, read only when a rule asks, and remembered by the files it was read from."""

import contextlib
import json
import logging
import platform as host
from collections.abc import Callable
from pathlib import Path

from lightship.ecosystem.base_images import KnownBase
from lightship.ecosystem.python.offers import ANY_GLIBC, LockFacts, Offer, OfferedWheel, read_offers
from lightship.ecosystem.toml_view import read_capped
from lightship.errors import LightshipError
from lightship.oci.platform import Platform
from lightship.store.cache import Cache, cache_key

__all__ = ["lock_reader"]

_LOG = logging.getLogger(__name__)
_VERSION = 1
_KIND = "lint-locks"
_READ_FROM = ("uv.lock", "poetry.lock", "pylock.toml")
"""Locks that hold all they say themselves, but for pyproject.toml. Lists of requirements include others."""


def lock_reader(root: Path, cache: Cache) -> Callable[[KnownBase], LockFacts | None]:
    """The lock in ``root`` for Python and this machine's processor on a base. A context without a lock, or with one
    that is broken or stale, has nothing to say: other commands complain of that."""
    known: dict[str, LockFacts | None] = {}

    def read(base: KnownBase) -> LockFacts | None:
        python = base.python or base.packaged_python
        if python is None:
            return None
        if python not in known:
            known[python] = _remembered(root, python, cache)
        return known[python]

    return read


def _remembered(root: Path, python: str, cache: Cache) -> LockFacts | None:
    """Reading a large lock takes longer than all rules together."""
    key = _key(root, python)
    if key is None:
        return _facts(root, python, cache)
    found = cache.find(_KIND, key)
    if found is not None:
        with contextlib.suppress(OSError, ValueError, TypeError):  # a damaged record: the lock is read again
            return _from_json(found.read_text(encoding="utf-8"))
    facts = _facts(root, python, cache)
    if facts is not None:
        with contextlib.suppress(LightshipError), cache.write(_KIND, key) as stream:  # a cache that cannot be written
            stream.write(_to_json(facts).encode())
    return facts


def _key(root: Path, python: str) -> str | None:
    """Everything that the facts hang on; None where that is not told by a few files in ``root``."""
    try:
        names = sorted(path.name for path in root.iterdir())
        locks = [name for name in names if name in _READ_FROM]
        if not locks or "pyproject.toml" not in names:
            return None
        read = [read_capped(root / name) for name in ("pyproject.toml", *locks)]
    except (OSError, LightshipError):  # the reader itself tells what it cannot read
        return None
    return cache_key(_VERSION, python, host.machine(), str(locks), *read)


def _facts(root: Path, python: str, cache: Cache) -> LockFacts | None:
    from lightship.config import Options
    from lightship.ecosystem.python.project import Project
    from lightship.ecosystem.python.target import Target
    from lightship.flows.wheels import select_packages

    platform = Platform("linux", host.machine()).normal()
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


def _to_json(facts: LockFacts) -> str:
    offers = [
        (
            each.name, each.version, each.has_sdist, each.sdist_bytes, each.listed, each.required_by,
            [(wheel.filename, wheel.libc, wheel.floor, wheel.sha256, wheel.size_bytes) for wheel in each.wheels],
        )
        for each in facts.offers
    ]  # fmt: skip
    return json.dumps([facts.python, facts.machine, facts.requires_python, offers], separators=(",", ":"))


def _from_json(text: str) -> LockFacts:
    """What `_to_json` wrote; raise ValueError or TypeError for anything else."""
    python, machine, requires_python, offers = json.loads(text)
    return LockFacts(
        python=python,
        machine=machine,
        requires_python=requires_python,
        offers=tuple(
            Offer(
                name=name,
                version=version,
                has_sdist=has_sdist,
                sdist_bytes=sdist_bytes,
                listed=listed,
                required_by=tuple(required_by),
                wheels=tuple(
                    OfferedWheel(
                        filename=filename, libc=libc, floor=(major, minor), sha256=sha256, size_bytes=size_bytes
                    )
                    for filename, libc, (major, minor), sha256, size_bytes in wheels
                ),
            )
            for name, version, has_sdist, sdist_bytes, listed, required_by, wheels in offers
        ),
    )
