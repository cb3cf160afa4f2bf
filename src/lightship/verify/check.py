"""What a check is: it looks at one image, executes nothing outside the sandbox, and returns every fault it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lightship.findings import Finding, Kind
from lightship.verify.subject import Subject

__all__ = ["Check"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check. ``run`` yields findings of its ``kinds``; ``doc`` is its page. One that ``needs_python`` is skipped
    for an image without an interpreter that starts."""

    name: str
    kinds: tuple[Kind, ...]
    run: Callable[[Subject], Iterable[Finding]]
    doc: str
    needs_python: bool = True
