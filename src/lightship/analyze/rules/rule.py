"""What a waste rule is: a question to a whole `Analysis`, answered with findings.

One rule a file, listed in `lightship.analyze.rules`. The module's docstring is the rule's page: what it does, why, bad,
good, references.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from lightship.analyze.model import Analysis
from lightship.findings import Cause, Finding, Safety, Severity

__all__ = ["Rule"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``code`` is never reused. ``severity`` and ``safety`` (None where no bytes are to be saved) are those of its
    findings unless one says otherwise; ``find`` yields them, dearest first. ``doc`` is the rule's page."""

    code: str
    severity: Severity
    safety: Safety | None
    title: str
    find: Callable[[Analysis], Iterable[Finding]]
    doc: str
    version: int = 1

    def finding(
        self,
        message: str,
        *,
        severity: Severity | None = None,
        location: str = "",
        unpacked_bytes: int | None = None,
        compressed_bytes: int | None = None,
        fix: str | None = None,
        cause: Cause | None = None,
    ) -> Finding:
        """A finding of this rule, with another ``severity`` where it weighs less or more."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            title=self.title,
            message=message,
            location=location,
            unpacked_bytes=unpacked_bytes,
            compressed_bytes=compressed_bytes,
            safety=self.safety,
            fix=fix,
            cause=cause,
        )
