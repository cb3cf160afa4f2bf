"""Every member of every layer, as columns: a row costs its path and some 40 bytes.

A row's number is its identity everywhere in `lightship.analyze`. Rows of one layer are in the order of its tar, layers
bottom first. A directory that no member describes has a row too, without bytes, at the end.
"""

from array import array
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["DEVICE", "DIRECTORY", "FILE", "HARD_LINK", "OPAQUE", "SYMLINK", "WHITEOUT", "Entries", "Row"]

FILE: Final = 0
DIRECTORY: Final = 1
SYMLINK: Final = 2
HARD_LINK: Final = 3
DEVICE: Final = 4
WHITEOUT: Final = 5
OPAQUE: Final = 6
"""What a row is. A whiteout's path is what it removes; an opaque one's is the directory whose lower content it hides.
Devices and FIFOs are DEVICE."""

Row = tuple[str, int, int, int, int, int, int, int]
"""Path, kind, mode, uid, gid, mtime, size, CRC-32."""

_LATEST = 2**62
_LARGEST_ID = 2**32 - 1


class Entries:
    """The columns. Made by `lightship.analyze.read`, completed by `lightship.analyze.merge`, then left alone.

    ``paths`` are normal and, once merged, free of links: a member below a symlinked directory has the path where it
    lies. ``kinds`` are the constants above. ``sizes`` are bytes of files, 0 for what is none. ``crcs`` are CRC-32 of
    contents: with the size enough to tell equal files apart from others by chance, not by malice. ``compressed`` is the
    row's share of its layer's blob, header and padding included; the shares of a layer add up to the blob, but for what
    stands after its last member. ``layers`` are indexes from the bottom. ``link_targets`` are verbatim for symlinks,
    normal paths for hard links. ``xattrs`` counts those of a file that has any.
    """

    __slots__ = (
        "compressed", "crcs", "gids", "kinds", "layers", "link_targets", "modes", "mtimes", "paths", "sizes", "uids",
        "xattrs",
    )  # fmt: skip

    def __init__(self) -> None:
        self.paths: list[str] = []
        self.kinds = bytearray()
        self.layers = array("H")
        self.modes = array("H")
        self.uids = array("I")
        self.gids = array("I")
        self.mtimes = array("q")
        self.sizes = array("Q")
        self.crcs = array("I")
        self.compressed = array("Q")
        self.link_targets: dict[int, str] = {}
        self.xattrs: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.paths)

    def add(
        self, path: str, kind: int, mode: int = 0o755, uid: int = 0, gid: int = 0, mtime: int = 0, size: int = 0,
        crc: int = 0,
    ) -> int:  # fmt: skip
        """A row more, without layer and compressed bytes; return its number."""
        self.add_all([(path, kind, mode, uid, gid, mtime, size, crc)])
        return len(self.paths) - 1

    def add_all(self, rows: Sequence[Row]) -> None:
        """Rows more, as `add`. Many at once take a third of the time of one after the other."""
        if not rows:
            return
        first = len(self.paths)
        paths, kinds, modes, uids, gids, mtimes, sizes, crcs = zip(*rows, strict=True)
        self.paths += paths
        self.kinds += bytes(kinds)
        self.modes.extend(modes)
        self.sizes.extend(sizes)
        self.crcs.extend(crcs)
        try:
            self.uids.extend(uids)
            self.gids.extend(gids)
            self.mtimes.extend(mtimes)
        except OverflowError:  # as good as never, and a check of every row would cost a tenth of the scan
            self._clamp(first, uids, gids, mtimes)

    def _clamp(self, first: int, uids: Iterable[int], gids: Iterable[int], mtimes: Iterable[int]) -> None:
        self.uids[first:] = array("I", (min(max(uid, 0), _LARGEST_ID) for uid in uids))
        self.gids[first:] = array("I", (min(max(gid, 0), _LARGEST_ID) for gid in gids))
        self.mtimes[first:] = array("q", (min(max(mtime, -_LATEST), _LATEST) for mtime in mtimes))

    def add_implied(self, path: str, layer: int) -> int:
        """The row of a directory that ``layer`` needs and does not describe."""
        row = self.add(path, DIRECTORY)
        self.layers.append(layer)
        self.compressed.append(0)
        return row

    def extend(self, other: "Entries", layer: int) -> range:
        """Take over the rows of ``other`` as those of ``layer``; return their numbers."""
        first = len(self.paths)
        self.paths += other.paths
        self.kinds += other.kinds
        self.modes += other.modes
        self.uids += other.uids
        self.gids += other.gids
        self.mtimes += other.mtimes
        self.sizes += other.sizes
        self.crcs += other.crcs
        self.compressed += other.compressed
        self.layers.extend([layer] * len(other))
        for row, target in other.link_targets.items():
            self.link_targets[first + row] = target
        for row, count in other.xattrs.items():
            self.xattrs[first + row] = count
        return range(first, len(self.paths))
