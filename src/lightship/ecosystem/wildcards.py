"""Patterns with many wildcards, matched in time that grows with their length and not with its power.

`re` goes back and tries again: ``*a*a*a*a*a*b`` takes minutes over forty letters. Here every place in the pattern that
could be reached is kept at once (R. Cox, "Regular Expression Matching Can Be Simple And Fast", 2007). For few
wildcards `re` is quicker by far, and used.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple, Protocol

from lightship.values import dataclass

__all__ = ["Matcher", "Token", "compile_tokens", "expression"]

_FEW = 2


class Token(NamedTuple):
    """``one``: a letter that the expression ``text`` fits; ``part``: letters but ``/``; ``any``: letters;
    ``folders``: nothing, or letters and a ``/``."""

    kind: Literal["one", "part", "any", "folders"]
    text: str = ""


class Matcher(Protocol):
    """What `re.Pattern` has of this."""

    def fullmatch(self, text: str, /) -> object: ...


_WILD = {"part": "[^/]*", "any": ".*", "folders": "(?:.*/)?"}


def expression(tokens: Iterable[Token]) -> str:
    """The regular expression for ``tokens``; ``.`` must match everything (`re.DOTALL`)."""
    return "".join(_WILD.get(token.kind, token.text) for token in tokens)


def compile_tokens(tokens: Sequence[Token]) -> Matcher:
    """A matcher of whole texts. Raise `re.error` for a ``one`` that is no expression."""
    wild = sum(token.kind != "one" for token in tokens)
    return re.compile(expression(tokens), re.DOTALL) if wild <= _FEW else _Simulation(tokens)


@dataclass(frozen=True, slots=True)
class _Place:
    """One place in the pattern: the letter that leads to the next one, what may be repeated here, and which other
    places are reached from here for nothing."""

    letter: "re.Pattern[str] | None" = None
    repeats: "re.Pattern[str] | None" = None
    free: tuple[int, ...] = ()


_PART = re.compile("[^/]")
_ANY = re.compile(".", re.DOTALL)
_SLASH = re.compile("/")


class _Simulation:
    def __init__(self, tokens: Sequence[Token]) -> None:
        places: list[_Place] = []
        for token in tokens:
            here = len(places)
            match token.kind:
                case "one":
                    places.append(_Place(letter=re.compile(token.text, re.DOTALL)))
                case "part":
                    places.append(_Place(repeats=_PART, free=(here + 1,)))
                case "any":
                    places.append(_Place(repeats=_ANY, free=(here + 1,)))
                case "folders":
                    places.append(_Place(free=(here + 1, here + 3)))
                    places.append(_Place(repeats=_ANY, free=(here + 2,)))
                    places.append(_Place(letter=_SLASH))
        self._places = (*places, _Place())

    def fullmatch(self, text: str) -> bool:
        now = self._with_free({0})
        for letter in text:
            reached = set()
            for number in now:
                place = self._places[number]
                if place.letter is not None and place.letter.match(letter):
                    reached.add(number + 1)
                elif place.repeats is not None and place.repeats.match(letter):
                    reached.add(number)
            if not reached:
                return False
            now = self._with_free(reached)
        return len(self._places) - 1 in now

    def _with_free(self, numbers: set[int]) -> set[int]:
        waiting = list(numbers)
        while waiting:
            for further in self._places[waiting.pop()].free:
                if further not in numbers:
                    numbers.add(further)
                    waiting.append(further)
        return numbers
