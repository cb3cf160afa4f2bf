"""What ``lightship lint`` found, as text: 80 columns, readable without colour."""

import textwrap
from collections.abc import Iterator, Sequence

from lightship.findings import Report
from lightship.report.text import render_table
from lightship.units import format_bytes, format_seconds

__all__ = ["render_lint_text"]

_COLUMNS = 80
_KINDS = ("compressed", "unpacked", "seconds")
_WORDS = {"errors": "error", "warnings": "warning", "notes": "note"}


def render_lint_text(report: Report, *, verbose: bool = False) -> str:
    """Findings in the order of the files and their lines, each with its stage, what its fix saves, and the fix. Of a
    single file, and of all with ``verbose``, first what each line of each stage costs, ``?`` where that is not
    known."""
    files = _rows(report.document["files"])
    lines: list[str] = []
    for file in files:
        if verbose or len(files) == 1:
            lines += _stages(file, verbose=verbose)
        for finding in _rows(file["findings"]):
            lines += [*_finding(str(file["path"]), finding), ""]
        if verbose:
            for finding in _rows(file["ignored"]):
                lines += [*_ignored(str(file["path"]), finding), ""]
    return "\n".join([*lines, _total(report)]) + "\n"


def _stages(file: dict[str, object], *, verbose: bool) -> Iterator[str]:
    for stage in _rows(file["stages"]):
        lines = [row for row in _rows(stage["instructions"]) if verbose or _makes_files(row)]
        if not lines or not (stage["needed"] or verbose):
            continue
        fate = "ships" if stage["ships"] else "is built, does not ship" if stage["needed"] else "is not built"
        yield f"{_named(stage['name'])} from {stage['base']}: {fate}"
        table = [("line", *_KINDS), *(_line(row) for row in lines), *([_sum(lines)] if len(lines) > 1 else [])]
        if not any(row["seconds"] for row in lines):
            table = [row[:-1] for row in table]
        yield from (f"  {line}" for line in render_table(table[0], table[1:]))
        yield ""


def _makes_files(row: dict[str, object]) -> bool:
    """Lines that make none are nothing to tell of; of those that make some it may not be known how many."""
    return row["unpacked_bytes"] != 0 or bool(row["compressed_bytes"] or row["seconds"])


def _line(row: dict[str, object]) -> tuple[str, ...]:
    about = "" if row["measured"] or not _makes_files(row) else "about "
    seconds = row["seconds"]
    return (
        f"{row['line']} {row['keyword']}",
        _size(row["compressed_bytes"], about),
        _size(row["unpacked_bytes"], about),
        format_seconds(seconds) if isinstance(seconds, float) else "",
    )


def _size(size: object, about: str) -> str:
    return about + format_bytes(size) if isinstance(size, int) else "?"


def _sum(lines: list[dict[str, object]]) -> tuple[str, ...]:
    """What the lines come to; at least, where a line's is not known."""
    cells = []
    for key in ("compressed_bytes", "unpacked_bytes"):
        sizes = [row[key] for row in lines]
        known = [size for size in sizes if isinstance(size, int)]
        estimated = any(row[key] and not row["measured"] for row in lines)
        words = "at least " if len(known) < len(sizes) else "about " if estimated else ""
        cells.append(words + format_bytes(sum(known)) if known else "?")
    seconds = [each for row in lines if isinstance(each := row["seconds"], float)]
    return ("total", *cells, format_seconds(sum(seconds)) if seconds else "")


def _finding(path: str, finding: dict[str, object]) -> Iterator[str]:
    where = f"{path}:{finding['line']}"
    yield f"{where}: {finding['severity']}: {finding['title']} [{finding['code']}]"
    message = str(finding["message"])
    yield from _wrapped(message + (f" ({_stage(finding)})" if finding["stage"] else ""), "  ")
    saved = _saved(finding)
    if saved:
        yield from _wrapped(saved, "  ")
    if finding["fix"]:
        daring = f" --safety {finding['safety']}" if finding["safety"] in ("closure", "traced") else ""
        mends = f" (--fix{daring} does it)" if finding["fixable"] else ""
        yield from _wrapped(f"fix: {finding['fix']}{mends}", "  ", further="       ")


def _stage(finding: dict[str, object]) -> str:
    return _named(finding["stage"]) + ("" if finding["ships"] else ", which does not ship")


def _named(stage: object) -> str:
    """A stage without a name is called ``stage 2`` or ``final stage`` already."""
    text = str(stage)
    return text if text.startswith("stage ") or text == "final stage" else f"stage {text}"


def _saved(finding: dict[str, object]) -> str:
    compressed, unpacked, seconds = finding["compressed_bytes"], finding["unpacked_bytes"], finding["seconds"]
    parts = []
    if isinstance(compressed, int):
        parts.append(f"{format_bytes(compressed)} compressed")
    if isinstance(unpacked, int):
        parts.append(f"{format_bytes(unpacked)} unpacked")
    if isinstance(seconds, float):
        parts.append(f"about {format_seconds(seconds)} of each start")
    how = f" ({finding['how']})" if finding["how"] else ""
    if compressed == unpacked == 0 and seconds is None:
        return f"saves nothing{how}"
    return f"saves {', '.join(parts)}{how}" if parts else ""


def _ignored(path: str, finding: dict[str, object]) -> Iterator[str]:
    yield f"{path}:{finding['line']}: ignored: {finding['title']} [{finding['code']}]"
    yield from _wrapped(f"because: {finding['reason']}", "  ")


def _total(report: Report) -> str:
    totals = report.document["totals"]
    assert isinstance(totals, dict)  # noqa: S101 - the report's own shape
    counts = [
        f"{totals[name]} {word}{'' if totals[name] == 1 else 's'}" for name, word in _WORDS.items() if totals[name]
    ]
    files = "1 file" if totals["files"] == 1 else f"{totals['files']} files"
    ignored = f", {totals['ignored']} ignored" if totals["ignored"] else ""
    if not counts:
        return f"{files}: nothing found{ignored}"
    return f"{files}: {', '.join(counts)}{ignored}"


def _wrapped(text: str, indent: str, *, further: str | None = None) -> Sequence[str]:
    return textwrap.wrap(
        text, _COLUMNS, initial_indent=indent, subsequent_indent=further or indent, break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
