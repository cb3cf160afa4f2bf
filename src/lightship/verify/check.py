"""What a check is: it looks at one image, executes nothing outside the sandbox, and returns every fault it finds."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lightship.findings import Finding, Severity
from lightship.verify.subject import Subject

__all__ = ["Check", "Kind"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of finding that a check makes. Codes are never reused; ``severity`` is the usual one."""

    code: str
    severity: Severity
    title: str

    def finding(
        self, message: str, *, location: str = "", fix: str | None = None, severity: Severity | None = None
    ) -> Finding:
        """A finding of this kind; ``severity`` where this one weighs more or less than usual."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            title=self.title,
            message=message,
            location=location,
            fix=fix,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check. ``run`` yields findings of its ``kinds``; ``doc`` is its page. One that ``needs_python`` is skipped
    for an image without an interpreter that starts."""

    name: str
    kinds: tuple[Kind, ...]
    run: Callable[[Subject], Iterable[Finding]]
    doc: str
    needs_python: bool = True
