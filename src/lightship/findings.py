"""What a feature says: findings and measures in a `Report`. Nothing here formats (see ``lightship.report``)."""

from dataclasses import field
from typing import Literal

from lightship.values import dataclass

__all__ = ["SAFETY_ORDER", "Cause", "Finding", "Kind", "Place", "Report", "Safety", "Severity"]

Severity = Literal["error", "warning", "note"]
Safety = Literal["lossless", "safe", "closure", "traced"]

SAFETY_ORDER: tuple[Safety, ...] = ("lossless", "safe", "closure", "traced")
"""From harmless to daring. The default never goes past ``safe``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Which layer of an image did it, by its index from the bottom and its blob's digest, and the instruction of the
    Dockerfile that made the layer, where the history tells."""

    layer: int
    digest: str
    instruction: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Lines of a file of the project, counted from 1; ``column`` is the first character's on ``line``."""

    file: str
    line: int
    end_line: int
    column: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing worth saying, with what it costs (None where it costs no bytes, or no seconds), what to do, for what
    lies in an image what put it there, and for what stands in a file of the project its place."""

    code: str
    severity: Severity
    title: str
    message: str
    location: str = ""
    unpacked_bytes: int | None = None
    compressed_bytes: int | None = None
    seconds: float | None = None
    safety: Safety | None = None
    fix: str | None = None
    cause: Cause | None = None
    place: Place | None = None


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
class Report:
    """The outcome of a feature. ``document`` is its JSON, ``schema`` that JSON's name."""

    schema: str
    document: dict[str, object]
    findings: tuple[Finding, ...] = ()
    measures: dict[str, float] = field(default_factory=dict)
