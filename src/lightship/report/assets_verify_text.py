"""The report of ``lightship assets verify`` as text, and as Markdown for a comment."""

from collections.abc import Iterable, Sequence
from typing import Any, cast

from lightship.findings import Finding, Report, Severity
from lightship.report.markdown import escape_markdown
from lightship.units import format_bytes, format_seconds

__all__ = ["render_assets_verify", "render_assets_verify_markdown"]

_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
_MOST_PLACES = 3
_MOST_NOTES = 5

_Group = tuple[Finding, list[str]]


def render_assets_verify(report: Report, *, verbose: bool = False) -> str:
    """What was looked at, findings (those that differ in their place alone are told once), and the verdict in the last
    line. ``verbose`` tells every place, every note, and the checks."""
    found = cast("dict[str, Any]", report.document)
    lines = [*_head(found), ""]
    groups = _grouped(report.findings, str(found["root"] or ""))
    notes = [group for group in groups if group[0].severity == "note"]
    shown = groups if verbose else groups[: len(groups) - max(0, len(notes) - _MOST_NOTES)]
    for finding, places in shown:
        lines += _told(finding, places, None if verbose else _MOST_PLACES)
    if len(shown) < len(groups):
        lines.append(f"and {len(groups) - len(shown)} more notes: -v shows them")
    if shown:
        lines.append("")
    if verbose:
        lines += [f"  {check['name']:<12} {check['findings']:>5} findings" for check in found["checks"]]
        lines.append("")
    lines += [f"note: {note}" for note in found["notes"]]
    lines.append(_verdict(found, report.findings))
    return "\n".join(line.replace("\n", "\\n") for line in lines) + "\n"


def render_assets_verify_markdown(report: Report) -> str:
    """The verdict, and a list of findings, each kind once."""
    found = cast("dict[str, Any]", report.document)
    lines = [f"### {escape_markdown(_verdict(found, report.findings))}", ""]
    lines += [escape_markdown(line) + "  " for line in _head(found)]
    for finding, places in _grouped(report.findings, str(found["root"] or "")):
        told = [escape_markdown(line.strip()) for line in _told(finding, places, _MOST_PLACES)]
        lines += ["", f"- **{told[0]}**", *(f"  {line}" for line in told[1:])]
    return "\n".join(lines) + "\n"


def _head(found: dict[str, Any]) -> list[str]:
    lines = [str(found["target"]) + (f" under nginx, at {found['root']}" if found["mode"] == "nginx" else "")]
    facts = []
    if found["files"] is not None:
        facts.append(f"{found['files']} files with {found['references']} references")
    if found["root"] is not None:
        facts.append(f"{found['pages']} pages, {found['addresses'] - found['pages']} assets")
        if found["older_addresses"]:
            facts.append(f"{found['older_addresses']} of older releases")
        facts.append(f"{found['requests']} requests, {format_bytes(found['received_bytes'])}")
    facts.append(format_seconds(found["seconds"]))
    return [*lines, "; ".join(facts)]


def _grouped(findings: Iterable[Finding], root: str) -> list[_Group]:
    """Findings by what they say, errors first, with the places of each."""
    groups: dict[tuple[str, str, str, str | None], _Group] = {}
    for finding in findings:
        key = (finding.severity, finding.code, finding.message, finding.fix)
        groups.setdefault(key, (finding, []))[1].append(_short(finding.location, root))
    return sorted(groups.values(), key=lambda group: _SEVERITIES.index(group[0].severity))


def _short(location: str, root: str) -> str:
    """An address of the site without its origin."""
    origin = "/".join(root.split("/")[:3])
    return location.removeprefix(origin) if origin and location.startswith(f"{origin}/") else location


def _told(finding: Finding, places: Sequence[str], most: int | None) -> list[str]:
    shown = [place for place in places if place][:most]
    if len(places) == 1:
        where = f" ({places[0]})" if places[0] else ""
        lines = [f"{finding.severity}: {finding.message}{where} [{finding.code}]"]
    else:
        lines = [f"{finding.severity}: {finding.message}: {len(places)} times [{finding.code}]"]
        lines += [f"  {place}" for place in shown]
        if len(shown) < len(places):
            lines.append(f"  and {len(places) - len(shown)} more")
    return [*lines, *([f"  fix: {finding.fix}"] if finding.fix else [])]


def _verdict(found: dict[str, Any], findings: Sequence[Finding]) -> str:
    counts = {severity: sum(finding.severity == severity for finding in findings) for severity in _SEVERITIES}
    said = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items() if count)
    what = {"site": "the site", "nginx": "the directory under nginx", "directory": "the directory"}[found["mode"]]
    return f"{what} is {'good' if found['passed'] else 'not good'}" + (f": {said}" if said else "")
