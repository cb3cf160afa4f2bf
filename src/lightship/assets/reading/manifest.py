"""What JSON leads a browser to: web app manifests, Angular's service worker, and what bundlers write of their files."""

import re
from collections.abc import Iterator

from lightship.assets.reading.json_text import JsonString, json_strings
from lightship.assets.reading.reference import Kind, Reference, kind_of, tidy

__all__ = ["json_references"]

_IMAGES = frozenset(("icons", "screenshots", "shortcuts"))
_PAGES = frozenset(("start_url", "scope", "action"))
_ASSET = re.compile(r"(?:https?://|/|\./)?[^\s*?:<>|{}\[\]]+\.[a-z0-9]{2,11}(?:\?[^\s]*)?")


def json_references(path: str, content: bytes) -> Iterator[Reference]:
    """Of the JSON file ``path``. A web app manifest (https://www.w3.org/TR/appmanifest/, 2026-05) is known by its
    suffix, or by ``icons`` or ``start_url`` at its top."""
    strings = list(json_strings(content))
    name = path.rpartition("/")[2]
    tops = {string.path[0] for string in strings if string.path}
    if name == "ngsw.json":
        yield from _ngsw(strings)
    elif name.endswith(".webmanifest") or ("manifest" in name and tops & {"icons", "start_url"}):
        yield from _web_manifest(strings)
    else:
        yield from _assets(strings)


def _web_manifest(strings: list[JsonString]) -> Iterator[Reference]:
    for string in strings:
        if string.is_key or not string.path:
            continue
        first, last = string.path[0], string.path[-1]
        if first in _IMAGES and last == "src":
            yield from _found(string, "image", f"manifest {first}")
        elif last in _PAGES or (first == "shortcuts" and last == "url"):
            yield from _found(string, "page", f"manifest {last}")


def _ngsw(strings: list[JsonString]) -> Iterator[Reference]:
    """https://angular.dev/ecosystem/service-workers/config (2026-10): ``hashTable`` names every file."""
    for string in strings:
        if string.is_key and len(string.path) == 2 and string.path[0] == "hashTable":
            yield from _found(string, kind_of(string.text) or "page", "precache")


def _assets(strings: list[JsonString]) -> Iterator[Reference]:
    """Such as Vite's and webpack's lists: what they name is there, but a browser need not ask for it."""
    for string in strings:
        kind = kind_of(string.text) if _ASSET.fullmatch(string.text) else None
        if kind is not None and not string.is_key and ("/" in string.text or string.path[-1] == "file"):
            yield from _found(string, kind, "json", certain=False)


def _found(string: JsonString, kind: Kind, via: str, *, certain: bool = True) -> Iterator[Reference]:
    target = tidy(string.text)
    if target is not None:
        yield Reference(target=target, kind=kind, begin=string.begin, end=string.end, certain=certain, via=via)
