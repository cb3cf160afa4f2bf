"""What ``lightship lint`` found, as Markdown for a summary or a comment."""

from lightship.findings import Report
from lightship.report.markdown import escape_markdown, render_markdown_table
from lightship.units import format_bytes, format_seconds

__all__ = ["render_lint_markdown"]

_HEAD = ("where", "compressed", "unpacked", "seconds")


def render_lint_markdown(report: Report) -> str:
    """A heading a file, under it a table of its findings and their fixes."""
    parts: list[str] = []
    for file in _rows(report.document["files"]):
        findings = _rows(file["findings"])
        parts.append(f"### {escape_markdown(str(file['path']))}\n")
        if not findings:
            parts.append("Nothing found.\n")
            continue
        parts += ["\n".join(render_markdown_table(("finding", *_HEAD), [_row(each) for each in findings])) + "\n"]
        parts += ["\n".join(_fix(each) for each in findings if each["fix"]) + "\n"]
    return "\n".join(parts)


def _row(finding: dict[str, object]) -> list[str]:
    stage = f", {finding['stage']}" if finding["stage"] else ""
    return [
        f"**{finding['severity']}** `{finding['code']}`: {escape_markdown(str(finding['message']))}",
        escape_markdown(f"line {finding['line']}{stage}"),
        _bytes(finding["compressed_bytes"]),
        _bytes(finding["unpacked_bytes"]),
        format_seconds(seconds) if isinstance(seconds := finding["seconds"], float) else "",
    ]


def _bytes(value: object) -> str:
    return format_bytes(value) if isinstance(value, int) else ""


def _fix(finding: dict[str, object]) -> str:
    return f"- line {finding['line']}: {escape_markdown(str(finding['fix']))}"


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
