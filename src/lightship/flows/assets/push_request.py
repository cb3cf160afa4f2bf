"""What is asked of ``lightship assets push``, and what became of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lightship.assets.push.outgoing import Outgoing
from lightship.assets.push.plan import Collection
from lightship.assets.push.release import Coding, Entry
from lightship.assets.push.target import Target
from lightship.flows.assets.push_store import Clock

__all__ = ["Maps", "PushOutcome", "PushRequest", "SitePush"]

Maps = Literal["skip", "push"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PushRequest:
    """``encoding`` None: gzip, and identity for a directory, which keeps no headers. ``take_over``: a push that is
    deleting is not waited for, since somebody knows that it is over. ``purge`` is given the paths of
    addresses, and answers with what the CDN calls the order; ``waive`` forgets purges that earlier pushes owe. ``jobs``
    is for processors, ``connections`` for the store."""

    directory: Path
    target: Target
    base: str = ""
    cdn: str = ""
    keep: int = 5
    encoding: Coding | None = None
    maps: Maps = "skip"
    maps_target: Target | None = None
    overwrite: bool = False
    take_over: bool = False
    dry_run: bool = False
    purge: Callable[[Sequence[str]], str] | None = None
    waive: bool = False
    jobs: int = 2
    connections: int = 16
    clock: Clock = field(default_factory=Clock)


@dataclass(frozen=True, slots=True, kw_only=True)
class SitePush:
    """What became of one store. ``sent`` and ``there`` together are the release; ``release`` is its manifest's name,
    None where none was written. ``purged`` are paths of addresses, ``purge_order`` what the CDN calls it; ``owed`` are
    those that an earlier push was to purge, did not, and this one did not either. ``kept_by_cdn`` are names with a hash
    that were written over and not purged: who has the former content keeps it for a year."""

    target: Target
    root: str
    sent: tuple[Entry, ...]
    there: tuple[Entry, ...]
    collection: Collection
    purged: tuple[str, ...] = ()
    purge_order: str = ""
    owed: tuple[str, ...] = ()
    foreign: tuple[str, ...] = ()
    kept_by_cdn: tuple[str, ...] = ()
    release: str | None = None
    unchanged: bool = False
    releases_kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PushOutcome:
    """``maps`` are the source maps with their bytes; ``maps_site`` their own store where they have one. ``placeholder``
    are files that ask for what no CDN is: the build was not retargeted."""

    request: PushRequest
    site: SitePush
    maps: tuple[Outgoing, ...]
    maps_site: SitePush | None
    hidden: tuple[str, ...]
    links: tuple[str, ...]
    skipped: tuple[str, ...]
    placeholder: tuple[str, ...]
    seconds: float
