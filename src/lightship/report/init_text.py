"""The report of ``lightship init`` as text: what was found for the person, the files for the next program."""

from typing import Any, cast

from lightship.findings import Report
from lightship.report.text import render_table

__all__ = ["render_found", "render_written"]


def render_found(report: Report) -> str:
    """What the project is, and what to know of it; for stderr."""
    found = cast("dict[str, Any]", report.document["detected"])
    memory = cast("dict[str, Any]", report.document["memory"])
    rows = [
        ("dependencies", _joined(found["manager"], found["lock"])),
        ("Python", found["python"]),
        ("served", _joined(found["framework"], " ".join(found["command"]))),
        ("port", found["port"] if found["command"] else None),
        ("health", found["health"]),
        ("migration", " ".join(found["migration"] or ())),
        ("worker", " ".join(found["worker"] or ())),
        ("system packages", " ".join(found["system_packages"])),
        ("built from source", f"{len(found['compiled'])} packages" if found["compiled"] else None),
        *(("front end", _front_end(each)) for each in found["front_ends"]),
        ("memory", _memory(memory["together_mb"], memory["one_by_one_mb"])),
    ]
    lines = [f"{name:<18} {value}" for name, value in rows if value]
    notes = cast("list[str]", report.document["notes"])
    return "\n".join([*lines, *(f"note: {note}" for note in notes)]) + "\n"


def render_written(report: Report) -> str:
    """One line a file: its path, what became of it, what it is for. In a dry run each file's text."""
    files = cast("list[dict[str, str]]", report.document["files"])
    if report.document["dry_run"]:
        return "\n".join(f"==> {each['path']} ({each['state']}) <==\n{each['text']}" for each in files)
    rows = [(each["path"], each["state"], each["purpose"]) for each in files]
    return "\n".join(line.rstrip() for line in render_table(("file", "", ""), rows)) + "\n"


def _memory(together: int, one_by_one: int) -> str:
    less = f", {one_by_one} MB with one stage at a time" if one_by_one < together else ""
    return f"about {together} MB for the build{less}"


def _joined(*words: str | None) -> str:
    return ": ".join(word for word in words if word)


def _front_end(found: dict[str, str]) -> str:
    return f"{found['directory'] or '.'}: {found['kind']} with {found['manager']}, {found['mode']}"
