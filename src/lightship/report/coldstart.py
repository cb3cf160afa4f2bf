"""A measured start as text: its phases, the dearest imports and who asked for them."""

from lightship.report.text import render_table
from lightship.units import format_seconds

__all__ = ["render_start"]

_PHASES = {
    "unpack_s": "unpack",
    "exec_s": "exec",
    "interpreter_s": "interpreter",
    "imports_s": "imports",
    "application_s": "application",
    "ready_s": "ready",
    "first_request_s": "first request",
}
_NAME_COLUMNS = 44


def render_start(document: dict[str, object], *, packages: int = 10) -> str:
    """The text of a start's document (`lightship.flows.coldstart.start_document`), within 80 columns or so."""
    phases = document["phases"]
    assert isinstance(phases, dict)  # noqa: S101 - made by us
    rows = [[name, format_seconds(float(phases[key]))] for key, name in _PHASES.items() if phases.get(key) is not None]
    lines = render_table(["phase", "seconds"], rows)
    dearest = _rows(document["dearest"])
    if dearest:
        table = [[_short(str(row["module"])), _ms(row["self_s"]), _ms(row["total_s"]), _asker(row)] for row in dearest]
        lines += ["", *_left(["import", "self ms", "with all ms", "asked for by"], table)]
        costs = [[str(row["name"]), _ms(row["self_s"]), str(row["modules"])] for row in _rows(document["packages"])]
        lines += ["", *render_table(["package", "self ms", "modules"], costs[:packages])]
    return "\n".join(lines) + "\n"


def _left(head: list[str], rows: list[list[str]]) -> list[str]:
    """A table whose last column is a text too, flush left."""
    numbers = render_table(head[:-1], [row[:-1] for row in rows])
    return [f"{line}  {row[-1]}" for line, row in zip(numbers, [head, *rows], strict=True)]


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _ms(value: object) -> str:
    return f"{float(str(value)) * 1000:.0f}"


def _asker(row: dict[str, object]) -> str:
    return _short(f"{row['asked_by']}:{row['line']}") if row["asked_by"] else "the interpreter"


def _short(text: str) -> str:
    return text if len(text) <= _NAME_COLUMNS else f"…{text[1 - _NAME_COLUMNS :]}"
