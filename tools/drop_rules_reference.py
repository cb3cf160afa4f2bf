"""docs/reference/drop-rules.md from the rules' own pages and the base's data; `tools.reference` writes it."""

import re
from collections.abc import Sequence
from pathlib import Path

from lightship.base.cpython import LEFT_OUT
from lightship.base.leave_out import GCONV, RUN_RULES, LeaveOut
from lightship.plan.drop import RULES, Rule

__all__ = ["PAGE", "reference"]

PAGE = Path(__file__).parents[1] / "docs/reference/drop-rules.md"

_INTRODUCTION = """\
# Drop rules

Written by `make docs` from the rules' docstrings and the base's data; edit those.

What an image leaves out. `lightship build -v` reports files and bytes for each rule, and the plan (`--plan`) names
every path with the reason. There are two kinds:

* [**Packages' rules**](#packages-rules) see one installed Python distribution at a time. `--safety`, `--keep` and
  `--drop` act on these alone.
* [**Base rules**](#base-rules) see what lies below: the distribution's packages and the interpreter. No option turns
  them off; a base that is an image (`base = "oci:…"`) is taken as it is.
"""

_PACKAGES_RULES = """\
## Packages' rules

A `lossless` rule changes no file that a program can see, a `safe` one leaves out what nothing reads at run time. The
default goes no further.

Never left out: licences wherever they are, and what `importlib.metadata` reads (`METADATA`, `RECORD`, `WHEEL`,
`entry_points.txt`, `top_level.txt`), unless a whole distribution goes. `RECORD` is written last and names what is
there.

`keep = ["pkg/tests/**"]` keeps paths against every rule; `drop = ["pkg/data/**"]` leaves out more. Patterns are
over paths as in `RECORD`; `*` stays inside a directory, `**` crosses them.
"""

_BASE_RULES = """\
## Base rules

All are `safe`. Paths are regular expressions, matched from the start of a path without its first `/`; the first rule
that matches has it. Copyright files always stay, and so does `var/lib/dpkg/status.d`, where scanners read what is
installed. The root in which sdists are built keeps more; nothing of it is in the image.

### From the distribution's packages
"""

_CONVERSION = """
`libc-gconv` holds only where no file of the image calls iconv, and `ldconfig` is kept from `libc-tools` where something
calls `ctypes.util.find_library`, which asks it.
"""

_INTERPRETER = """\
### From an installed CPython

With `python` as a version that the distribution does not have, or as a folder. Paths are below `lib/python3.x`.
"""

_SECTIONS = """\
## Each package rule

In the examples a dash marks what goes; after `|` stands what is in a file.
"""


def reference() -> str:
    """The whole page."""
    summary = ["| rule | safety | leaves out |", "|---|---|---|"]
    summary += [f"| [`{rule.code}`](#{rule.code}) | {rule.safety} | {_title(rule)} |" for rule in RULES]
    parts = [
        _INTRODUCTION,
        _PACKAGES_RULES,
        "\n".join(summary) + "\n",
        _BASE_RULES,
        _base_table([*RUN_RULES, GCONV]) + _CONVERSION,
        _INTERPRETER,
        _base_table(LEFT_OUT),
        _SECTIONS,
        *(_section(rule) for rule in RULES),
    ]
    return "\n".join(parts)


def _base_table(rules: Sequence[LeaveOut]) -> str:
    rows = ["| rule | why nothing misses it | paths |", "|---|---|---|"]
    for rule in rules:
        where = f"of `{rule.package}`: " if rule.package else ""
        paths = _code(rule.pattern) if rule.pattern.pattern else "everything"
        unless = f", but not {_code(rule.unless)}" if rule.unless else ""
        rows.append(f"| `{rule.name}` | {rule.reason} | {where}{paths}{unless} |")
    return "\n".join(rows) + "\n"


def _code(pattern: re.Pattern[str]) -> str:
    """A bar would end the cell, even in code (GitHub Flavored Markdown 0.29, 4.10)."""
    bar = "\\|"
    return f"`{pattern.pattern.replace('|', bar)}`"


def _title(rule: Rule) -> str:
    return rule.doc.strip().splitlines()[0].rstrip(".")


def _section(rule: Rule) -> str:
    body = rule.doc.strip().partition("\n")[2]
    body = re.sub(r"^(.+)\n=+$", r"#### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", _code_introduction, body, flags=re.MULTILINE)
    body = body.replace("``", "`")
    body = re.sub(r"^(#### .+)\n(?=\S)", r"\1\n\n", body, flags=re.MULTILINE)
    return f"### {rule.code}\n\n{_title(rule)}. Safety: {rule.safety}.\n{body.rstrip()}\n"


def _code_introduction(match: re.Match[str]) -> str:
    return f"{match[1]}:\n\n" if match[1] else "\n"
