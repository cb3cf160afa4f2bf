"""A place in a file whose bytes follow from the prefix, or from what the prefix changed."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from lightship.assets.retarget.prefix import NOWHERE, Prefix

__all__ = ["SLOT_KINDS", "Form", "Slot", "SlotKind", "numbered", "text_of"]

SlotKind = Literal[
    "url", "origin", "source", "relative", "hostname", "protocol", "port", "length", "size", "digest", "cache"
]  # fmt: skip
SLOT_KINDS: tuple[SlotKind, ...] = get_args(SlotKind)


@dataclass(frozen=True, slots=True)
class Form:
    """How ``:``, ``/`` and ``.`` are written: plain, ``\\/``, ``%2F``, ``&#x2F;``…"""

    colon: str = ":"
    slash: str = "/"
    dot: str = "."

    def write(self, text: str) -> str:
        """``text``, a URL or a host, in this form."""
        marks = {":": self.colon, "/": self.slash, ".": self.dot}
        return "".join(marks.get(letter, letter) for letter in text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """``content[begin:end]`` of a file.

    ``url``: the prefix. ``origin``: without its path. ``source``: of a Content-Security-Policy; ``extra`` is how
    ``'self'`` is written there, ``bare`` before it where there is no scheme, and the slash that ends the address.
    ``relative``: ``//host``. ``hostname``, ``protocol``, ``port``: apart, as Next's image optimiser has them. Where a
    page's payload is cut within one of them or a length, a slot has the characters from ``first`` to ``last`` of that,
    and the next the rest.

    ``length``: hexadecimal, the bytes of a row of React's payload, in which the slots ``covers`` (indexes) lie; they
    are counted as a script's string has them where ``extra`` is ``js``; ``decimal``: written so, and counted in UTF-16
    units of a JSON string. ``size``: decimal, of the file ``path``.
    ``cache``: of a postponed page; ``extra`` is the build's own.
    ``digest``: of ``path``, or its bytes from ``first`` to ``last``; ``extra`` is the algorithm and how it is written.
    """

    begin: int
    end: int
    kind: SlotKind
    form: Form = field(default_factory=Form)
    extra: str = ""
    covers: tuple[int, ...] = ()
    path: str = ""
    first: int = 0
    last: int = -1


def text_of(slot: Slot, prefix: Prefix) -> str | None:
    """What stands in ``slot`` under ``prefix``; None where that follows from other slots."""
    whole = _whole(slot, prefix)
    return whole if whole is None else whole[slot.first : None if slot.last < 0 else slot.last]


def _whole(slot: Slot, prefix: Prefix) -> str | None:
    match slot.kind:
        case "url":
            return slot.form.write(prefix.text)
        case "origin":
            return slot.form.write(prefix.origin)
        case "source":
            return _source(slot.extra, prefix)
        case "relative":
            return slot.form.write(f"//{prefix.authority}{prefix.path}") if prefix.host else ""
        case "hostname":
            return slot.form.write(prefix.host or NOWHERE)
        case "protocol":
            return prefix.scheme or "https"
        case "port":
            return prefix.port
    return None


def _source(extra: str, prefix: Prefix) -> str:
    """https://www.w3.org/TR/CSP3/#path-part-match (2025-10): a path without a slash at its end is that of one file."""
    own = extra.removeprefix("bare ").removesuffix("/")
    if not prefix.host:
        return own
    slash = "/" if prefix.path or extra.endswith("/") else ""
    said = f"{prefix.authority}{prefix.path}" if extra.startswith("bare ") else prefix.text
    return said + slash


def numbered(ordered: tuple[Slot, ...], lengths: Iterable[Slot]) -> tuple[Slot, ...]:
    """``ordered`` and ``lengths``, whose ``covers`` count in ``ordered``, as one sequence in which they count anew."""
    every = sorted((*ordered, *lengths), key=lambda slot: (slot.begin, slot.end))
    index_of = {id(slot): index for index, slot in enumerate(every)}
    places = [index_of[id(slot)] for slot in ordered]
    return tuple(
        replace(slot, covers=tuple(places[cover] for cover in slot.covers)) if slot.covers else slot for slot in every
    )
