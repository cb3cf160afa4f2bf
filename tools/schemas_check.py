"""JSON Schema of what ``lightship check --format json`` prints, and the reference of ``[[budget]]``, ``[[ignore]]``."""

import typing
from collections.abc import Mapping

from tools.schema_parts import list_of, object_of, told

from lightship.findings import Safety, Severity
from lightship.flows.check_report import CHECK_SCHEMA
from lightship.gate.model import ANALYSED, METRICS, UNITS

__all__ = ["budget_sections", "check_schema"]

_Schema = dict[str, object]

_TEXT: _Schema = {"type": "string"}
_TEXT_OR_NULL: _Schema = {"type": ["string", "null"]}
_FLAG: _Schema = {"type": "boolean"}
_AMOUNT: _Schema = {"type": ["number", "null"], "minimum": 0}
_COUNT_OR_NULL: _Schema = {"type": ["integer", "null"], "minimum": 0}


def check_schema() -> _Schema:
    """Of ``lightship check --format json``."""
    side = {
        "reference": told(_TEXT, "As it was given; of a report, that of its image."),
        "digest": told(_TEXT_OR_NULL, "Of the manifest; null where a report does not tell it."),
        "platform": _TEXT_OR_NULL,
        "compressed": told(_FLAG, "False: layers are plain tars, as in a docker-archive."),
    }
    explanation = {
        "sentence": told(_TEXT, "What the growth is made of."),
        "of": {"enum": ["unpacked", "compressed"], "description": "What kind of bytes it is about."},
        "grown_bytes": told({"type": "integer"}, "More than the baseline; negative: less."),
        "changes": list_of(_change(), "Most bytes first; the first 50."),
    }
    properties: _Schema = {
        "schema": {"const": CHECK_SCHEMA},
        "passed": told(_FLAG, "There is a budget, every one is kept, and there is no failure."),
        "image": _or_null(object_of(side), "Null: it was not measured."),
        "baseline": _or_null(object_of(side), "Null: there is none, or it could not be read."),
        "budgets": list_of(_budget(), "One for each limit, in the order of the file, then of the flags."),
        "failures": list_of(_failure(), "What makes passed false whatever the budgets say."),
        "explanation": _or_null(object_of(explanation), "Null: there is nothing to compare."),
        "measures": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0},
            "description": "Every figure that is known, by metric and name: compressed, package:numpy, findings:note.",
        },
        "findings": list_of(_finding({}), "Those that count."),
        "ignored": list_of(
            _finding({"reason": told(_TEXT, "Of the entry."), "expires": told(_TEXT_OR_NULL, "The entry's last day.")}),
            "Those that an entry of the configuration ignores.",
        ),
        "ratchet": list_of(
            object_of({"metric": _TEXT, "order": {"type": "integer", "minimum": 0}, "before": _TEXT, "after": _TEXT}),
            "What --ratchet lowered: the max of the budget at that place in the file.",
        ),
        "notes": {"type": "array", "items": _TEXT},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:check:1",
        "title": "What lightship check --format json prints.",
        **object_of(properties),
    }


def budget_sections() -> str:
    """``[[budget]]`` and ``[[ignore]]`` for the page of the configuration."""
    lines = [
        "## [[budget]]",
        "",
        "What `lightship check` holds an image against. `--max` and `--max-growth` go before the limits written here.",
        "",
        "| key | meaning |",
        "|---|---|",
        "| `metric` | one of those below |",
        '| `max` | the most that is allowed: `"200 MB"`, `"64 MiB"`, of findings a number, of a cold start `"3 s"` |',
        '| `max-growth` | how much more than the baseline: `"2 %"`, `"10 MB"` |',
        '| `package` | with `package`: which, `"torch"` or `"deb:libc6"`; else the largest. `max = "0 B"` bans it |',
        '| `severity` | with `findings`: from which on they count, `"error"` (the default), `"warning"`, `"note"` |',
        "",
        "| metric | unit | read for it | what it is |",
        "|---|---|---|---|",
    ]
    for metric, meaning in METRICS.items():
        read = "layers" if metric in ANALYSED else "a report with times" if metric == "cold-start" else "manifest"
        lines.append(f"| `{metric}` | {UNITS[metric]} | {read} | {meaning} |")
    lines += [
        "",
        "## [[ignore]]",
        "",
        "Findings that do not count in `lightship check`. An entry that has expired makes the check fail.",
        "",
        "| key | meaning |",
        "|---|---|",
        '| `code` | the finding\'s code; a pattern such as `"shadowed-*"`. Required |',
        "| `reason` | why, in words. Required |",
        "| `path` | only at a location that this pattern fits (`*` fits `/` too) |",
        "| `package` | only of this package's files, or findings that name it |",
        "| `expires` | the last day on which the entry counts: `2027-01-31` |",
    ]
    return "\n".join(lines) + "\n"


def _budget() -> _Schema:
    return object_of(
        {
            "metric": {"enum": list(METRICS), "description": "What is limited."},
            "limit": told(_AMOUNT, "The most that is allowed; of growth, with the baseline's value in it."),
            "value": told(_AMOUNT, "What the image has; null: not known, and not passed."),
            "baseline": told(_AMOUNT, "What the baseline has; null: none, or not known."),
            "passed": told(_FLAG, "Value and limit are known, and the value is not more."),
            "rule": {"enum": ["max", "max-growth"], "description": "Which limit of the budget it is."},
            "unit": {"enum": sorted(set(UNITS.values())), "description": "Of limit, value and baseline."},
            "name": told(_TEXT, "The package or the severity that the budget names; else empty."),
            "subject": told(_TEXT, "What was measured: a layer, packages, a severity."),
            "allowed": told(_TEXT_OR_NULL, "Growth as it was written."),
            "reason": told(_TEXT_OR_NULL, "Why it was not measured, or is not passed whatever the value."),
            "source": _source(),
        }
    )


def _failure() -> _Schema:
    return object_of(
        {
            "code": {"enum": ["not-measured", "no-baseline", "ignore-expired"]},
            "message": _TEXT,
            "hint": _TEXT_OR_NULL,
            "source": _or_null(_source(), "Null: nothing in the configuration is to blame."),
        }
    )


def _change() -> _Schema:
    return object_of(
        {
            "state": {"enum": ["changed", "new", "gone"]},
            "what": told(_TEXT, "A package, with its ecosystem unless that is Python's, or a layer."),
            "before": told(_TEXT, "Version; empty where there is none."),
            "after": told(_TEXT, "Version; empty where there is none."),
            "grown_bytes": {"type": "integer"},
        }
    )


def _finding(further: Mapping[str, _Schema]) -> _Schema:
    cause = {"layer": {"type": "integer", "minimum": 0}, "digest": _TEXT, "instruction": _TEXT}
    return object_of(
        {
            "code": _TEXT,
            "severity": {"enum": list(typing.get_args(Severity))},
            "title": _TEXT,
            "message": _TEXT,
            "location": _TEXT,
            "unpacked_bytes": _COUNT_OR_NULL,
            "compressed_bytes": _COUNT_OR_NULL,
            "safety": {"enum": [*typing.get_args(Safety), None]},
            "fix": _TEXT_OR_NULL,
            "cause": _or_null(object_of(cause), "Which layer did it; null where that is not known."),
            **further,
        }
    )


def _source() -> _Schema:
    return object_of(
        {
            "name": told(_TEXT, "A place in the configuration, or a flag."),
            "file": _TEXT_OR_NULL,
            "line": {"type": ["integer", "null"], "minimum": 1},
        }
    )


def _or_null(schema: _Schema, text: str) -> _Schema:
    return {"anyOf": [schema, {"type": "null"}], "description": text}
