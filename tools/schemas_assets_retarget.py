"""JSON Schema of what ``lightship assets retarget --format json`` prints, and the page of the rules about what it
leaves behind, docs/reference/asset-leftovers.md."""

import re
from pathlib import Path
from typing import get_args

from tools.schema_parts import list_of, object_of, told

from lightship.assets.retarget.frameworks.known import FRAMEWORKS
from lightship.assets.retarget.leftovers.known import RULES
from lightship.assets.retarget.leftovers.rule import LeftoverRule
from lightship.findings import Severity
from lightship.flows.assets.retarget import RETARGET_SCHEMA

__all__ = ["PAGE", "assets_retarget_schema", "reference"]

_Schema = dict[str, object]

PAGE = Path(__file__).parents[1] / "docs/reference/asset-leftovers.md"

_INTRODUCTION = """\
# What lightship assets retarget leaves behind

Written by `make docs` from the rules' docstrings; edit those.

`lightship assets retarget DIR --cdn URL` replaces the prefix of what was built. These rules tell what that does not
reach, and what the CDN has to do. An error means that a page does not work as it is; the status is 1 then
(`--fail-on`).
"""
_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def assets_retarget_schema() -> _Schema:
    """Of ``lightship assets retarget --format json``."""
    places: _Schema = {
        "type": "object",
        "additionalProperties": _COUNT,
        "description": "How often, by kind (url, origin, source, relative, hostname, protocol, port, length, size, "
        "digest, cache); a prefix that is not plain is followed by how `://.` is written.",
    }
    finding = {
        "code": {"enum": [rule.code for rule in RULES]},
        "severity": {"enum": list(get_args(Severity))},
        "title": _TEXT,
        "message": _TEXT,
        "location": told(_TEXT, "The first file it is about, relative to the directory."),
        "fix": _TEXT,
    }
    image = {
        "source": _TEXT,
        "source_digest": _TEXT,
        "destination": _TEXT,
        "digest": told({"type": ["string", "null"]}, "Of the manifest; null in a dry run."),
        "layer_bytes": told(_COUNT, "Compressed bytes of the layer on top; 0 where it is the build's own prefix."),
    }
    properties: _Schema = {
        "schema": {"const": RETARGET_SCHEMA},
        "directory": told(_TEXT, "As it was given; of an image the path in it."),
        "image": {"anyOf": [{"type": "null"}, object_of(image)]},
        "framework": {"enum": [framework.name for framework in FRAMEWORKS]},
        "from": told(_TEXT, "The prefix that stood in the files; empty for the page's own origin."),
        "to": told(_TEXT, "The prefix from then on; empty for the page's own origin."),
        "built": told(_TEXT, "The prefix of the build."),
        "dry_run": _FLAG,
        "resumed": told(_FLAG, "An earlier run had been killed while it renamed files, and was finished first."),
        "files": told(
            list_of(object_of({"path": _TEXT, "places": places})), "That changed, or in a dry run would; plain names."
        ),
        "places": told(places, "Of all files that depend on the prefix, whether they changed or not."),
        "sidecars_made": told(_COUNT, "Compressed forms made anew."),
        "sidecars_removed": told(list_of(_TEXT), "Compressed forms that were stale, or would not be smaller."),
        "stale_removed": told(list_of(_TEXT), "Pages that a server had kept for itself, with the old prefix."),
        "looked": told(_COUNT, "Files that were looked through."),
        "findings": list_of(object_of(finding)),
        "notes": list_of(_TEXT),
        "seconds": {"type": "number", "minimum": 0, "description": "Wall time."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-retarget:1",
        "title": "What lightship assets retarget --format json prints.",
        **object_of(properties),
    }


def reference() -> str:
    """The whole page."""
    summary = ["| rule | severity | finds |", "|---|---|---|"]
    summary += [f"| [`{rule.code}`](#{rule.code}) | {rule.severity} | {rule.title} |" for rule in RULES]
    return "\n".join([_INTRODUCTION, "\n".join(summary) + "\n", *(_section(rule) for rule in RULES)])


def _section(rule: LeftoverRule) -> str:
    title, _, body = rule.doc.strip().partition("\n")
    body = re.sub(r"^(.+)\n=+$", r"### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^::\n\n", "\n", body, flags=re.MULTILINE)
    body = re.sub(r"^(### .+)\n(?=\S)", r"\1\n\n", body.replace("``", "`"), flags=re.MULTILINE)
    return f"## {rule.code}\n\n{title}\n{body.rstrip()}\n"
