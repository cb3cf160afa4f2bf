"""What ``lightship verify`` returns: values for a report, nothing formatted."""

from dataclasses import dataclass, field

from lightship.findings import Finding, Report, Severity

__all__ = ["VERIFY_SCHEMA", "CheckSummary", "ProbeSummary", "VerifyOutcome", "verify_report"]

VERIFY_SCHEMA = "lightship/verify/1"

_WEIGHTS: tuple[Severity, ...] = ("note", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSummary:
    """One question to the started application; ``detail`` says what was wrong."""

    name: str
    ok: bool
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSummary:
    """One check; ``skipped`` says why it was not made, "" where it was."""

    name: str
    findings: int
    seconds: float
    skipped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    """One verified image. Phases that did not happen are None. ``compared_with`` says what imports were held against,
    ``fail_on`` from which severity on a finding makes `passed` false."""

    image: str
    digest: str
    platform: str
    python: str | None
    engine: str
    pull_s: float
    unpack_s: float
    start_s: float | None = None
    ready_s: float | None = None
    probes: tuple[ProbeSummary, ...] = ()
    checks: tuple[CheckSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    compared_with: str = ""
    fail_on: Severity = "error"
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """True when every probe succeeded and no finding is at or over the threshold."""
        least = _WEIGHTS.index(self.fail_on)
        return all(probe.ok for probe in self.probes) and not any(
            _WEIGHTS.index(finding.severity) >= least for finding in self.findings
        )


def verify_report(outcome: VerifyOutcome) -> Report:
    """The report of ``lightship verify``: its keys are those of the command line's contract."""
    phases = {
        "pull_s": outcome.pull_s,
        "unpack_s": outcome.unpack_s,
        "start_s": outcome.start_s,
        "ready_s": outcome.ready_s,
    }
    document: dict[str, object] = {
        "schema": VERIFY_SCHEMA,
        "image": outcome.image,
        "digest": outcome.digest,
        "platform": outcome.platform,
        "python": outcome.python,
        "engine": outcome.engine,
        "passed": outcome.passed,
        "phases": {name: None if value is None else round(value, 3) for name, value in phases.items()},
        "probes": [
            {"name": probe.name, "ok": probe.ok, "seconds": round(probe.seconds, 3), "detail": probe.detail}
            for probe in outcome.probes
        ],
        "checks": [
            {
                "name": check.name,
                "findings": check.findings,
                "seconds": round(check.seconds, 3),
                "skipped": check.skipped or None,
            }
            for check in outcome.checks
        ],
        "compared_with": outcome.compared_with,
        "findings": [
            {
                "code": finding.code,
                "severity": finding.severity,
                "title": finding.title,
                "message": finding.message,
                "location": finding.location,
                "fix": finding.fix,
            }
            for finding in outcome.findings
        ],
    }
    measures = {name: value for name, value in phases.items() if value is not None}
    return Report(schema=VERIFY_SCHEMA, document=document, findings=outcome.findings, measures=measures)
