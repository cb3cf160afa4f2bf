"""docs/reference/verify-checks.md from the checks' own pages, and the schema of ``lightship verify``'s JSON."""

import re
from collections.abc import Iterable
from pathlib import Path

from lightship.findings import Kind
from lightship.flows.verified import VERIFY_SCHEMA
from lightship.verify.check import Check
from lightship.verify.checks import CHECKS
from lightship.verify.downloads import KNOWN
from lightship.verify.start import START_KINDS

__all__ = ["PAGE", "reference", "verify_schema"]

PAGE = Path(__file__).parents[1] / "docs/reference/verify-checks.md"

_Schema = dict[str, object]

_INTRODUCTION = """\
# Checks of lightship verify

Written by `make docs` from the checks' docstrings; edit those.

`lightship verify IMAGE` starts the image, then makes these checks. `--check NAME` makes some of them alone, `--skip
NAME` leaves one out, `--ignore CODE` or `--ignore CODE:LOCATION` (with wildcards) passes over findings. The severity is
the usual one: a finding says where it weighs less. [The guide](../guides/verify.md) shows how they are used.
"""

_KNOWN = """\
### Downloads that are known by name

The check `offline` names these, with the way to do without:
"""


def reference() -> str:
    """The whole page."""
    summary = ["| code | severity | finding |", "|---|---|---|"]
    known = ["| what | hosts | remedy |", "|---|---|---|"]
    for one in KNOWN:
        hosts = ", ".join(f"`{host}`" for host in one.hosts)
        asked = f" (asked by {', '.join(one.packages)})" if one.packages else ""
        known.append(f"| {one.what} | {hosts}{asked} | {one.fix} |")
    parts = [
        _INTRODUCTION,
        "## The start\n",
        "\n".join([*summary, *_rows(START_KINDS)]) + "\n",
        *(_section(check, summary) for check in CHECKS),
        _KNOWN,
        "\n".join(known) + "\n",
    ]
    return "\n".join(parts)


def _rows(kinds: Iterable[Kind]) -> list[str]:
    return [f"| `{kind.code}` | {kind.severity} | {kind.title} |" for kind in kinds]


def _section(check: Check, summary: list[str]) -> str:
    title, _, body = check.doc.strip().partition("\n")
    body = re.sub(r"^(.+)\n=+$", r"#### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", lambda match: f"{match[1]}:\n\n" if match[1] else "\n", body, flags=re.MULTILINE)
    body = re.sub(r"^(#### .+)\n(?=\S)", r"\1\n\n", body.replace("``", "`"), flags=re.MULTILINE)
    table = "\n".join([*summary, *_rows(check.kinds)])
    return f"## {check.name}\n\n{title}\n\n{table}\n{body.rstrip()}\n"


def verify_schema() -> _Schema:
    """Of ``lightship verify --format json``."""
    text: _Schema = {"type": "string"}
    seconds: _Schema = {"type": "number", "minimum": 0}
    maybe: _Schema = {"type": ["number", "null"], "minimum": 0}
    phases = _object(
        {
            "pull_s": (seconds, "Opening the image; of a registry's image, pulling its layers."),
            "unpack_s": (seconds, "Unpacking what is not unpacked in the cache yet."),
            "start_s": (maybe, "Until the command was executed; null where it was not."),
            "ready_s": (maybe, "From before the start until the probe's URL answered; null without one."),
        }
    )
    probe = _object(
        {
            "name": (text, "ready, or a request's or command's name; stays alive or ends well without a probe."),
            "ok": ({"type": "boolean"}, "Whether it was as it should be."),
            "seconds": (seconds, "How long it took."),
            "detail": (text, "What was wrong; empty where nothing was."),
        }
    )
    check = _object(
        {
            "name": ({"enum": [check.name for check in CHECKS]}, "See verify-checks.md."),
            "findings": ({"type": "integer", "minimum": 0}, "How many it made, ignored ones among them."),
            "seconds": (seconds, "How long it took."),
            "skipped": ({"type": ["string", "null"]}, "Why it was not made; null where it was."),
        }
    )
    finding = _object(
        {
            "code": (text, "The kind of finding; never reused. See verify-checks.md."),
            "severity": ({"enum": ["error", "warning", "note"]}, "As in SARIF."),
            "title": (text, "The kind of finding in words."),
            "message": (text, "One sentence."),
            "location": (text, "A path in the image, a file and line, or a name; empty where there is none."),
            "fix": ({"type": ["string", "null"]}, "What to do."),
        }
    )
    digest: _Schema = {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$"}
    document = _object(
        {
            "schema": ({"const": VERIFY_SCHEMA}, "The name of this format."),
            "image": (text, "As it was asked for."),
            "digest": (digest, "Of the image's manifest."),
            "platform": (text, "linux/amd64"),
            "python": ({"type": ["string", "null"]}, "The version of the image's Python; null where it has none."),
            "engine": (text, "What started it: bubblewrap, docker, podman or runc."),
            "passed": ({"type": "boolean"}, "Every probe succeeded, and no finding is at or over --fail-on."),
            "phases": (phases, "Wall time."),
            "probes": ({"type": "array", "items": probe}, "In the order in which they were made."),
            "checks": ({"type": "array", "items": check}, "In the order in which they were made."),
            "compared_with": (text, "What failed imports were held against."),
            "findings": ({"type": "array", "items": finding}, "In the order in which they were found."),
        }
    )
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:lightship:verify:1",
        "title": "What lightship verify --format json prints.",
        **document,
    }


def _object(fields: dict[str, tuple[_Schema, str]]) -> _Schema:
    return {
        "type": "object",
        "properties": {name: {**kind, "description": words} for name, (kind, words) in fields.items()},
        "required": sorted(fields),
        "additionalProperties": False,
    }
