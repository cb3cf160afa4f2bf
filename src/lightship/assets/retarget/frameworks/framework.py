"""What is to be known of a framework's build directory."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from lightship.assets.retarget.slot import Slot

__all__ = ["Framework", "Tree", "any_file", "no_sizes"]


class Tree(Protocol):
    """A directory that was scanned."""

    @property
    def paths(self) -> frozenset[str]:
        """Of its files, relative; without sidecars."""

    def read(self, path: str) -> bytes:
        """The plain bytes of one."""


def no_sizes(path: str, content: bytes, tree: Tree) -> list[Slot]:  # noqa: ARG001 - the signature of those that have some
    """Nothing in its files tells another file's size."""
    return []


def any_file(path: str) -> bool:  # noqa: ARG001
    """All of them."""
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Framework:
    """``line`` is what a project says for a build whose prefix can be replaced, ``{prefix}`` in it, in the file
    ``where``. ``prefix_of`` tells the prefix a directory was built with: None where that cannot be seen, empty for
    none.
    ``idle`` are folders that no server and no browser reads; ``caches`` what a server writes while it runs and makes
    again, pages with the old prefix. ``sizes`` are places of other files' sizes. ``asked`` tells the files that a
    browser gets, ``moved`` those of them that always come from the CDN."""

    name: str
    title: str
    line: str
    where: str
    recognise: Callable[[Tree], bool]
    prefix_of: Callable[[Tree], str | None]
    idle: tuple[str, ...] = ()
    caches: tuple[str, ...] = ()
    sizes: Callable[[str, bytes, Tree], list[Slot]] = no_sizes
    asked: Callable[[str], bool] = any_file
    moved: Callable[[str], bool] | None = None
