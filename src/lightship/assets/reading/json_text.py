"""The strings of a JSON text with their places (RFC 8259), so that a value can be changed where it stands."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["JsonString", "json_strings"]

_TOKEN = re.compile(rb'"((?:[^"\\]|\\[\s\S])*+)"|[\[\]{},:]')
_DEEPEST = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonString:
    """``path`` are the keys and indexes that lead to it; ``content[begin:end]`` is between the quotes. ``is_key`` for
    the name of a member, whose own name ends ``path``."""

    path: tuple[str | int, ...]
    text: str
    begin: int
    end: int
    is_key: bool = False


def json_strings(content: bytes, begin: int = 0, end: int | None = None) -> Iterator[JsonString]:
    """Every string of ``content[begin:end]``, in order. What is no JSON gives what can be told of it; what is nested
    deeper than anybody writes ends it."""
    stack: list[str | int | None] = []  # a number in a list, the member's name or None in an object
    key = False
    for token in _TOKEN.finditer(content, begin, len(content) if end is None else end):
        mark = token[0][:1]
        if mark in b"[{":
            if len(stack) == _DEEPEST:
                return
            stack.append(0 if mark == b"[" else None)
            key = mark == b"{"
        elif mark in b"]}":
            if not stack:
                return
            stack.pop()
            key = False
        elif mark == b",":
            if stack and isinstance(stack[-1], int):
                stack[-1] += 1
            key = bool(stack) and not isinstance(stack[-1], int)
        elif mark == b":":
            key = False
        else:
            text = _text(token[1])
            if key:
                stack[-1] = text
            path = tuple("" if step is None else step for step in stack)
            yield JsonString(path=path, text=text, begin=token.start(1), end=token.end(1), is_key=key)


def _text(raw: bytes) -> str:
    plain = raw.decode("utf-8", "replace")
    if "\\" not in plain:
        return plain
    try:
        found = json.loads(f'"{plain}"', strict=False)
    except ValueError:
        return plain
    return str(found).encode("utf-8", "replace").decode()  # a lone surrogate is no character
