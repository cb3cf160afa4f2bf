"""What a script leads a browser to: imports, workers, precache lists, and strings that look like assets.

No parser: minified megabytes are read for string literals without blanks in them, and what stands before and after a
literal says what it is. Literals inside literals (``\\"…\\"``: React's flight payloads in ``self.__next_f.push``) are
found as well. What a script puts together at run time is not seen. Linear in the length.
"""

import re
from collections.abc import Iterator

from lightship.assets.kinds import HASHED_FOLDERS, is_hashed
from lightship.assets.reading.reference import MOST_URL_BYTES, Kind, Reference, kind_of, tidy

__all__ = ["flight_references", "javascript_references"]

# the closing quote is only looked at: where quotes in a comment or a regular expression shift the pairs, it opens the
# next literal. Quotes have as many backslashes before them at the end as at the beginning.
_LITERAL = re.compile(rb"(?<!\\)((\\*+)[\"'`])((?:[^\\\"'`\s<>{}|^]|\\/|\\u[0-9A-Fa-f]{4}|\\x[0-9A-Fa-f]{2})*+)(?=\1)")
_MAP = re.compile(rb"^[ \t]*+(?://|/\*)[#@][ \t]*+sourceMappingURL=([^\s'\"*]+)", re.MULTILINE)
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|x([0-9A-Fa-f]{2})|([\s\S]))")

_AROUND = 160
_LONGEST_DEPS = 4 << 20
_BEFORE: tuple[tuple[str, re.Pattern[bytes]], ...] = (
    ("worker", re.compile(rb"\bnew\s+(?:Shared)?Worker\(\s*(?:new\s+URL\(\s*)?$|\bserviceWorker\.register\(\s*$")),
    ("new URL", re.compile(rb"\bnew\s+URL\(\s*(?:/\*[^*]*\*/\s*)?$")),
    ("import()", re.compile(rb"\bimport\s*\(\s*(?:/\*[^*]*\*/\s*)*$")),
    ("import", re.compile(rb"(?:\b(?:from|import)|[}*]\s*from)\s*$")),
    ("importScripts", re.compile(rb"\bimportScripts\((?:[\"'`][^\"'`]*[\"'`],\s*)*$")),
    ("url:", re.compile(rb"[{,]\s*[\"']?url[\"']?\s*:\s*$")),
)
_IMPORT_META = re.compile(rb"[\"'`]\s*,\s*(?:[\"'`]{2}\s*\+\s*)?import\.meta\.url")
_REVISION = re.compile(rb"[{,]\s*[\"']?revision[\"']?\s*:")
_DEPS = re.compile(rb"\.f\s*=\s*\[([^\[\]]*+)\]")
_DEPS_BASE = re.compile(rb"(?:=function\(\w+\)\{return|=\w+=>)([\"'`])([^\"'`\s]*/)\1\+\w+")
_NEXT_CHUNK = re.compile(r"static/(?:chunks|css|media|runtime)/")
_PATH = re.compile(r"(?:https?:)?//[^/?#\s]+/.|\.{0,2}/.|[\w@~%-][^:?#]*/.|[^/?#]+$")
_GUESSED: frozenset[Kind] = frozenset(("script", "style", "font", "image", "media", "manifest", "fetch"))


def javascript_references(content: bytes, begin: int = 0, end: int | None = None) -> Iterator[Reference]:
    """Of ``content[begin:end]``. Imports are resolved against the script; of other strings it is not known against
    what, unless ``base`` says it."""
    end = len(content) if end is None else end
    deps = _deps(content, begin, end)
    base = _deps_base(content, begin, end) if deps else ""
    for literal in _LITERAL.finditer(content, begin, end):
        first, last = literal.span(3)
        if not 0 < last - first <= MOST_URL_BYTES or not (b"/" in literal[3] or b"." in literal[3]):
            continue
        if deps is not None and deps.start(1) <= first < deps.end(1):
            yield from _dep(content, first, last, base)
        else:
            yield from _literal(content, first, last, quote_bytes=len(literal[1]))
    for found in _MAP.finditer(content, begin, end):
        target = tidy(found[1].decode("utf-8", "replace"))
        if target is not None:
            yield Reference(target=target, kind="map", begin=found.start(1), end=found.end(1), via="sourceMappingURL")


def flight_references(content: bytes) -> Iterator[Reference]:
    """Of React's flight payload, as in Next's ``.rsc`` and ``.txt``."""
    return (reference for reference in javascript_references(content) if reference.via == "js string")


def _deps(content: bytes, begin: int, end: int) -> re.Match[bytes] | None:
    """Vite's list of what is preloaded for dynamic imports."""
    named = content.find(b"__vite__mapDeps", begin, end)
    return _DEPS.search(content, named, min(end, named + _LONGEST_DEPS)) if named >= 0 else None


def _deps_base(content: bytes, begin: int, end: int) -> str:
    found = _DEPS_BASE.search(content, begin, end)
    return found[2].decode("utf-8", "replace") if found else ""


def _dep(content: bytes, first: int, last: int, base: str) -> Iterator[Reference]:
    target = tidy(_unescaped(content[first:last]))
    if target is not None:
        kind: Kind = kind_of(target) or "preload"
        yield Reference(
            target=target, kind=kind, begin=first, end=last, crossorigin=True, base=base, via="__vite__mapDeps"
        )


def _literal(content: bytes, first: int, last: int, *, quote_bytes: int) -> Iterator[Reference]:
    raw = content[first:last]
    opening = first - quote_bytes
    before = content[max(0, opening - _AROUND) : opening]
    role = next((name for name, pattern in _BEFORE if pattern.search(before)), "")
    after = content[last : last + _AROUND]
    if role == "new URL" and not _IMPORT_META.match(after):
        role = ""
    if role == "url:":
        role = "precache" if _is_precached(before, after) else ""
    if not role and b"." not in raw:
        return
    target = tidy(_unescaped(raw))
    if target is None:
        return
    if role in ("import", "import()") and not re.match(r"\.{0,2}/|https?:", target):
        return  # a bare name: for a bundler, or an import map
    kind = _kind_in_role(role, target)
    if role:
        cors = role in ("import", "import()")
        via = role if role == "precache" else f"js {role}"
        yield Reference(target=target, kind=kind, begin=first, end=last, crossorigin=cors, via=via)
    elif _is_asset(target):
        base = "/_next/" if _NEXT_CHUNK.match(target) else ""
        yield Reference(target=target, kind=kind, begin=first, end=last, base=base, certain=False, via="js string")


def _is_precached(before: bytes, after: bytes) -> bool:
    """Whether ``revision`` stands in the same object: Workbox's list of what a service worker fetches at its start."""
    opened = before.rfind(b"{")
    closed = after.find(b"}")
    inside = before[opened:] + b"," + (after[1:closed] if closed >= 0 else after[1:])
    return opened >= 0 and _REVISION.search(inside) is not None


def _kind_in_role(role: str, target: str) -> Kind:
    if role == "worker":
        return "worker"
    if role in ("import", "import()", "importScripts"):
        found = kind_of(target)
        return found if found in ("style", "fetch") else "script"
    return kind_of(target) or ("page" if role == "precache" else "fetch")


def _is_asset(target: str) -> bool:
    kind = kind_of(target)
    if any(f"{folder}/" in target for folder in HASHED_FOLDERS):
        return kind is not None and "*" not in target
    if kind not in _GUESSED or not _PATH.match(target) or set("*()[];=,$") & set(target.partition("?")[0]):
        return False
    path = re.split(r"[?#]", target, maxsplit=1)[0]
    name = path.rpartition("/")[2]
    return len(name) > len(name.rpartition(".")[2]) + 1 and ("/" in path or is_hashed(path))


def _unescaped(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return _ESCAPE.sub(lambda found: chr(int(found[1] or found[2], 16)) if not found[3] else found[3], text)
