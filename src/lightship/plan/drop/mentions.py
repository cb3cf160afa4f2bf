"""What a distribution's own sources import or name, found without running them.

A search over bytes finds the few files worth parsing; only those become a syntax tree. A file that cannot be parsed
counts as naming everything its bytes contain. What is built at run time (``import_module("pkg." + name)``) is not
seen; a string that is a dotted name or a path is.
"""

import ast
import functools
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["Mentions"]

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+(?::[\w.]+)?|[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*:[\w.]+")
_TRAILING = re.compile(rb"[\w+-][\w.+-]*\Z")
_NAME_BYTES = 255
_LINE_BYTES = 2000
"""A line above this is not looked into before its file is parsed: patterns over it take quadratic time."""
_NOT_RUN = frozenset({"setup.py", "conftest.py"})
"""Read by installers and test runners only; a wheel that ships them did not mean to."""


class Mentions:
    """Questions about the Python sources among ``files``; ``read`` gives their bytes."""

    def __init__(self, files: Iterable[str] | Mapping[str, object], read: Callable[[str], bytes]) -> None:
        self._sources = [path for path in files if path.endswith(".py") and posixpath.basename(path) not in _NOT_RUN]
        self._product = [path for path in self._sources if "/tests/" not in path]
        self._entry_points = [path for path in files if path.endswith(".dist-info/entry_points.txt")]
        self._read = read

    def text(self, *needles: bytes) -> bool:
        """True when any source, tests aside, holds one of ``needles``."""
        return any(needle in self._read(path) for path in self._product for needle in needles)

    def string(self, needle: str) -> bool:
        """True when a source has a string with ``needle`` in it; comments, docstrings and tests do not count."""
        raw = needle.encode()
        return any(raw in self._read(path) and _has_string(self._read(path), needle) for path in self._product)

    def file_names(self, *suffixes: str) -> set[str]:
        """File names with one of ``suffixes`` that end a string in a source, tests aside: ``x.h`` of ``"i/x.h"``."""
        ends = re.compile(b"(?:" + b"|".join(re.escape(suffix.encode()) for suffix in suffixes) + rb")(?=['\"])")
        found: set[str] = set()
        for path in self._product:
            source = self._read(path)
            for end in ends.finditer(source):
                # Backwards from the end, and no further than a name may be long: sources have megabytes of base64.
                name = _TRAILING.search(source[max(0, end.start() - _NAME_BYTES) : end.start()])
                if name is not None:
                    found.add((name[0] + end[0]).decode())
        return found

    def kept(self, roots: Iterable[str]) -> set[str]:
        """Those directories of ``roots`` (``pkg/tests``) that sources outside all of them need.

        Needed is what is imported or named as a dotted string, a path or an entry point by a source outside, or by
        a source in a directory that is itself needed. The ``__init__.py`` files of a directory at the top of
        site-packages count as outside: they stay, and must go on working.
        """
        left = set(roots)
        if not left:
            return set()
        quick = _Prefilter({posixpath.basename(root) for root in left})
        outside = [path for path in self._sources if _root_of(path, left) is None or _stays(path, left)]
        needed: set[str] = set()
        found = self._named_by_entry_points(left)
        while found or outside:
            found |= {root for path in outside for root in self._named(path, quick, left - found)}
            needed |= found
            left -= found
            outside = [path for path in self._sources if _root_of(path, found) is not None] if left else []
            found = set()
        return needed

    def _named(self, path: str, quick: "_Prefilter", roots: set[str]) -> Iterator[str]:
        source = self._read(path)
        if not quick.search(source) and not _stays(path, roots):
            return
        modules, paths = _names(path, source)
        for root in roots:
            dotted = root.replace("/", ".")
            below = [root + "/"]
            if posixpath.dirname(path) == posixpath.dirname(root):
                below.append(posixpath.basename(root) + "/")
            if _any_below(modules, dotted) or any(text.startswith(tuple(below)) for text in paths):
                yield root

    def _named_by_entry_points(self, roots: set[str]) -> set[str]:
        text = b"\n".join(self._read(path) for path in self._entry_points).decode(errors="replace")
        values = [line.partition("=")[2].strip() for line in text.splitlines()]
        return {root for root in roots if _any_below(values, root.replace("/", "."))}


def _has_string(source: bytes, needle: str) -> bool:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    found = {id(node) for node in ast.walk(tree) if isinstance(node, ast.Constant) and needle in str(node.value)}
    documents = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return bool(found - documents)


def _stays(path: str, roots: set[str]) -> bool:
    return path.endswith("/__init__.py") and path.partition("/")[0] in roots


def _any_below(names: Iterable[str], dotted: str) -> bool:
    """True when one of ``names`` is ``dotted``, a module below it or an object in it (``pkg.tests:run``)."""
    return any(name == dotted or name.startswith((dotted + ".", dotted + ":")) for name in names)


def _root_of(path: str, roots: set[str]) -> str | None:
    index = path.find("/")
    while index != -1:
        if path[:index] in roots:
            return path[:index]
        index = path.find("/", index + 1)
    return None


class _Prefilter:
    """Whether a source has a line that could import, name as a string or name as a path a directory called one of
    ``names``. Two steps on purpose: a plain search is many times faster than the pattern, and mostly finds nothing."""

    def __init__(self, names: Iterable[str]) -> None:
        self._words = sorted(name.encode() for name in names)
        word = b"(?:" + b"|".join(re.escape(word) for word in self._words) + b")"
        self._line = re.compile(
            rb"(?:['\"]|\bfrom[ \t]|\bimport[ \t])[\w. \t]*\b" + word + rb"\b"  # from .tests, "pkg.tests"
            rb"|['\"/]" + word + rb"/"  # "tests/golden.csv"
            rb"|\bimport[ \t].*[, \t(.]" + word + rb"\b"  # from . import core, tests
            rb"|^[ \t]*" + word + rb"[ \t]*(?:#.*)?(?:,|\bas\b|\)|\r?$)",  # the name alone, inside parentheses
            re.MULTILINE,
        )  # fmt: skip

    def search(self, source: bytes) -> bool:
        for word in self._words:
            at = source.find(word)
            while at != -1:
                end = source.find(b"\n", at)
                end = len(source) if end == -1 else end
                start = source.rfind(b"\n", 0, at) + 1
                if end - start > _LINE_BYTES or self._line.search(source, start, end) is not None:
                    return True
                at = source.find(word, end)
        return False


def _names(path: str, source: bytes) -> tuple[set[str], set[str]]:
    """Dotted names and path-like strings of one source."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # Made for another Python: keep what its bytes name rather than guess.
        words = set(re.findall(r"[\w.]+", source.decode("latin-1")))
        package = _package(path)
        return words | {f"{package}{word}" for word in words if word.startswith(".")}, set(
            re.findall(r"[\w./-]+/", source.decode("latin-1"))
        )
    modules: set[str] = set()
    paths: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _resolve(path, node.module or "", node.level)
            modules.add(base)
            modules.update(f"{base}.{alias.name}" if base else alias.name for alias in node.names)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 200:
            if "/" in node.value:
                paths.add(node.value.removeprefix("./"))
            elif _DOTTED.fullmatch(node.value):
                modules.add(node.value)
    return modules, paths


@functools.lru_cache(maxsize=1024)
def _package(path: str) -> str:
    return posixpath.dirname(path).replace("/", ".")


def _resolve(path: str, module: str, level: int) -> str:
    if not level:
        return module
    parts = _package(path).split(".") if _package(path) else []
    kept = parts[: len(parts) - level + 1]
    return ".".join([*kept, module] if module else kept)
