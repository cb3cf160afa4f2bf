"""JSON Schema of what ``lightship assets standalone --format json`` prints, and the reference page of its rules."""

import re
from pathlib import Path
from typing import get_args

from tools.schema_parts import list_of, object_of, told

from lightship.assets.standalone.answers import Verdict
from lightship.assets.standalone.model import Images, Static
from lightship.assets.standalone.rule import Rule
from lightship.assets.standalone.rules import RULES
from lightship.findings import SAFETY_ORDER
from lightship.flows.assets.standalone_report import STANDALONE_SCHEMA

__all__ = ["PAGE", "assets_standalone_schema", "reference"]

PAGE = Path(__file__).parents[1] / "docs/reference/assets-standalone-rules.md"

_Schema = dict[str, object]

_INTRODUCTION = """\
# Rules of lightship assets standalone

Written by `make docs` from the rules' docstrings; edit those.

What a Next.js server does without. A `safe` rule leaves out what a known part of the build never reads when it serves;
`closure` goes by the names in sources; `traced` by a real run. The default goes no further than `safe`; `--off RULE`
turns one off, `--keep PATTERN` keeps paths against all of them. Patterns are over paths of the tree, or over paths as
they would be without a store of packages (`node_modules/next/**`); `*` stays inside a folder, `**` crosses them.
[The guide](../guides/assets-standalone.md) shows how they are used.

Licences and every `package.json` on the way to a file that stays, stay. Links to what is left out go with it, under the
name `dangling-links`. The first rule of the table that selects a path has it.
"""

_SECTIONS = """\
In the examples a dash marks what goes; after `|` stands what is in a file.
"""

_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def reference() -> str:
    """The whole page."""
    table = ["| rule | safety | leaves out |", "|---|---|---|"]
    table += [f"| [`{rule.code}`](#{rule.code}) | {rule.safety} | {_title(rule)} |" for rule in RULES]
    return "\n".join([_INTRODUCTION, "\n".join(table) + "\n", _SECTIONS, *(_section(rule) for rule in RULES)])


def _title(rule: Rule) -> str:
    return rule.doc.strip().splitlines()[0].rstrip(".")


def _section(rule: Rule) -> str:
    body = rule.doc.strip().partition("\n")[2]
    body = re.sub(r"^(.+)\n=+$", r"#### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", lambda match: f"{match[1]}:\n\n" if match[1] else "\n", body, flags=re.MULTILINE)
    body = re.sub(r"^(#### .+)\n(?=\S)", r"\1\n\n", body.replace("``", "`"), flags=re.MULTILINE)
    return f"## {rule.code}\n\n{_title(rule)}. Safety: {rule.safety}.\n{body.rstrip()}\n"


def assets_standalone_schema() -> _Schema:
    """Of ``lightship assets standalone --format json``."""
    maybe_text: _Schema = {"type": ["string", "null"]}
    status = {"type": ["integer", "null"], "minimum": 100, "maximum": 999}
    safety = {"enum": list(SAFETY_ORDER)}
    unpacked = told(_COUNT, "Of files, uncompressed.")
    compressed = told(_COUNT, "Each file's gzip by libdeflate at level 6, as a layer of lightship has it; added up.")
    sizes = {"files": _COUNT, "unpacked_bytes": unpacked, "compressed_bytes": compressed}
    page = {
        "route": told(_TEXT, "The build's name for what answers."),
        "path": told(_TEXT, "What was asked for."),
        "headers": told({"type": "object", "additionalProperties": _TEXT}, "Of the request, beside the usual ones."),
        "status": told(status, "The whole server's; null where there was no whole answer."),
        "bytes": told(_COUNT, "Of its body."),
        "status_after": told(status, "The smaller server's."),
        "bytes_after": _COUNT,
        "verdict": told(
            {"enum": list(get_args(Verdict))},
            "same: status, type and bytes, without nonces, identifiers and times. unstable: the whole server answers "
            "with other bytes each time, too; status and type are the same.",
        ),
        "detail": told(_TEXT, "What differs; empty for nothing."),
    }
    properties: _Schema = {
        "schema": {"const": STANDALONE_SCHEMA},
        "directory": told(_TEXT, "As it was given."),
        "app": told(_TEXT, "The folder of server.js in it; empty for itself."),
        "build": told(_TEXT, "The folder of the build."),
        "next_version": told(_TEXT, "Empty where the tree does not say."),
        "static": {"enum": list(get_args(Static))},
        "images": {"enum": list(get_args(Images))},
        "safety": safety,
        "before": object_of(sizes),
        "after": object_of(sizes),
        "dropped": told(
            list_of(object_of({"rule": _TEXT, "safety": safety, "reason": _TEXT, **sizes})),
            "By rule, most bytes first.",
        ),
        "further": told(
            list_of(object_of({"safety": safety, **sizes})), "What a more daring class would leave out more."
        ),
        "written": told(maybe_text, "Where the smaller tree is."),
        "set_aside": told(maybe_text, "Where what was left out of the directory itself is; --restore brings it back."),
        "verified": told(
            {"type": ["boolean", "null"]}, "Whether every answer is as before; null where none was asked."
        ),
        "pages": list_of(object_of(page)),
        "notes": list_of(_TEXT),
        "left_out": told(
            list_of(object_of({"path": _TEXT, "rule": _TEXT, "unpacked_bytes": _COUNT})),
            "By path; links count no bytes.",
        ),
        "seconds": {
            "type": "object",
            "additionalProperties": {"type": "number", "minimum": 0},
            "description": "Wall time of each phase.",
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-standalone:1",
        "title": "What lightship assets standalone --format json prints.",
        **object_of(properties),
    }
