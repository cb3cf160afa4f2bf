"""What ``lightship assets verify`` returns: values for a report, nothing formatted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lightship.assets.verify.site import CLIENTS, Asset, Site
from lightship.assets.verify.tree import Tree
from lightship.findings import Finding, Report, Severity

__all__ = ["ASSETS_VERIFY_SCHEMA", "AssetsVerifyOutcome", "CheckSummary", "assets_verify_report"]

ASSETS_VERIFY_SCHEMA = "lightship/assets-verify/1"

_WEIGHTS: tuple[Severity, ...] = ("note", "warning", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSummary:
    """One check that was made, and how many findings it made, ignored ones among them."""

    name: str
    findings: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsVerifyOutcome:
    """``target`` is as it was asked for; ``site`` is None where a directory alone was read, ``tree`` where none was.
    ``fail_on`` says from which severity on a finding makes `passed` false."""

    target: str
    mode: str
    site: Site | None = None
    tree: Tree | None = None
    checks: tuple[CheckSummary, ...] = ()
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    requests: int = 0
    received_bytes: int = 0
    seconds: float = 0.0
    fail_on: Severity = "warning"
    cdns: tuple[str, ...] = field(default_factory=tuple)

    @property
    def passed(self) -> bool:
        """True when no finding is at or over the threshold."""
        least = _WEIGHTS.index(self.fail_on)
        return not any(_WEIGHTS.index(finding.severity) >= least for finding in self.findings)


def assets_verify_report(outcome: AssetsVerifyOutcome) -> Report:
    """The outcome as the JSON that ``--format json`` prints."""
    site, tree = outcome.site, outcome.tree
    assets = site.assets if site is not None else ()
    document: dict[str, object] = {
        "schema": ASSETS_VERIFY_SCHEMA,
        "target": outcome.target,
        "mode": outcome.mode,
        "root": site.root if site is not None else None,
        "cdns": list(outcome.cdns),
        "passed": outcome.passed,
        "pages": sum(asset.page for asset in assets),
        "addresses": len(assets),
        "older_addresses": len(site.formers) if site is not None else 0,
        "files": len(tree.files) if tree is not None else None,
        "references": tree.references if tree is not None else None,
        "requests": outcome.requests,
        "received_bytes": outcome.received_bytes,
        "checks": [{"name": check.name, "findings": check.findings} for check in outcome.checks],
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
        "urls": [_row(asset) for asset in assets],
        "notes": list(outcome.notes),
        "seconds": round(outcome.seconds, 3),
    }
    return Report(schema=ASSETS_VERIFY_SCHEMA, document=document, findings=outcome.findings)


def _row(asset: Asset) -> dict[str, object]:
    plain = asset.plain
    headers: Mapping[str, str] = plain.headers if plain is not None else {}
    return {
        "url": asset.url,
        "own": asset.own,
        "page": asset.page,
        "kinds": sorted(asset.kinds),
        "used_by": sorted({use.by for use in asset.uses if use.by}),
        "hashed": asset.hashed,
        "content_type": headers.get("content-type"),
        "cache_control": headers.get("cache-control"),
        "sha256": plain.sha256 if plain is not None else "",
        "plain_bytes": plain.plain_bytes if plain is not None else None,
        "clients": {client: _answer(asset, client) for client in CLIENTS},
    }


def _answer(asset: Asset, client: str) -> dict[str, object]:
    reply = next((reply for name, reply in asset.replies.items() if name == client), None)
    if reply is None:
        return {"status": 0, "encoding": "", "bytes": 0, "etag": None, "fault": "not asked"}
    return {
        "status": reply.status,
        "encoding": reply.encoding,
        "bytes": reply.body_bytes,
        "etag": reply.headers.get("etag"),
        "fault": reply.fault,
    }
