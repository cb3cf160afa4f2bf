"""What no package owns, grouped by the directories that say most: as few as tell where the bytes are."""

from array import array

from lightship.analyze.entries import Entries
from lightship.analyze.merge import Merged
from lightship.analyze.model import NOBODY, UnownedPlace

__all__ = ["group_unowned"]

_SHARE = 20
"""A directory is told of by itself when a twentieth of all unowned bytes lies below it."""
_LEAST_BYTES = 100_000


def group_unowned(entries: Entries, tree: Merged, owners: "array[int]") -> tuple[UnownedPlace, ...]:
    """Places that add up to everything visible that has no owner, most bytes first."""
    sums = _sums(entries, tree, owners)
    if not sums:
        return ()
    least = max(sums[""][0] // _SHARE, _LEAST_BYTES)
    inside: dict[str, list[str]] = {}
    for path, (unpacked, _, _) in sums.items():
        if path and unpacked >= least:
            inside.setdefault(path.rpartition("/")[0], []).append(path)
    places, todo = [], [""]
    while todo:
        path = todo.pop()
        large = inside.get(path, [])
        todo += large
        own = [total - sum(sums[below][place] for below in large) for place, total in enumerate(sums[path])]
        if own[2]:
            places.append(UnownedPlace(path=path, unpacked_bytes=own[0], compressed_bytes=own[1], files=own[2]))
    return tuple(sorted(places, key=lambda place: (-place.unpacked_bytes, place.path)))


def _sums(entries: Entries, tree: Merged, owners: "array[int]") -> dict[str, list[int]]:
    """Unpacked bytes, compressed bytes and files below each directory that has any."""
    direct: dict[str, list[int]] = {}
    for path, row, unpacked_bytes, compressed_bytes in tree.shares(entries):
        if owners[row] == NOBODY:
            sums = direct.setdefault(path.rpartition("/")[0], [0, 0, 0])
            sums[0] += unpacked_bytes
            sums[1] += compressed_bytes
            sums[2] += 1
    below: dict[str, list[int]] = {}
    for directory, sums in direct.items():
        here = directory
        while True:
            total = below.setdefault(here, [0, 0, 0])
            for place in range(3):
                total[place] += sums[place]
            if not here:
                break
            here = here.rpartition("/")[0]
    return below
