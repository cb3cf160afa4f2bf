"""A project's files as a view: paths, and a reader of bytes. A directory, a build context and a dict look the same."""

import ast
import json
import tomllib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lightship.errors import LightshipError

__all__ = ["MAX_FILE_BYTES", "ProjectFiles"]

MAX_FILE_BYTES = 32 << 20
"""What a reader gives of one file at most: locks have some MB, sources far less."""

_LEFT_OUT = frozenset(
    (
        "node_modules",
        "site-packages",
        "venv",
        "env",
        "tests",
        "test",
        "docs",
        "doc",
        "examples",
        "benchmarks",
        "build",
        "dist",
    )
)
_SOURCE_BYTES = 1 << 20
_MOST_SOURCES = 5000
_KEPT_BYTES = 64 << 20
"""The sources of a large application come to some 15 MB; what is beyond is read again."""


@dataclass(frozen=True, slots=True)
class ProjectFiles:
    """``paths`` are relative, with ``/`` between parts, sorted. ``read`` gives a file's bytes; it may raise a
    LightshipError or OSError, and the file then counts as absent."""

    paths: tuple[str, ...]
    read: Callable[[str], bytes] = field(repr=False)
    _known: frozenset[str] = field(default=frozenset(), repr=False)
    _sources: dict[str, bytes] = field(default_factory=dict, compare=False, repr=False)
    """Python sources that were read, up to `_KEPT_BYTES`: each question looks through all of them."""
    _kept_bytes: list[int] = field(default_factory=lambda: [0], compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.paths))

    @classmethod
    def of(cls, contents: Mapping[str, str | bytes]) -> "ProjectFiles":
        """A view of a dict."""
        coded = {path: text.encode() if isinstance(text, str) else text for path, text in contents.items()}
        return cls(tuple(sorted(coded)), coded.__getitem__)

    def __contains__(self, path: str) -> bool:
        return path in self._known

    def bytes_of(self, path: str) -> bytes:
        """The file's bytes, empty where it is absent, unreadable or past any honest size."""
        if path not in self._known:
            return b""
        if path in self._sources:
            return self._sources[path]
        try:
            content = self.read(path)
        except (LightshipError, OSError):  # an unreadable file says nothing about the project; a scan goes on
            content = b""
        if len(content) > MAX_FILE_BYTES:
            content = b""
        if path.endswith(".py") and self._kept_bytes[0] + len(content) <= _KEPT_BYTES:
            self._sources[path] = content
            self._kept_bytes[0] += len(content)
        return content

    def text(self, path: str) -> str:
        """The file as UTF-8, what is no UTF-8 replaced."""
        return self.bytes_of(path).decode("utf-8", "replace").removeprefix("\ufeff")

    def toml(self, path: str) -> dict[str, object]:
        """The file as TOML; an empty table where it is absent or broken."""
        try:
            return tomllib.loads(self.text(path))
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}

    def json(self, path: str) -> dict[str, object]:
        """The file as a JSON object; an empty one where it is absent or broken."""
        try:
            document = json.loads(self.text(path))
        except (ValueError, RecursionError):
            return {}
        return document if isinstance(document, dict) else {}

    def tree(self, path: str) -> ast.Module | None:
        """The syntax tree of a Python file, None where it has none."""
        content = self.bytes_of(path)
        if not content or len(content) > _SOURCE_BYTES:
            return None
        try:
            return ast.parse(content)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None

    def sources(self) -> Iterator[str]:
        """Python files of the application, the shallow first: no tests, no documents, nothing hidden or installed."""
        wanted = (path for path in self.paths if path.endswith(".py") and _is_application(path))
        yield from sorted(wanted, key=lambda path: (path.count("/"), path))[:_MOST_SOURCES]

    def named(self, names: Iterable[str]) -> Iterator[str]:
        """Files called one of ``names`` anywhere, the shallow first, none of them installed or hidden."""
        wanted = frozenset(names)
        found = (path for path in self.paths if path.rpartition("/")[2] in wanted and _is_application(path))
        yield from sorted(found, key=lambda path: (path.count("/"), path))


def _is_application(path: str) -> bool:
    """False below directories that are hidden, installed, or hold tests and documents."""
    return not any(part in _LEFT_OUT or part.startswith(".") for part in path.split("/")[:-1])
