"""What a drop rule is, and what it may know: one distribution at a time, never the whole image.

A rule that sees one distribution only makes what is left out a function of the wheel, the target and the options:
a layer's key can be computed without opening the wheel, and one version bump never changes another package's files.
"""

import functools
import posixpath
from collections.abc import Callable, Collection, Iterable, Mapping

from lightship.archive.inflate import Containers, read_content
from lightship.ecosystem.python.target import Target
from lightship.findings import Safety
from lightship.plan.drop.mentions import Mentions
from lightship.plan.model import Entry
from lightship.plan.reading import read_head
from lightship.values import dataclass

__all__ = ["Distribution", "Rule"]


class Distribution:
    """One installed distribution as rules see it.

    ``files`` maps paths as ``RECORD`` names them, relative to site-packages (``numpy/core/x.py``,
    ``../../../bin/f2py``), to entries. ``imports`` are dotted names that code outside the distribution is known to
    import; ``required_by`` names who asks for it. Contents are read through ``containers``, which the caller closes.
    Views are computed when a rule first asks.
    """

    def __init__(
        self,
        name: str,
        files: Mapping[str, Entry],
        containers: Containers,
        *,
        target: Target | None = None,
        required_by: Collection[str] = (),
        imports: Collection[str] = (),
    ) -> None:
        self.name = name
        self.files = files
        self._containers = containers
        self.target = target
        self.required_by = required_by
        self.imports = imports
        self._read: dict[str, bytes] = {}

    @functools.cached_property
    def by_suffix(self) -> dict[str, list[str]]:
        """Paths by lower-case suffix: ``.py``; "" for names without one (``Makefile``, ``.gitignore``)."""
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(posixpath.splitext(path)[1].lower(), []).append(path)
        return found

    @functools.cached_property
    def by_directory(self) -> dict[str, list[str]]:
        """Paths by every directory they lie directly in; "" is site-packages itself."""
        found: dict[str, list[str]] = {}
        for path in self.files:
            found.setdefault(posixpath.dirname(path), []).append(path)
        return found

    @functools.cached_property
    def top_level(self) -> frozenset[str]:
        """First parts of the paths inside site-packages, without the distribution's own metadata directory."""
        firsts = {path.partition("/")[0] for path in self.files if not path.startswith("../")}
        return frozenset(first for first in firsts if not first.endswith((".dist-info", ".egg-info")))

    @functools.cached_property
    def mentions(self) -> Mentions:
        """What the distribution's own sources import or name."""
        return Mentions(self.files, self.read)

    def with_suffix(self, *suffixes: str) -> list[str]:
        """Paths that end in one of the lower-case ``suffixes``."""
        return [path for suffix in suffixes for path in self.by_suffix.get(suffix, ())]

    def read(self, path: str) -> bytes:
        """A file's bytes; nothing is read twice."""
        found = self._read.get(path)
        if found is None:
            content = self.files[path].content
            found = self._read[path] = (
                bytes(read_content(content, self._containers, path)) if content is not None else b""
            )
        return found

    def head(self, path: str, size_bytes: int) -> bytes:
        """A file's first bytes."""
        content = self.files[path].content
        return b"" if content is None else read_head(content, size_bytes, self._containers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One reason to leave files out. ``select`` yields paths of the distribution; ``doc`` is the rule's page.

    ``version`` is raised when what it selects changes: it is part of every layer's key. ``whole`` rules take
    distributions with their metadata.
    """

    code: str
    safety: Safety
    reason: str
    select: Callable[[Distribution], Iterable[str]]
    doc: str
    version: int = 1
    whole: bool = False
