"""JSON Schema of what ``lightship lint --format json`` prints, and docs/reference/lint-rules.md from the rules."""

import re
import typing
from itertools import groupby
from pathlib import Path

from tools.schema_parts import object_of, told

from lightship.findings import Safety, Severity
from lightship.flows.lint import LINT_SCHEMA
from lightship.lint.rule import Rule
from lightship.lint.rules import RULES

__all__ = ["PAGE", "lint_schema", "reference"]

_Schema = dict[str, object]

PAGE = Path(__file__).parents[1] / "docs/reference/lint-rules.md"

_INTRODUCTION = """\
# Rules of lightship lint

Written by `make docs` from the rules' docstrings; edit those.

`lightship lint Dockerfile` asks these rules. Nothing is run and nothing is fetched. A remark names its stage and says
whether that stage's layers ship; what is said of what ships is only said of stages that do.

**Safety** is that of the edits which `--fix` makes: `lossless` leaves the same files and the same command, `safe` takes
what nothing reads at run time, `closure` and `traced` want a try and are made only when asked for with `--safety`.

**Ignoring.** `# lightship ignore=CODE: reason` above an instruction or among its lines, `# lightship ignore-file=CODE:
reason` for the whole file. Without a reason nothing is ignored.
"""
_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}
_COUNT_OR_NULL: _Schema = {"type": ["integer", "null"], "minimum": 0}
_SECONDS: _Schema = {"type": ["number", "null"], "minimum": 0}


def lint_schema() -> _Schema:
    """Of ``lightship lint --format json``."""
    finding: _Schema = {
        "code": _TEXT,
        "severity": {"enum": list(typing.get_args(Severity))},
        "title": _TEXT,
        "message": _TEXT,
        "location": told(_TEXT, "PATH:LINE."),
        "line": _COUNT_OR_NULL,
        "end_line": _COUNT_OR_NULL,
        "column": _COUNT_OR_NULL,
        "stage": told(_TEXT, "Its name or number; empty before the first."),
        "ships": told(_FLAG, "Whether that stage's layers are the image's."),
        "unpacked_bytes": told(_COUNT_OR_NULL, "What the fix saves; null where that is not known."),
        "compressed_bytes": told(_COUNT_OR_NULL, "What the fix saves; null where that is not known."),
        "seconds": told(_SECONDS, "What the fix saves; null where that is not known."),
        "how": told(_TEXT, "Whence bytes and seconds are known."),
        "safety": {"enum": [*typing.get_args(Safety), None]},
        "fix": _TEXT,
        "fixable": told(_FLAG, "Whether --fix can do it."),
    }
    instruction: _Schema = {
        "line": _COUNT,
        "keyword": _TEXT,
        "unpacked_bytes": _COUNT_OR_NULL,
        "compressed_bytes": _COUNT_OR_NULL,
        "seconds": _SECONDS,
        "measured": told(_FLAG, "In a built image; else estimated."),
        "how": _TEXT,
    }
    stage: _Schema = {
        "name": _TEXT,
        "base": told(_TEXT, "The image or stage it is built from, build arguments put in."),
        "line": _COUNT,
        "ships": _FLAG,
        "needed": told(_FLAG, "Whether it is built for the target."),
        "instructions": _list(instruction),
    }
    file: _Schema = {
        "path": _TEXT,
        "stages": _list(stage),
        "findings": _list(finding),
        "ignored": _list({**finding, "reason": told(_TEXT, "Of the comment.")}),
    }
    counts = ("files", "errors", "warnings", "notes", "ignored", "unpacked_bytes", "compressed_bytes")
    properties: _Schema = {
        "schema": {"const": LINT_SCHEMA},
        "files": _list(file),
        "totals": object_of({**dict.fromkeys(counts, _COUNT), "seconds": {"type": "number", "minimum": 0}}),
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:lint:1",
        "title": "What lightship lint --format json prints.",
        **object_of(properties),
    }


def _list(properties: _Schema) -> _Schema:
    return {"type": "array", "items": object_of(properties)}


def reference() -> str:
    """The whole page."""
    summary = ["| rule | family | severity | safety of its edits | finds |", "|---|---|---|---|---|"]
    summary += [
        f"| [`{rule.code}`](#{rule.code}) | {rule.family} | {rule.severity} | {rule.safety or ''} | {rule.title} |"
        for rule in RULES
    ]
    parts = [_INTRODUCTION, "\n".join(summary) + "\n"]
    for family, rules in groupby(RULES, key=lambda rule: rule.family):
        parts += [f"# {family.capitalize()}\n", *(_section(rule) for rule in rules)]
    return "\n".join(parts)


def _section(rule: Rule) -> str:
    title, _, body = rule.doc.strip().partition("\n")
    body = re.sub(r"^(.+)\n=+$", r"### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", lambda match: f"{match[1]}:\n\n" if match[1] else "\n", body, flags=re.MULTILINE)
    body = re.sub(r"^(### .+)\n(?=\S)", r"\1\n\n", body.replace("``", "`"), flags=re.MULTILINE)
    return f"## {rule.code}\n\n{title}\n{body.rstrip()}\n"
