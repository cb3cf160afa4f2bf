"""JSON Schema of what ``lightship assets verify --format json`` prints, and the reference page of its checks."""

import re
from collections.abc import Iterable
from pathlib import Path

from tools.schema_parts import list_of, object_of, told

from lightship.assets.reading.reference import KINDS
from lightship.assets.verify.checks.directory import DIRECTORY
from lightship.assets.verify.checks.served import SERVED
from lightship.assets.verify.site import CLIENTS
from lightship.findings import Kind
from lightship.flows.assets.verify import CHECK_NAMES
from lightship.flows.assets.verify_report import ASSETS_VERIFY_SCHEMA

__all__ = ["PAGE", "assets_verify_schema", "reference"]

PAGE = Path(__file__).parents[1] / "docs/reference/assets-verify-checks.md"

_Schema = dict[str, object]

_INTRODUCTION = """\
# Checks of lightship assets verify

Written by `make docs` from the checks' docstrings; edit those.

`--check NAME` makes some of them alone, `--skip NAME` leaves one out, `--ignore CODE` or `--ignore CODE:LOCATION` (with
wildcards) passes over findings. The severity is the usual one: a finding says where it weighs less.
[The guide](../guides/assets-verify.md) shows how they are used.

What stands under Bad and Good was tried: a line is `PATH [when WHO] -> what the answer is`, where WHO is a kind of
client, a method, or a header of the request; with a directory it is `PATH | CONTENT`.
"""

_TEXT: _Schema = {"type": "string"}
_FLAG: _Schema = {"type": "boolean"}
_COUNT: _Schema = {"type": "integer", "minimum": 0}


def reference() -> str:
    """The whole page."""
    parts = [
        _INTRODUCTION,
        "## Of a directory\n",
        "Of a site with `--files`, and with `--nginx`, these are made too.\n",
    ]
    parts += [_section(check.name, check.doc, check.kinds) for check in DIRECTORY]
    parts += ["## Of a site, and of a directory under nginx\n"]
    parts += [_section(check.name, check.doc, check.kinds) for check in SERVED]
    return "\n".join(parts)


def _section(name: str, doc: str, kinds: Iterable[Kind]) -> str:
    title, _, body = doc.strip().partition("\n")
    body = re.sub(r"^(.+)\n=+$", r"#### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", lambda match: f"{match[1]}:\n\n" if match[1] else "\n", body, flags=re.MULTILINE)
    body = re.sub(r"^(#### .+)\n(?=\S)", r"\1\n\n", body, flags=re.MULTILINE)
    table = ["| code | severity | finding |", "|---|---|---|"]
    table += [f"| `{kind.code}` | {kind.severity} | {kind.title} |" for kind in kinds]
    lines = "\n".join(table)
    return f"### {name}\n\n{title}\n\n{lines}\n{body.rstrip()}\n"


def assets_verify_schema() -> _Schema:
    """Of ``lightship assets verify --format json``."""
    maybe_text: _Schema = {"type": ["string", "null"]}
    maybe_count: _Schema = {"type": ["integer", "null"], "minimum": 0}
    answer = object_of(
        {
            "status": told(_COUNT, "0 where there was no answer."),
            "encoding": told(_TEXT, "Content-Encoding; empty for none."),
            "bytes": told(_COUNT, "Of the body as it came."),
            "etag": maybe_text,
            "fault": told(_TEXT, "Why there was no whole answer; empty where there was."),
        }
    )
    row = {
        "url": _TEXT,
        "own": told(_FLAG, "The site's, or a named CDN's; of others only what a page needs was looked at."),
        "page": _FLAG,
        "kinds": told({"type": "array", "items": {"enum": list(KINDS)}}, "What it is asked for as."),
        "used_by": told({"type": "array", "items": _TEXT}, "Who asks for it."),
        "hashed": told(_FLAG, "Its name changes with its content."),
        "content_type": maybe_text,
        "cache_control": maybe_text,
        "sha256": told(_TEXT, "Of the plain content; empty where it is not known."),
        "plain_bytes": maybe_count,
        "clients": told(object_of(dict.fromkeys(CLIENTS, answer)), "What each kind of client got."),
    }
    finding = {
        "code": told(_TEXT, "The kind of finding; never reused. See assets-verify-checks.md."),
        "severity": {"enum": ["error", "warning", "note"]},
        "title": told(_TEXT, "The kind of finding in words."),
        "message": told(_TEXT, "One sentence."),
        "location": told(_TEXT, "An address, or a path in the directory; empty where there is none."),
        "fix": told(maybe_text, "What to do."),
    }
    check = {"name": {"enum": list(CHECK_NAMES)}, "findings": told(_COUNT, "Ignored ones among them.")}
    properties: _Schema = {
        "schema": {"const": ASSETS_VERIFY_SCHEMA},
        "target": told(_TEXT, "As it was asked for, without a user or password."),
        "mode": {"enum": ["site", "nginx", "directory"]},
        "root": told(maybe_text, "Where was asked; null for a directory alone."),
        "cdns": {"type": "array", "items": _TEXT},
        "passed": told(_FLAG, "No finding is at or over --fail-on."),
        "pages": _COUNT,
        "addresses": told(_COUNT, "Pages and assets that were asked for."),
        "older_addresses": told(_COUNT, "Of older releases."),
        "files": told(maybe_count, "Of the directory; null without one."),
        "references": told(maybe_count, "In these files."),
        "requests": _COUNT,
        "received_bytes": told(_COUNT, "Bodies, as they came."),
        "checks": told(list_of(object_of(check)), "In the order in which they were made."),
        "findings": list_of(object_of(finding)),
        "urls": told(list_of(object_of(row)), "By address."),
        "notes": list_of(_TEXT),
        "seconds": {"type": "number", "minimum": 0, "description": "Wall time."},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:assets-verify:1",
        "title": "What lightship assets verify --format json prints.",
        **object_of(properties),
    }
