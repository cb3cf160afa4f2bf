"""What a gate is asked, and what it answers: budgets and ignore entries in, a verdict out.

Sizes are bytes (MB is 10^6), cold starts seconds, findings a count. A budget is kept when its value is at most its
limit; where there is no value or no limit it is broken, so that nothing passes that was not measured.
"""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from lightship.findings import Finding, Severity

__all__ = [
    "ANALYSED", "METRICS", "UNITS", "Budget", "Failure", "Growth", "Ignore", "Ignored", "Metric", "Row", "Source",
    "Unit", "Verdict", "at_least",
]  # fmt: skip

Metric = Literal["compressed", "unpacked", "layer", "package", "waste", "findings", "cold-start"]
Unit = Literal["bytes", "count", "seconds"]

METRICS: Mapping[Metric, str] = {
    "compressed": "bytes of the layers' blobs, each once: what a node without any of them pulls",
    "unpacked": "bytes of the files in all layers: what lies on a node's disk",
    "layer": "compressed bytes of the largest layer",
    "package": "unpacked bytes of one package, or of the largest",
    "waste": "unpacked bytes that higher layers hide",
    "findings": "how many findings of that severity or a higher one, without those ignored",
    "cold-start": "seconds from the beginning of the start until the probe answers",
}
"""What can be limited, and what it means."""

UNITS: Mapping[Metric, Unit] = {
    **dict.fromkeys(METRICS, "bytes"),
    "findings": "count",
    "cold-start": "seconds",
}
ANALYSED: frozenset[Metric] = frozenset({"unpacked", "package", "waste", "findings"})
"""What only reading the layers tells; the others need the manifest, or a report with times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where something was written: ``name`` for people, and the ``file`` and its line (None: not known); no file for
    what a flag says."""

    name: str
    file: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How much more than the baseline: a share of it, or an amount in the metric's unit. One of the two is set."""

    text: str
    share: Fraction | None = None
    amount: float | None = None

    def limit(self, baseline: float) -> float:
        """The largest value allowed; whole, rounded down, where ``baseline`` is whole."""
        grown = baseline + (Fraction(baseline) * self.share if self.share is not None else Fraction(self.amount or 0))
        return int(grown) if isinstance(baseline, int) else float(grown)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One ``[[budget]]``. ``name`` is a package's (with or without its ecosystem) or a severity; ``order`` its place
    in the file, None for one that flags made."""

    metric: Metric
    name: str = ""
    max: float | None = None
    max_growth: Growth | None = None
    source: Source
    order: int | None = None

    @property
    def key(self) -> tuple[Metric, str]:
        """Two budgets with the same key limit the same."""
        return self.metric, self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One ``[[ignore]]``: findings of ``code`` (a pattern) at ``path`` or of ``package`` do not count, for
    ``reason``, up to and including the day ``expires``."""

    code: str
    reason: str
    path: str = ""
    package: str = ""
    expires: datetime.date | None = None
    source: Source


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A finding that does not count, and the entry that says so."""

    finding: Finding
    entry: Ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One limit of one budget. ``limit``, ``value`` and ``baseline`` are None where they are not known, and ``reason``
    says why. ``name`` is the budget's, ``subject`` what was measured: a layer, a package, a severity; ``allowed`` the
    growth as it was written."""

    metric: Metric
    name: str = ""
    rule: Literal["max", "max-growth"]
    limit: float | None
    value: float | None
    baseline: float | None
    passed: bool
    subject: str = ""
    allowed: str = ""
    reason: str = ""
    source: Source
    order: int | None = None

    @property
    def unit(self) -> Unit:
        """Of the three numbers."""
        return UNITS[self.metric]


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why the answer is no whatever the budgets say: the image or the baseline could not be read, an ignore entry
    has expired."""

    code: str
    message: str
    hint: str = ""
    source: Source | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``passed`` needs at least one row, every row kept and no failure."""

    rows: tuple[Row, ...] = ()
    failures: tuple[Failure, ...] = ()
    findings: tuple[Finding, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    notes: tuple[str, ...] = field(default=())

    @property
    def passed(self) -> bool:
        return bool(self.rows) and not self.failures and all(row.passed for row in self.rows)


def at_least(severity: Severity) -> frozenset[str]:
    """``severity`` and what is worse."""
    order: tuple[Severity, ...] = ("error", "warning", "note")
    return frozenset(order[: order.index(severity) + 1])
