"""What a check is: it looks at what was seen of a site, or at a directory, and returns every fault it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lightship.findings import Finding, Kind

__all__ = ["Check"]

_Subject = TypeVar("_Subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[_Subject]):
    """One check. ``run`` yields findings of its ``kinds``; ``doc`` is its page."""

    name: str
    kinds: tuple[Kind, ...]
    run: Callable[[_Subject], Iterable[Finding]]
    doc: str
