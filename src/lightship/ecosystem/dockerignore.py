"""``.dockerignore``: which paths of a build context are left out.

Docker's rules, https://docs.docker.com/build/concepts/context/#dockerignore-files (read November 2025), to the letter
of the code that implements them: https://github.com/moby/patternmatcher v0.6.0 and its ``ignorefile`` package.
Patterns are relative to the context's root, ``**`` crosses directories, ``!`` brings back, the last match decides,
and what matches a directory matches everything below it.
"""

import re
from collections.abc import Iterable
from dataclasses import field

from lightship.ecosystem.wildcards import Matcher, Token, compile_tokens
from lightship.errors import InputError
from lightship.values import dataclass

__all__ = ["ALWAYS", "Ignore"]

ALWAYS = (
    "**/.env", "**/.env.*", "!**/.env.example",
    "**/.git", "**/.hg", "**/.svn",
    "**/__pycache__", "**/*.pyc", "**/*.pyo",
    "**/.venv", "**/.tox", "**/.nox", "**/.eggs", "**/node_modules",
    "**/.mypy_cache", "**/.pytest_cache", "**/.ruff_cache", "**/.hypothesis", "**/.ipynb_checkpoints",
    "**/.coverage", "**/.coverage.*",
    "**/.DS_Store", "**/.idea", "**/.vscode",
    ".dockerignore",
)  # fmt: skip
"""Left out of every application unless its ``.dockerignore`` says ``!`` to it, since what comes last decides.

Histories, caches, environments and editors' files are never wanted in an image; ``.env`` holds secrets that belong to
a deployment. ``dist``, ``build``, ``venv`` and ``tests`` are not here: they can be packages of the application.
"""

_MAX_PATTERN = 4096
_MAX_WILDCARDS = 64


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One line: a compiled pattern, whether it brings back (``!``), and its text cut at the first wildcard."""

    matches: Matcher
    exception: bool
    literal: str
    is_literal: bool


@dataclass(frozen=True, slots=True)
class Ignore:
    """The rules of one ``.dockerignore``, in their order."""

    patterns: tuple[_Pattern, ...] = ()
    _directories: dict[str, tuple[bool, ...]] = field(default_factory=dict, compare=False, repr=False)
    _any: Matcher | None = field(default=None, compare=False, repr=False)
    """All patterns that leave out, as one: most paths fit none, and one look tells."""

    @classmethod
    def parse(cls, text: str, *, before: Iterable[str] = ()) -> "Ignore":
        """Read a ``.dockerignore``; ``before`` holds patterns that stand ahead of it, such as `ALWAYS`.

        Raise InputError for a pattern that Docker refuses.
        """
        lines = [*before, *text.removeprefix("\ufeff").split("\n")]
        found = (_read_line(line) for line in lines if not line.startswith("#"))
        patterns = tuple(pattern for pattern in found if pattern is not None)
        return cls(patterns, _any=_one_of(pattern.matches for pattern in patterns if not pattern.exception))

    def matches(self, path: str) -> bool:
        """True when ``path`` (relative to the context, ``/`` between parts, no leading one) is left out.

        A pattern that matches a directory above ``path`` counts as matching it, so a kept directory may have files
        that are left out, and the other way round. The root itself is never left out. What is known of directories
        is remembered: asking for a whole tree costs one match a pattern and path.
        """
        path = _clean(path)
        ignored = False
        above = self._matched(path.rpartition("/")[0])
        if self._any is not None and True not in above and not self._any.fullmatch(path):
            return False
        for pattern, known in zip(self.patterns, above, strict=True):
            if pattern.exception == ignored and (known or pattern.matches.fullmatch(path)):
                ignored = not pattern.exception
        return ignored and path != "."

    def prunes(self, directory: str) -> bool:
        """True when ``directory`` and all that could lie below it is left out, so that it need not be listed."""
        directory = _clean(directory)
        if not self.matches(directory):
            return False
        hits = self._matched(directory)
        last = max(place for place, pattern in enumerate(self.patterns) if hits[place] and not pattern.exception)
        below = directory + "/"
        return not any(pattern.exception and _may_match_below(pattern, below) for pattern in self.patterns[last + 1 :])

    def _matched(self, directory: str) -> tuple[bool, ...]:
        """For each pattern, whether it matches ``directory`` or one above it."""
        if not directory:
            return (False,) * len(self.patterns)
        known = self._directories.get(directory)
        if known is None:
            above = self._matched(directory.rpartition("/")[0])
            known = tuple(
                hit or bool(pattern.matches.fullmatch(directory))
                for pattern, hit in zip(self.patterns, above, strict=True)
            )
            self._directories[directory] = known
        return known


def _one_of(matchers: Iterable[Matcher]) -> Matcher | None:
    """What fits what any of ``matchers`` fits; None where one of them is no regular expression."""
    found = list(matchers)
    patterns = [matcher.pattern for matcher in found if isinstance(matcher, re.Pattern)]
    if len(patterns) < len(found):
        return None
    return re.compile("|".join(f"(?:{pattern})" for pattern in patterns) or r"(?!)", re.DOTALL)


def _may_match_below(pattern: _Pattern, below: str) -> bool:
    """Compared by the literal beginning only: a directory that is listed in vain costs little."""
    if pattern.is_literal:
        return pattern.literal.startswith(below)
    return pattern.literal.startswith(below) or below.startswith(pattern.literal)


def _clean(path: str) -> str:
    """Go's ``filepath.Clean`` for a slash path: ``./a//b/../c/`` is ``a/c``, nothing is ``.``."""
    if path and path[0] not in "./" and path[-1] != "/" and "/." not in path and "//" not in path:
        return path  # almost every path there is
    rooted = path.startswith("/")
    parts: list[str] = []
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part == ".." and rooted:
            continue
        elif part not in ("", "."):
            parts.append(part)
    return ("/" if rooted else "") + "/".join(parts) or "."


def _read_line(line: str) -> _Pattern | None:
    text = line.strip()
    exception = text.startswith("!")
    if exception:
        text = text[1:].strip()
        if not text:
            raise InputError(".dockerignore: want a pattern after !, got nothing")
    if not text:
        return None
    text = _clean(text)
    if len(text) > 1 and text.startswith("/"):
        text = text[1:]
    if len(text) > _MAX_PATTERN or text.count("*") > _MAX_WILDCARDS:
        raise InputError(f".dockerignore: pattern is too long or has too many wildcards: {text[:80]!r}…")
    literal = re.split(r"[*?\[\]\\]", text, maxsplit=1)[0]
    try:
        compiled = _compiled(text)
    except re.error as error:
        raise InputError(f".dockerignore: pattern not understood: {line.strip()[:200]!r} ({error})") from error
    return _Pattern(compiled, exception, literal, literal == text)


def _compiled(pattern: str) -> Matcher:
    """A matcher of whole paths for a cleaned pattern. ``**foo`` means any path that ends in ``foo``, as in Docker,
    whose matcher takes a shortcut for patterns with nothing but a leading or a trailing ``**``."""
    rest = pattern[2:]
    if pattern.startswith("**") and not set(rest) & set("*?[]\\"):
        ending = re.escape(rest)
        whole = rf"{re.escape(rest[1:])}|.*{ending}" if rest.startswith("/") else rf".*{ending}"
        return re.compile(whole, re.DOTALL)
    written: list[Token] = []
    place = 0
    while place < len(pattern):
        sign = pattern[place]
        place += 1
        if sign == "*" and pattern.startswith("*", place):
            place += 1
            place += pattern.startswith("/", place)
            written.append(Token("folders" if place < len(pattern) else "any"))
        elif sign == "*":
            written.append(Token("part"))
        elif sign == "?":
            written.append(Token("one", "[^/]"))
        elif sign == "[":
            characters, place = _class(pattern, place)
            written.append(Token("one", characters))
        elif sign == "\\":
            if place == len(pattern):
                raise re.error("it ends in a backslash")
            written.append(Token("one", re.escape(pattern[place])))
            place += 1
        else:
            written.append(Token("one", re.escape(sign)))
    return compile_tokens(written)


def _class(pattern: str, place: int) -> tuple[str, int]:
    """``[a-z]`` or ``[^a-z]`` as Go's ``filepath.Match`` reads it, and the place behind it. It may match ``/``, as
    the regular expression that Docker makes of it does."""
    negated = pattern.startswith("^", place)
    place += negated
    parts: list[str] = []
    while not pattern.startswith("]", place) or not parts:
        low, place = _class_character(pattern, place)
        high = low
        if pattern.startswith("-", place):
            high, place = _class_character(pattern, place + 1)
        parts.append(f"{re.escape(low)}-{re.escape(high)}")
    return f"[{'^' if negated else ''}{''.join(parts)}]", place + 1


def _class_character(pattern: str, place: int) -> tuple[str, int]:
    sign = pattern[place : place + 1]
    if sign == "\\":
        place += 1
        sign = pattern[place : place + 1]
    elif sign in ("-", "]"):
        raise re.error(f"want a character in [], got {sign!r}")
    if not sign:
        raise re.error("[ is not closed")
    return sign, place + 1
