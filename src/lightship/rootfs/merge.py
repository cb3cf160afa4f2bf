"""Layers applied one on the other, bottom first, in memory. OCI image-spec 1.1, layer.md, "Applying Changesets".

A path is always that of a directory entry: parents that are symbolic links are followed inside the root first.
What an honest engine could not apply is an error, not a guess.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, cast

from lightship.archive.whiteout import Whiteout, parse_whiteout
from lightship.errors import HostileError, ImageError
from lightship.paths import parents
from lightship.rootfs.links import resolve
from lightship.rootfs.tree import Node, NodeType, Shadowed, Tree
from lightship.values import dataclass

__all__ = ["Member", "MemberType", "merge"]

MemberType = Literal["file", "dir", "symlink", "hardlink", "device"]


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a layer's tar, without its content. ``path`` is normal; ``number`` counts from 0 in the tar."""

    number: int
    path: str
    type: MemberType
    mode: int
    uid: int
    gid: int
    mtime: int
    unpacked_bytes: int
    link_target: str


def merge(layers: Iterable[Iterable[Member]]) -> Tree:
    """The tree that ``layers``, bottom first, make.

    Raise ImageError for a path below a file, HostileError for a hard link to what is no file of the tree.
    """
    merger = _Merger()
    for members in layers:
        ordinary = []
        for member in members:
            whiteout = parse_whiteout(member.path)
            if whiteout is None:
                ordinary.append(member)
            else:  # at once, wherever in the tar it stands: it hides what lower layers have, nothing of its own
                merger.hide(whiteout)
        for member in ordinary:
            merger.put(member)
        merger.layer += 1
    visible = {node.source for node in merger.nodes.values()}
    hidden = tuple(shadowed for shadowed, source in merger.shadowed if source not in visible)
    return Tree(nodes=merger.nodes, shadowed=hidden)


class _Merger:
    def __init__(self) -> None:
        self.layer = 0
        self.nodes: dict[str, Node] = {"": Node(path="", type="dir", layer=0, added_by=0, source=(0, -1))}
        self.shadowed: list[tuple[Shadowed, tuple[int, int]]] = []
        self._children: dict[str, dict[str, None]] = {"": {}}

    def put(self, member: Member) -> None:
        parent, _, name = member.path.rpartition("/")
        if not name:
            self._put(self._node(member, ""))
            return
        directory = self._directory(parent)
        path = f"{directory}/{name}" if directory else name
        if member.type == "hardlink":
            self._link(member, path)
        else:
            self._put(self._node(member, path))

    def hide(self, whiteout: Whiteout) -> None:
        """Forget what lower layers have at, or with an opaque one in, the whiteout's path."""
        if whiteout.opaque:
            directory = self._resolve(whiteout.path)
            for name in list(self._children.get(directory, ())):
                self._remove(f"{directory}/{name}".lstrip("/"), "removed")
            return
        parent, _, name = whiteout.path.rpartition("/")
        self._remove(f"{self._resolve(parent)}/{name}".lstrip("/"), "removed")

    def _node(self, member: Member, path: str) -> Node:
        if "\0" in member.link_target:
            raise HostileError(f"layer {self.layer}: the target of {member.path!r} holds a NUL byte")
        if not path and member.type != "dir":
            raise ImageError(f"layer {self.layer}: the root is no directory")
        return Node(
            path=path,
            type=cast("NodeType", member.type),
            mode=member.mode,
            uid=member.uid,
            gid=member.gid,
            mtime=member.mtime,
            unpacked_bytes=member.unpacked_bytes,
            link_target=member.link_target if member.type == "symlink" else "",
            layer=self.layer,
            added_by=self.layer,
            source=(self.layer, member.number),
        )

    def _link(self, member: Member, path: str) -> None:
        target = self.nodes.get(self._resolve(member.link_target, follow_last=False))
        if target is None or target.type == "dir":
            raise HostileError(
                f"layer {self.layer}: {member.path!r} is a hard link to {member.link_target!r}, which is no file in it"
            )
        if target.path != path:
            self._put(replace(target, path=path, layer=self.layer, added_by=self.layer))

    def _put(self, node: Node) -> None:
        before = self.nodes.get(node.path)
        if before is not None:
            node = replace(node, added_by=before.added_by)
            if before.type != "dir":
                self._shadow(before, "changed")
            elif node.type != "dir":
                self._remove(node.path, "changed")
        self.nodes[node.path] = node
        if node.type == "dir":
            self._children.setdefault(node.path, {})
        if node.path:
            parent, _, name = node.path.rpartition("/")
            self._children[parent][name] = None

    def _directory(self, path: str) -> str:
        """The link-free path of the directory ``path``, made when it is missing."""
        node = self.nodes.get(path)
        if node is not None and node.type == "dir":
            return path
        path = self._resolve(path)
        for above in (*parents(path), path):
            there = self.nodes.get(above)
            if there is None:
                # no member describes it: what an engine makes, owned by root
                self._put(Node(path=above, type="dir", layer=self.layer, added_by=self.layer, source=(self.layer, -1)))
            elif there.type != "dir":
                raise ImageError(f"layer {self.layer}: /{above} is no directory, and something lies below it")
        return path

    def _remove(self, path: str, how: Literal["changed", "removed"]) -> None:
        """Forget ``path`` and what is below."""
        below = [path] if path in self.nodes else []
        for directory in below:  # grows while it is walked; a recursion would end at a thousand levels
            below.extend(f"{directory}/{name}" for name in self._children.get(directory, ()))
        for here in reversed(below):
            node = self.nodes.pop(here)
            if node.type != "dir":
                self._shadow(node, how)
            self._children.pop(here, None)
            parent, _, name = here.rpartition("/")
            self._children[parent].pop(name, None)

    def _shadow(self, node: Node, how: Literal["changed", "removed"]) -> None:
        lost = Shadowed(path=node.path, layer=node.layer, by=self.layer, how=how, unpacked_bytes=node.unpacked_bytes)
        self.shadowed.append((lost, node.source))

    def _resolve(self, path: str, *, follow_last: bool = True) -> str:
        return resolve(path, self._readlink, follow_last=follow_last)

    def _readlink(self, path: str) -> str | None:
        node = self.nodes.get(path)
        return node.link_target if node is not None and node.type == "symlink" else None
