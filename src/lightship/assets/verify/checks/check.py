"""What a check is: it looks at what was seen of a site, or at a directory, and returns every fault it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from lightship.findings import Finding, Severity

__all__ = ["Check", "Kind"]

_Subject = TypeVar("_Subject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of finding that a check makes. Codes are never reused; ``severity`` is the usual one."""

    code: str
    severity: Severity
    title: str

    def finding(
        self, message: str, *, location: str = "", fix: str | None = None, severity: Severity | None = None
    ) -> Finding:
        """A finding of this kind. Those that differ in their location alone have one message, and are told together."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            title=self.title,
            message=message,
            location=location,
            fix=fix,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Generic[_Subject]):
    """One check. ``run`` yields findings of its ``kinds``; ``doc`` is its page."""

    name: str
    kinds: tuple[Kind, ...]
    run: Callable[[_Subject], Iterable[Finding]]
    doc: str
