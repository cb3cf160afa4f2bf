"""docs/reference/drop-rules.md from the rules' own pages; `tools.reference` writes it."""

import re
from pathlib import Path

from lightship.plan.drop import RULES, Rule

__all__ = ["PAGE", "reference"]

PAGE = Path(__file__).parents[1] / "docs/reference/drop-rules.md"

_INTRODUCTION = """\
# Drop rules

Written by `make docs` from the rules' docstrings; edit those.

What an image leaves out. Each rule sees one distribution at a time and gives its reason; `lightship build` reports
files and bytes for each, and the plan names every path. A `lossless` rule changes no file that a program can see, a
`safe` one leaves out what nothing reads at run time. The default goes no further.

Never left out: licences wherever they are, and what `importlib.metadata` reads (`METADATA`, `RECORD`, `WHEEL`,
`entry_points.txt`, `top_level.txt`), unless a whole distribution goes. `RECORD` is written last and names what is
there.

`keep = ["pkg/tests/**"]` keeps paths against every rule; `drop = ["pkg/data/**"]` leaves out more. Patterns are
over paths as in `RECORD`; `*` stays inside a directory, `**` crosses them.

In the examples a dash marks what goes; after `|` stands what is in a file.
"""


def reference() -> str:
    """The whole page."""
    table = ["| rule | safety | leaves out |", "|---|---|---|"]
    table += [f"| [`{rule.code}`](#{rule.code}) | {rule.safety} | {_title(rule)} |" for rule in RULES]
    return "\n".join([_INTRODUCTION, *table, "", *(_section(rule) for rule in RULES)])


def _title(rule: Rule) -> str:
    return rule.doc.strip().splitlines()[0].rstrip(".")


def _section(rule: Rule) -> str:
    body = rule.doc.strip().partition("\n")[2]
    body = re.sub(r"^(.+)\n=+$", r"### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", _code_introduction, body, flags=re.MULTILINE)
    body = body.replace("``", "`")
    body = re.sub(r"^(### .+)\n(?=\S)", r"\1\n\n", body, flags=re.MULTILINE)
    return f"## {rule.code}\n\n{_title(rule)}. Safety: {rule.safety}.\n{body.rstrip()}\n"


def _code_introduction(match: re.Match[str]) -> str:
    return f"{match[1]}:\n\n" if match[1] else "\n"
