"""Paths that two wheels own, and which of them wins.

uv installs wheels in parallel and writes files without arbitration: for the same path the last writer wins, and which
that is differs from run to run (astral-sh/uv#13435, #21819; uv 0.13.9 with two small colliding wheels gave both
outcomes in eight runs). Here the winner is one of uv's outcomes, the same each time, and the one that its authors aim
at (astral-sh/uv#17662) and pip has: dependencies are installed before what depends on them, otherwise by name, and the
last one wins. It wins every path it shares with another wheel, so no package is a mixture by chance.
"""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightship.archive.content import Inline
from lightship.build.install import InstalledWheel
from lightship.errors import InputError
from lightship.findings import Finding
from lightship.paths import parents
from lightship.plan.model import Entry

__all__ = ["Collision", "collision_findings", "find_collisions", "install_order", "losers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Collision:
    """``path`` (in the image) is in both wheels; ``winner`` and ``loser`` are normalised names."""

    path: str
    winner: str
    loser: str
    identical: bool


def install_order(required_by: Mapping[str, Collection[str]]) -> tuple[str, ...]:
    """Names with dependencies before dependents, by name where that leaves a choice and within cycles.

    ``required_by`` maps each name to those that ask for it; names that are not keys (the project) are ignored.
    """
    waits_for = dict.fromkeys(required_by, 0)
    dependents: dict[str, list[str]] = {name: [] for name in required_by}
    for name in sorted(required_by):
        for dependent in sorted(set(required_by[name]) & waits_for.keys() - {name}):
            dependents[name].append(dependent)
            waits_for[dependent] += 1
    ready = [name for name in sorted(waits_for) if not waits_for[name]]
    order: list[str] = []
    left = set(waits_for)
    while left:
        name = heapq.heappop(ready) if ready else min(left)
        if name not in left:
            continue
        left.discard(name)
        order.append(name)
        for dependent in dependents[name]:
            waits_for[dependent] -= 1
            if not waits_for[dependent] and dependent in left:
                heapq.heappush(ready, dependent)
    return tuple(order)


def find_collisions(installed: Sequence[InstalledWheel]) -> tuple[Collision, ...]:
    """Every path that more than one of ``installed``, given in install order, has; sorted by path.

    Raise InputError where one wheel has a file and another needs a directory: no installer can do both.
    """
    owners: dict[str, list[tuple[InstalledWheel, str]]] = {}
    for wheel in installed:
        for place, entry in wheel.files.items():
            owners.setdefault(entry.path, []).append((wheel, place))
    _refuse_files_as_directories(owners)
    found: list[Collision] = []
    for path, claims in owners.items():
        winner, place = claims[-1]
        found.extend(
            Collision(
                path=path,
                winner=winner.name,
                loser=loser.name,
                identical=_fingerprint(winner, place) == _fingerprint(loser, loser_place),
            )
            for loser, loser_place in claims[:-1]
        )
    return tuple(sorted(found, key=lambda collision: (collision.path, collision.loser)))


def collision_findings(collisions: Iterable[Collision]) -> tuple[Finding, ...]:
    """One finding for each pair of wheels: a note when everything they share is the same, else a warning that names
    the first path that differs."""
    pairs: dict[tuple[str, str], list[Collision]] = {}
    for collision in collisions:
        pairs.setdefault((collision.loser, collision.winner), []).append(collision)
    return tuple(_finding(loser, winner, shared) for (loser, winner), shared in sorted(pairs.items()))


def losers(collisions: Iterable[Collision]) -> dict[str, tuple[Collision, ...]]:
    """Collisions by the name of the loser, whose layer leaves these paths out."""
    found: dict[str, list[Collision]] = {}
    for collision in collisions:
        found.setdefault(collision.loser, []).append(collision)
    return {name: tuple(lost) for name, lost in found.items()}


def _finding(loser: str, winner: str, shared: Sequence[Collision]) -> Finding:
    differing = [collision for collision in shared if not collision.identical]
    first = (differing or list(shared))[0].path
    count = len(differing or shared)
    more = f" and {count - 1} more" if count > 1 else ""
    outcome = f"differ in {first}{more}, and {winner} wins" if differing else f"both have {first}{more}, the same"
    return Finding(
        code="wheel-collision",
        severity="warning" if differing else "note",
        title="two packages own one path",
        message=f"{loser} and {winner} {outcome}",
        location=first,
        fix=f"require only one of {loser} and {winner}" if differing else None,
    )


def _refuse_files_as_directories(owners: Mapping[str, Sequence[tuple[InstalledWheel, str]]]) -> None:
    directories: dict[str, str] = {}
    for path in owners:
        above, _, _ = path.rpartition("/")
        if above not in directories:
            directories.update((directory, path) for directory in (*parents(path),))
    for directory in sorted(directories.keys() & owners.keys()):
        below = directories[directory]
        file_owner, below_owner = owners[directory][-1][0].owner, owners[below][-1][0].owner
        raise InputError(f"{directory} is a file in {file_owner} and a directory in {below_owner}")


def _fingerprint(wheel: InstalledWheel, place: str) -> tuple[object, ...]:
    """Equal where content and mode are: by ``RECORD``'s hash, or by the bytes that were made here."""
    entry: Entry = wheel.files[place]
    row = wheel.rows.get(place)
    content = entry.content
    made = content.content if isinstance(content, Inline) else None
    return (entry.mode, made) if row is None else (entry.mode, row.digest, row.size)
