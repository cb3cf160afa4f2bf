"""What a waste rule is: a question to a whole `Analysis`, answered with findings.

One rule a file, listed in `lightship.analyze.rules`. The module's docstring is the rule's page: what it does, why, bad,
good, references.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightship.ecosystem.inventory import Wanted
from lightship.findings import Cause, Finding, Safety, Severity

if TYPE_CHECKING:
    from lightship.analyze.rules.survey import Survey

__all__ = ["Rule"]

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """``code`` is never reused. ``severity`` and ``safety`` (None where no bytes are to be saved) are those of its
    findings unless one says otherwise; ``find`` yields them, dearest first. ``doc`` is the rule's page.

    What it looks at is said beforehand, so that one pass over the tree serves all rules: ``names`` of files,
    ``suffixes`` (lower case, from the last dot on, or ``~``), names of ``directories``. ``wanted`` are contents that
    are kept for it while layers stream by.
    """

    code: str
    severity: Severity
    safety: Safety | None
    title: str
    find: Callable[["Survey"], Iterable[Finding]]
    doc: str
    version: int = 1
    names: frozenset[str] = _NONE
    suffixes: frozenset[str] = _NONE
    directories: frozenset[str] = _NONE
    wanted: tuple[Wanted, ...] = ()

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
        safety: Safety | None = None,
    ) -> Finding:
        """A finding of this rule, with another ``severity`` or ``safety`` where it weighs less or more."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            title=self.title,
            message=message,
            location=location,
            unpacked_bytes=unpacked_bytes,
            compressed_bytes=compressed_bytes,
            safety=safety or self.safety,
            fix=fix,
            cause=cause,
        )
