"""Tags of HTML and SVG with the places of their attributes' values.

The tokenizer of https://html.spec.whatwg.org/multipage/parsing.html (2026-10), as far as it decides what is a tag: raw
text of scripts and styles, comments, quotes. Every byte is looked at a bounded number of times.
"""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Attribute", "Tag", "tags"]

_OPEN = re.compile(rb"<(?:(!--)|([!?/])|([A-Za-z][^\s/>]*+))")
_ATTRIBUTE = re.compile(
    rb"[\s/]*+(?:(>)|(=?[^\s/>=]*+)(?:\s*+=\s*+(?:\"([^\"]*+)(\"?)|'([^']*+)('?)|([^\s>\"'][^\s>]*+)?))?)"
)
_COMMENT_END = re.compile(rb"--!?>")
_RAW = frozenset((b"script", b"style", b"textarea", b"title", b"xmp", b"iframe", b"noembed", b"noframes"))
_ENDS = {name: re.compile(rb"</" + name + rb"(?=[\s/>])", re.IGNORECASE) for name in _RAW}
_MOST_ATTRIBUTES = 10_000


@dataclass(frozen=True, slots=True)
class Attribute:
    """``content[begin:end]`` is the value as it stands; ``text`` has its character references undone."""

    text: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """An opening tag, names in lower case; the first of several attributes of a name counts. ``content[begin:end]`` is
    the raw text of a script, a style and their like; an empty span for other elements."""

    name: str
    attributes: dict[str, Attribute]
    begin: int
    end: int

    def get(self, name: str) -> str:
        """The attribute's text; empty where there is none."""
        found = self.attributes.get(name)
        return found.text if found else ""


def tags(content: bytes) -> Iterator[Tag]:
    """Every opening tag, in order. A tag that never ends is none."""
    at = 0
    while (opened := _OPEN.search(content, at)) is not None:
        if opened[1]:
            at = _comment_end(content, opened.end())
        elif opened[2]:
            at = content.find(b">", opened.end()) + 1 or len(content)
        else:
            attributes, at = _attributes(content, opened.end())
            if at < 0:
                return
            name = opened[3].lower()
            begin = end = at
            if name in _RAW:
                closed = _ENDS[name].search(content, at)
                end = at = closed.start() if closed else len(content)
            yield Tag(name=_name(name), attributes=attributes, begin=begin, end=end)


def _comment_end(content: bytes, at: int) -> int:
    if content[at : at + 1] == b">" or content[at : at + 2] == b"->":
        return content.index(b">", at) + 1
    closed = _COMMENT_END.search(content, at)
    return closed.end() if closed else len(content)


def _attributes(content: bytes, at: int) -> tuple[dict[str, Attribute], int]:
    """They, and where the tag ends; -1 where it does not."""
    found: dict[str, Attribute] = {}
    while (match := _ATTRIBUTE.match(content, at)) is not None:
        if match[1]:
            return found, match.end()
        if match.end() == at or match[4] == b"" or match[6] == b"":
            return found, -1  # the end of the file, perhaps within quotes
        at = match.end()
        group = next((number for number in (3, 5, 7) if match[number] is not None), 2)
        begin, end = match.span(group) if group != 2 else (match.end(2), match.end(2))
        name = _name(match[2])
        if len(found) < _MOST_ATTRIBUTES and name not in found:
            text = html.unescape(content[begin:end].decode("utf-8", "replace"))
            found[name] = Attribute(text, begin, end)
    return found, -1


def _name(raw: bytes) -> str:
    return raw.decode("utf-8", "replace").lower()
