"""An nginx configuration as a tree of directives, read and written.

The grammar is that of ``ngx_conf_read_token`` (nginx 1.22, src/core/ngx_conf_file.c): words, quoted or with escapes,
that end with ``;`` or open a block; ``#`` begins a comment where a word could. Words are kept as they are written.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from lightship.errors import InputError

__all__ = ["Directive", "parse_nginx", "plain_word", "render_nginx", "walk"]

_TOKEN = re.compile(
    r"""[ \t\r\n]+ | \#[^\n]*
    | (?P<end>[;{}])
    | (?P<word> "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | (?!["'])(?:\$\{[^}]*\} | \\. | [^\s;{}\\])+ )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)
_MOST_DEPTH = 32
_MOST_DIRECTIVES = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """``words`` as they are written, the name first. ``block`` is None for one that ends with a semicolon."""

    words: tuple[str, ...]
    block: "tuple[Directive, ...] | None" = None

    @property
    def name(self) -> str:
        return plain_word(self.words[0])

    @property
    def values(self) -> tuple[str, ...]:
        """The words after the name, plain."""
        return tuple(plain_word(word) for word in self.words[1:])


def plain_word(word: str) -> str:
    """A word without its quotes and the backslashes before them."""
    if len(word) > 1 and word[0] in "\"'" and word[-1] == word[0]:
        word = word[1:-1]
    return _ESCAPE.sub(lambda match: match[1] if match[1] in "\"'\\ ;{}" else match[0], word)


def parse_nginx(text: str, name: str) -> tuple[Directive, ...]:
    """The directives of ``text``; raise InputError that begins with ``name`` and a line for what is none."""
    stack: list[list[Directive]] = [[]]
    heads: list[tuple[str, ...]] = []
    words: list[str] = []
    at, count = 0, 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _fault(text, at, name, f"{text[at : at + 20]!r} is not understood")
        at = match.end()
        if match["word"]:
            words.append(match["word"])
            if words[0].endswith("_by_lua_block"):
                raise _fault(text, at, name, "Lua in the configuration is not understood")
        elif match["end"]:
            count += 1
            said = _token(match["end"], stack, heads, words)
            if said or count > _MOST_DIRECTIVES:
                raise _fault(text, at, name, said or f"more than {_MOST_DIRECTIVES} directives")
    if words or heads:
        raise _fault(text, at, name, f"it ends within {(words or list(heads[-1]))[0]!r}")
    return tuple(stack[0])


def _token(end: str, stack: list[list[Directive]], heads: list[tuple[str, ...]], words: list[str]) -> str:
    """What is wrong, if something is."""
    if end == "}":
        if words or not heads:
            return f"{words[0]!r} has no end" if words else "a closing brace that closes nothing"
        block = tuple(stack.pop())
        stack[-1].append(Directive(words=heads.pop(), block=block))
    elif not words:
        return f"{end!r} without a directive"
    elif end == ";":
        stack[-1].append(Directive(words=tuple(words)))
    else:
        if len(heads) >= _MOST_DEPTH:
            return f"more than {_MOST_DEPTH} blocks in each other"
        heads.append(tuple(words))
        stack.append([])
    words.clear()
    return ""


def _fault(text: str, at: int, name: str, said: str) -> InputError:
    return InputError(f"{name}:{text.count(chr(10), 0, at) + 1}: {said}")


def render_nginx(directives: Iterable[Directive], indent: str = "") -> str:
    """As text, one directive a line."""
    lines = []
    for one in directives:
        head = indent + " ".join(one.words)
        if one.block is None:
            lines.append(f"{head};\n")
        else:
            lines.append(f"{head} {{\n{render_nginx(one.block, indent + '    ')}{indent}}}\n")
    return "".join(lines)


def walk(directives: Iterable[Directive], change: Callable[[Directive], Iterable[Directive]]) -> Iterator[Directive]:
    """Every directive, innermost first, replaced by what ``change`` makes of it."""
    for one in directives:
        if one.block is not None:
            one = replace(one, block=tuple(walk(one.block, change)))
        yield from change(one)
