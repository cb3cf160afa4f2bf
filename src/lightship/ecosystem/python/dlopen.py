"""Shared libraries that Python sources ask for by name: `ctypes`, `ctypes.util.find_library` and cffi's ``dlopen``.

Static and cheap: only files that mention such a call are parsed, and only names that stand there as text are found. A
name that is computed is not; a name under ``if sys.platform == …`` is found although it may never be asked for.
"""

import ast
import re
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["DlopenNeed", "find_dlopen_needs"]

_MENTION = re.compile(rb"find_library|CDLL|LoadLibrary|PyDLL|\bdlopen\b")
_LIBRARY_FILE = re.compile(r"(?:.*/)?lib[A-Za-z0-9_+.-]+?\.so(?:\.[0-9]+)*")
_STEM = re.compile(r"[A-Za-z0-9_+.-]+")
_FOREIGN = (".dll", ".dylib", ".exe", ".framework", ".pyd")
_LOADERS = {"CDLL", "PyDLL", "LoadLibrary", "dlopen"}
_LIMIT_BYTES = 2 << 20
_MOST_LETTERS = 4096
"""Linux ends a path here."""
_warnings_lock = threading.Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class DlopenNeed:
    """``module`` (path) asks for ``library``. ``call`` says how: ``find_library`` (``magic``; any version does),
    ``load`` (``libmagic.so.1`` exactly) or ``text`` (a library's file name in a file that loads some)."""

    module: str
    library: str
    call: str
    line: int


def find_dlopen_needs(path: str, source: bytes) -> tuple[DlopenNeed, ...]:
    """What the source at ``path`` asks the dynamic loader for. A source that does not parse gives nothing."""
    if len(source) > _LIMIT_BYTES or not _MENTION.search(source):
        return ()
    try:
        with _warnings_lock, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are the package's business
            tree = ast.parse(source)
        found = list(_calls(path, tree))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()  # a template, Python 2, or syntax later than the running interpreter's
    best: dict[str, DlopenNeed] = {}
    for need in sorted(found, key=lambda need: (_ORDER[need.call], need.line)):
        best.setdefault(need.library, need)
    return tuple(best[library] for library in sorted(best))


_ORDER = {"find_library": 0, "load": 1, "text": 2}


def _calls(path: str, tree: ast.AST) -> Iterator[DlopenNeed]:
    loads = False
    texts: list[tuple[str, int]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            loads = loads or name == "find_library" or name in _LOADERS
            if name == "find_library":
                for text in _texts(node):
                    if _STEM.fullmatch(text) and not text.endswith(_FOREIGN):
                        yield DlopenNeed(module=path, library=text, call="find_library", line=node.lineno)
            elif name in _LOADERS:
                for text in _texts(node):
                    if _is_library_file(text):
                        yield DlopenNeed(module=path, library=text, call="load", line=node.lineno)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _is_library_file(node.value):
            texts.append((node.value, node.lineno))
    if loads:
        for text, line in texts:
            yield DlopenNeed(module=path, library=text, call="text", line=line)


def _is_library_file(text: str) -> bool:
    return len(text) <= _MOST_LETTERS and _LIBRARY_FILE.fullmatch(text) is not None


def _texts(node: ast.Call) -> Iterator[str]:
    """Texts that a call's first argument can be: itself, or the sides of ``a or b`` and ``a if c else b``."""
    work: list[ast.expr] = list(node.args[:1])
    while work:
        part = work.pop()
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part.value
        elif isinstance(part, ast.BoolOp):
            work += part.values
        elif isinstance(part, ast.IfExp):
            work += [part.body, part.orelse]
