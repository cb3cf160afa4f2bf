"""docs/reference/waste-rules.md from the rules' own pages; `tools.reference` writes it."""

import re
from pathlib import Path

from lightship.analyze.rules import RULES, Rule

__all__ = ["PAGE", "reference"]

PAGE = Path(__file__).parents[1] / "docs/reference/waste-rules.md"

_INTRODUCTION = """\
# Waste rules of lightship analyze

Written by `make docs` from the rules' docstrings; edit those.

`lightship analyze IMAGE` asks these rules, in this order. A finding says how many bytes it is worth, unpacked and
compressed, which layer and instruction put them there, and what to do. Nothing of the image is executed, and of its
files only names, sizes, checksums and the few contents named here are looked at.

**What is counted.** `metadata-copy` and `shadowed-bytes` count what cannot be seen; all others count visible files,
each of them once: the first rule that takes a file has its bytes, so that the findings of an image add up to no more
than the image. A file with several names (hard links) counts where all of them go. Rules without a safety class save no
bytes.

**Safety.** `lossless` changes nothing that a program can see; `safe` takes what nothing reads at run time; `closure`
takes what no package requires and no command names; `traced` wants a try: something may load it in a way that leaves
no trace in names.

**Severity.** A rule's own is its highest: below a megabyte a warning is a note, unless its page says otherwise.
"""


def reference() -> str:
    """The whole page."""
    summary = ["| rule | severity | safety | finds |", "|---|---|---|---|"]
    summary += [
        f"| [`{rule.code}`](#{rule.code}) | {rule.severity} | {rule.safety or 'no bytes'} | {rule.title} |"
        for rule in RULES
    ]
    return "\n".join([_INTRODUCTION, "\n".join(summary) + "\n", *(_section(rule) for rule in RULES)])


def _section(rule: Rule) -> str:
    title, _, body = rule.doc.strip().partition("\n")
    body = re.sub(r"^(.+)\n=+$", r"#### \1", body, flags=re.MULTILINE)
    body = re.sub(r"^(.*)::\n\n", lambda match: f"{match[1]}:\n\n" if match[1] else "\n", body, flags=re.MULTILINE)
    body = re.sub(r"^(#### .+)\n(?=\S)", r"\1\n\n", body.replace("``", "`"), flags=re.MULTILINE)
    body = body.replace("#### ", "### ")
    worth = f"Safety: {rule.safety}." if rule.safety else "It saves no bytes."
    return f"## {rule.code}\n\n{title} {worth}\n{body.rstrip()}\n"
