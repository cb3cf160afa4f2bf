"""What recognisers share: the files they ask for, the view they look through, and what they find.

A recogniser is told of an image, a directory or a dict in a test by the same `Files`; it never opens a path of the
host. While an image streams by, only contents that a `Wanted` names are kept, so that a recogniser must say beforehand
what it reads.
"""

import functools
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

__all__ = ["Files", "Found", "Recogniser", "Scanner", "Wanted"]


def _whole(content: bytes) -> bytes:
    return content


@functools.lru_cache(maxsize=4096)  # the files of a directory come one after the other
def _is_in(pattern: str, directory: str) -> bool:
    return re.fullmatch(pattern, directory, re.DOTALL) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Files whose contents a recogniser reads: those called ``name``, or that end in ``suffix`` (from the last dot on),
    or all, in directories whose whole path matches ``directory``; one without ``name`` and ``suffix`` names one
    directory, without wildcards. A file above ``cap_bytes`` is not kept. ``keep`` makes what is kept of the content
    smaller; it may not raise, and gives ``b""`` for what it does not understand."""

    name: str = ""
    suffix: str = ""
    directory: str = ".*"
    cap_bytes: int
    keep: Callable[[bytes], bytes] = field(default=_whole, repr=False)

    def is_in(self, directory: str) -> bool:
        """Whether files of ``directory`` are meant."""
        return _is_in(self.directory, directory)


class Scanner(Protocol):
    """Looks at one executable (no shared library) as its bytes go by, in bounded memory."""

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""

    def result(self) -> bytes:
        """What was found, for `Files.read` under the recogniser's ``code``; empty when there is nothing."""


class Files(Protocol):
    """The merged tree as recognisers see it. Paths are normal and link-free."""

    def kept(self, *names: str) -> Iterator[tuple[str, bytes]]:
        """Every file that is visible and was kept, by path, whose name is one of ``names`` or ends in one that begins
        with a dot; all that were kept in a directory when one name ends in ``/``."""

    def read(self, path: str) -> bytes | None:
        """What was kept of the file ``path``, links followed; None when it is not there or was not kept."""

    def scanned(self, code: str) -> Iterator[tuple[str, bytes]]:
        """Executables in which the `Scanner` of ``code`` found something, and what."""

    def exists(self, path: str) -> bool:
        """Whether ``path`` leads anywhere, links followed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A package. ``location`` is the file that tells of it. ``paths`` are what it says it owns, as it says it: links
    on the way are followed by whoever attributes; directories among them count for nothing. Of ``directories`` it owns
    whatever no package names and none is closer to. ``requires`` are names in the same ecosystem (alternatives of one
    dependency in one tuple), ``may_require`` those that a condition decides on: they count where they are there, and
    are not missed where they are not. ``provides`` are other names it goes by. ``requested``: a person asked for it,
    None where nothing tells."""

    ecosystem: str
    name: str
    version: str
    location: str
    paths: Iterable[str] = field(default=(), repr=False)
    directories: tuple[str, ...] = ()
    requires: tuple[tuple[str, ...], ...] = ()
    may_require: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    architecture: str = ""
    requested: bool | None = None


class Recogniser(Protocol):
    """One way in which packages leave traces. ``code`` names it; `problem` is called with (path, why) for what it
    cannot understand, and it goes on."""

    @property
    def code(self) -> str:
        """``dpkg``, ``python``, …"""

    @property
    def wanted(self) -> tuple[Wanted, ...]:
        """What it reads."""

    @property
    def scanner(self) -> Callable[[], Scanner] | None:
        """Looks into executables where it is not None."""

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """Every package, in the order of paths."""
