"""Digests of files that stand in other files: subresource integrity, policies, precache lists.

A digest is known by its value: whatever equals that of a file which changes is one of it. Sources:
https://www.w3.org/TR/sri-2/ (2025-04), https://www.w3.org/TR/CSP3/#external-hash, Workbox (MD5 as ``revision``),
Angular's ngsw.json (SHA-1).
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from lightship.assets.reading.markup import tags
from lightship.assets.retarget.rendering import digest_text
from lightship.assets.retarget.slot import Slot

__all__ = ["DigestIndex", "may_have_digests"]

_INTEGRITY = re.compile(rb"sha(256|384|512)-((?:[A-Za-z0-9+]|\\*/)++={0,2})")
_HEX = re.compile(rb"(?<![0-9A-Za-z])[0-9a-f]{32}(?:[0-9a-f]{8}(?:[0-9a-f]{24})?)?(?![0-9A-Za-z])")
_HEX_ALGORITHMS = {32: "md5", 40: "sha1", 64: "sha256"}
_INTEGRITY_ALGORITHMS = ("sha256", "sha384", "sha512")
_HINTS = (b"sha256-", b"sha384-", b"sha512-", b"revision")
_PAGES = (".html", ".htm", ".xhtml")


@dataclass(frozen=True, slots=True)
class _Token:
    path: str
    begin: int
    end: int
    slash: str


@dataclass(slots=True)
class DigestIndex:
    """Every digest that files name. Filled file by file with `add`, asked with `close`."""

    tokens: dict[tuple[str, str], list[_Token]] = field(default_factory=lambda: defaultdict(list))

    def add(self, path: str, content: bytes) -> None:
        """What ``content`` names."""
        for found in _INTEGRITY.finditer(content):
            slash = re.search(rb"\\*/", found[2])
            value = found[2].replace(b"\\", b"").decode()
            begin, end = found.span(2)
            self.tokens[f"sha{found[1].decode()}/base64", value].append(
                _Token(path, begin, end, slash[0].decode() if slash else "/")
            )
        if b"revision" in content or PurePosixPath(path).name == "ngsw.json":
            for found in _HEX.finditer(content):
                how = f"{_HEX_ALGORITHMS[len(found[0])]}/hex"
                self.tokens[how, found[0].decode()].append(_Token(path, found.start(), found.end(), "/"))

    def close(self, slots: dict[str, list[Slot]], read: Callable[[str], bytes]) -> None:
        """Add to ``slots`` the digests of every file that has some, and of those that have some of these, until there
        are no more."""
        pending = list(slots)
        while pending and self.tokens:
            path = pending.pop()
            content = read(path)
            for how, first, last in _parts(path, content, slots[path]):
                part = content if last < 0 else content[first:last]
                for token in self.tokens.pop((how, digest_text(part, how)), ()):
                    if token.path not in slots:
                        slots[token.path] = []
                        pending.append(token.path)
                    extra = how if token.slash == "/" else f"{how} {token.slash}"
                    slots[token.path].append(
                        Slot(
                            begin=token.begin,
                            end=token.end,
                            kind="digest",
                            extra=extra,
                            path=path,
                            first=first,
                            last=last,
                        )
                    )


def may_have_digests(path: str, content: bytes) -> bool:
    """Whether it is worth looking."""
    return any(hint in content for hint in _HINTS) or PurePosixPath(path).name == "ngsw.json"


def _parts(path: str, content: bytes, slots: Iterable[Slot]) -> Iterator[tuple[str, int, int]]:
    """What a digest may be of: the file, and for a page each script and style in it that changes."""
    for how in (
        *(f"{name}/base64" for name in _INTEGRITY_ALGORITHMS),
        *(f"{name}/hex" for name in _HEX_ALGORITHMS.values()),
    ):
        yield how, 0, -1
    if path.endswith(_PAGES):
        begins = sorted(slot.begin for slot in slots)
        for tag in tags(content):
            if tag.name in ("script", "style") and any(tag.begin <= begin < tag.end for begin in begins):
                yield from ((f"{name}/base64", tag.begin, tag.end) for name in _INTEGRITY_ALGORITHMS)
