"""What a rule about a Next.js server is, and what it may know: the whole tree, and what is asked of it."""

import functools
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass

from lightship.assets.standalone.doors import closed_doors, roots, unasked
from lightship.assets.standalone.model import StandaloneOptions
from lightship.assets.standalone.reach import reachable
from lightship.assets.standalone.tree import ServerTree
from lightship.findings import Safety

__all__ = ["Rule", "Server"]

_MODULES = re.compile(r"(?:^|/)node_modules/")


class Server:
    """A server as rules see it. ``opened`` are the files that a traced run opened, where there was one. Views are
    computed when a rule first asks."""

    def __init__(self, tree: ServerTree, options: StandaloneOptions, *, opened: Collection[str] | None = None) -> None:
        self.tree = tree
        self.options = options
        self.opened = frozenset(opened) if opened is not None else None

    @functools.cached_property
    def modules(self) -> tuple[str, ...]:
        """Files below any ``node_modules``."""
        return tuple(path for path in self.tree.files if _MODULES.search(path))

    @functools.cached_property
    def needed(self) -> frozenset[str]:
        """Files that the server can load, as far as sources say; its builder and its development server are not
        entered."""
        tree = self.tree
        return reachable(tree, roots(tree), closed=closed_doors(tree), unasked=unasked(sharp=self.optimises_images))

    @functools.cached_property
    def optimises_images(self) -> bool:
        """Whether this server makes pictures smaller: as the build's configuration has it, unless that is off. With
        ``unoptimized`` or a loader of its own Next.js answers 404 there (``images`` of next.config.js)."""
        images = self.tree.images
        as_built = not images.get("unoptimized") and images.get("loader", "default") == "default"
        return as_built and self.options.images == "keep"

    @functools.cached_property
    def scripts(self) -> tuple[str, ...]:
        """What the build wrote for the server and for browsers."""
        folders = (f"{self.tree.dist}/server/", f"{self.tree.dist}/static/")
        return tuple(path for path in self.tree.files if path.startswith(folders) and path.endswith((".js", ".html")))

    @functools.cached_property
    def asks_for_images(self) -> bool:
        """Whether a script or page of the build names the path of the optimiser: ``next/image`` is used."""
        path = self.tree.images.get("path")
        wanted = (path if isinstance(path, str) and path else "/_next/image").encode()
        return any(wanted in self.tree.read(script) for script in self.scripts)

    def within(self, *folders: str) -> Iterator[str]:
        """Files below folders of the package ``next``, without what is needed."""
        head = f"{self.tree.next_folder}/dist/"
        wanted = tuple(head + folder for folder in folders)
        return (path for path in self.modules if path.startswith(wanted) and path not in self.needed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reason to leave files out. ``select`` yields paths of the tree; ``doc`` is the rule's page."""

    code: str
    safety: Safety
    reason: str
    select: Callable[[Server], Iterable[str]]
    doc: str
