"""The merged tree of an image's layers, and which layer added, changed or shadowed a path.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md, "Applying Changesets". A parent
that is a symbolic link is followed inside the root, as engines do. Contents are not held: a node names the layer and
the number of the member that has them.
"""

from collections.abc import Iterator, Mapping
from typing import Literal

from lightship.rootfs.links import resolve
from lightship.values import dataclass

__all__ = ["Node", "NodeType", "Shadowed", "Tree"]

NodeType = Literal["file", "dir", "symlink", "device"]
"""``device`` stands for whatever is none of the others: block and character devices, FIFOs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One path. ``layer`` is the index, from the bottom, of the layer whose version this is, ``added_by`` that of the
    layer since which the path has been there. ``source`` is (layer, number of the member in its tar) for content:
    names with one source are hard links of one file. ``mode`` holds permission, setuid, setgid and sticky bits."""

    path: str
    type: NodeType
    mode: int = 0o755
    uid: int = 0
    gid: int = 0
    mtime: int = 0
    unpacked_bytes: int = 0
    link_target: str = ""
    layer: int
    added_by: int
    source: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shadowed:
    """Bytes that are in ``layer`` and cannot be seen: a higher layer ``by`` changed or removed their path."""

    path: str
    layer: int
    by: int
    how: Literal["changed", "removed"]
    unpacked_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """Made by `lightship.rootfs.merge.merge`. Keys of ``nodes`` are link-free paths; the root is ``""``."""

    nodes: Mapping[str, Node]
    shadowed: tuple[Shadowed, ...] = ()

    def walk(self) -> Iterator[Node]:
        """Every node but the root, sorted by path: a directory comes before what is in it."""
        for path in sorted(self.nodes):
            if path:
                yield self.nodes[path]

    def resolve(self, path: str) -> str:
        """The link-free path that ``path`` means inside; it may not exist. Raise HostileError for a loop."""
        return resolve(path, self._readlink)

    def find(self, path: str) -> Node | None:
        """The node that ``path`` leads to, links followed."""
        return self.nodes.get(self.resolve(path))

    def hard_links(self) -> dict[tuple[int, int], tuple[str, ...]]:
        """The sources of files that have more than one name, with their names sorted."""
        names: dict[tuple[int, int], list[str]] = {}
        for node in self.walk():
            if node.type == "file":
                names.setdefault(node.source, []).append(node.path)
        return {source: tuple(paths) for source, paths in names.items() if len(paths) > 1}

    def _readlink(self, path: str) -> str | None:
        node = self.nodes.get(path)
        return node.link_target if node is not None and node.type == "symlink" else None
