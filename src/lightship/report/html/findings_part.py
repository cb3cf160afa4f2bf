"""The findings of an analysis as a part of its page: errors first, then what costs most bytes, each with its fix."""

from collections.abc import Sequence

from lightship.findings import Finding
from lightship.report.html.page import escaped, paragraph, section
from lightship.report.html.words import code, counted, folded
from lightship.units import format_bytes

__all__ = ["findings_of", "ordered_findings"]

_SEVERITIES = ("error", "warning", "note")
_MOST_FINDINGS = 12
_SAFETY = {
    "lossless": "no file that a program can see changes",
    "safe": "nothing reads it",
    "closure": "nothing that was found reads it",
    "traced": "only a run of the application tells whether it is used",
}


def ordered_findings(findings: Sequence[Finding]) -> list[Finding]:
    """In the order of the page: errors, then those of most bytes. The first has the number 1."""
    return sorted(findings, key=lambda each: (each.severity != "error", -(each.unpacked_bytes or 0)))


def findings_of(ordered: Sequence[Finding]) -> str:
    """What `ordered_findings` gave; an element with the id ``finding-1`` is the first."""
    if not ordered:
        return section("Findings", paragraph("Nothing was found that is waste."), name="findings")
    counts = [(name, sum(each.severity == name for each in ordered)) for name in _SEVERITIES]
    said = ", ".join(counted(count, name) for name, count in counts if count)
    told = f"{said}. Errors first, then what costs most bytes; two findings may tell of the same bytes."
    pieces = [_finding(number, each) for number, each in enumerate(ordered, start=1)]
    rest = pieces[_MOST_FINDINGS:]
    more = f'<details class="more"><summary>{counted(len(rest), "more finding")}</summary>{"".join(rest)}</details>'
    return section(
        "Findings", paragraph(told, note=True), *pieces[:_MOST_FINDINGS], *([more] if rest else []), name="findings"
    )


def _finding(number: int, finding: Finding) -> str:
    told = "".join(f"<dt>{name}</dt><dd{kind}>{said}</dd>" for name, kind, said in _facts(finding))
    worth = ""
    if finding.unpacked_bytes is not None:
        worth = f"<b>{escaped(format_bytes(finding.unpacked_bytes))}</b><small>unpacked</small>"
    if finding.compressed_bytes is not None:
        worth += f"<small>, {escaped(format_bytes(finding.compressed_bytes))} compressed</small>"
    return (
        f'<article class="finding {finding.severity}" id="finding-{number}" tabindex="-1">'
        f'<h3><span class="badge">{finding.severity}</span><span class="number">{number}</span> '
        f'{escaped(finding.message)}</h3><div class="worth">{worth}</div><dl>{told}</dl></article>'
    )


def _facts(finding: Finding) -> list[tuple[str, str, str]]:
    """Name, attributes and HTML of what is known of it."""
    facts = [("where", "", code(finding.location))] if finding.location else []
    if finding.cause is not None:
        facts.append(("caused by", "", f"layer {finding.cause.layer + 1}: {folded(finding.cause.instruction)}"))
    if finding.fix:
        words, _, patch = finding.fix.partition("\n")
        said = escaped(words) + (f'<pre class="patch">{_lines(patch)}</pre>' if patch else "")
        facts.append(("fix", ' class="fix"', said))
    safety = f": {finding.safety}, {_SAFETY[finding.safety]}" if finding.safety else ""
    return [*facts, ("rule", "", f"{code(finding.code)}{escaped(safety)}")]


def _lines(text: str) -> str:
    """A patch: what goes and what comes is marked by more than its first sign."""
    marks = {"-": "del", "+": "ins"}
    lines = []
    for line in text.splitlines():
        tag = marks.get(line[:1])
        lines.append(f"<{tag}>{escaped(line)}</{tag}>" if tag else escaped(line))
    return "\n".join(lines)
