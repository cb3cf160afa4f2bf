"""Two runs of one server compared: the same status, the same type, the same bytes, but for what changes by itself."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from lightship.assets.standalone.pages import Ask

__all__ = ["Answer", "Compared", "Verdict", "compare", "masked"]

Verdict = Literal["same", "unstable", "differs"]

_COMPARED_HEADERS = ("content-type", "location", "cache-control", "content-security-policy")
_MASKS = (
    (re.compile(rb"""(nonce-|nonce\\*["']?\s*[=:,]\s*\\*["']?)[\w+/=-]{8,}"""), rb"\1NONCE"),
    (re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), b"UUID"),
    (re.compile(rb"\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z?"), b"TIME"),
    (re.compile(rb"\b1[5-9]\d{8}(?:\d{3})?\b"), b"EPOCH"),
)
"""What a page makes anew for each request: nonces of a Content-Security-Policy, identifiers, times."""
_ROW = re.compile(rb"^[0-9a-f]+:|(?<=\")\$[A-Za-z@]?[0-9a-f]+(?=[\":])|(?<=\")[\w-]{21}[a-z](?=\")")
"""In React's stream (``text/x-component``): a row's number, references to rows, and the keys that Next.js makes for
each request (21 characters, and a letter for the part)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; ``status`` None and a ``fault`` where nothing whole did."""

    status: int | None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """One request to both. ``unstable``: the whole server itself answers with other bytes each time; status and type
    are the same. ``detail`` says what differs."""

    ask: Ask
    before: Answer
    after: Answer
    verdict: Verdict
    detail: str = ""


def masked(body: bytes) -> bytes:
    """``body`` without what a page makes anew for each request."""
    for pattern, replacement in _MASKS:
        body = pattern.sub(replacement, body)
    return body


def _settled(answer: Answer) -> bytes:
    """What is compared of a body. Rows of React's stream come in the order in which they are ready, and their numbers
    with it."""
    body = masked(answer.body)
    if answer.headers.get("content-type", "").startswith("text/x-component"):
        return b"\n".join(sorted(_ROW.sub(b"", line) for line in body.split(b"\n")))
    return body


def compare(
    wanted: Sequence[Ask], before: Sequence[Answer], after: Sequence[Answer], again: Sequence[Answer] | None = None
) -> tuple[Compared, ...]:
    """Judge each request. ``again`` is a second run of the whole server: where its bytes differ from the first, those
    of the smaller one cannot be held against it."""
    found = []
    for number, ask in enumerate(wanted):
        first, second = before[number], after[number]
        detail = _difference(first, second)
        verdict: Verdict = "differs" if detail else "same"
        if not detail and _settled(first) != _settled(second):
            repeated = again[number] if again is not None else None
            moves = repeated is not None and _settled(repeated) != _settled(first)
            verdict = "unstable" if moves else "differs"
            detail = "" if moves else _where(_settled(first), _settled(second))
        found.append(Compared(ask=ask, before=first, after=second, verdict=verdict, detail=detail))
    return tuple(found)


def _difference(first: Answer, second: Answer) -> str:
    if first.status != second.status:
        return f"want {_said(first)}, got {_said(second)}"
    for name in _COMPARED_HEADERS:
        want, got = (masked(each.headers.get(name, "").encode()) for each in (first, second))
        if want != got:
            return f"{name}: want {want.decode(errors='replace')!r}, got {got.decode(errors='replace')!r}"
    return ""


def _said(answer: Answer) -> str:
    return str(answer.status) if answer.status is not None else f"no answer ({answer.fault})"


def _where(first: bytes, second: bytes) -> str:
    length = min(len(first), len(second))
    at = next((place for place in range(length) if first[place] != second[place]), length)
    shown = (each[max(0, at - 10) : at + 30].decode(errors="replace") for each in (first, second))
    want, got = shown
    return f"byte {at} of {len(first)}: want {want!r}, got {got!r}"
