"""A version of a system package that its mirror will drop.

What it does
============
Finds exact versions of Debian, Ubuntu and Alpine packages (``curl=7.88.1-10+deb12u5``, ``libpq=16.1-r0``).

Why
===
The archives keep the newest version only: with the next security update the build fails, and until then the hole is
in the image. Pin the base by digest, or the archive by snapshot, instead.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends expat=2.6.4-1 && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends expat && rm -rf /var/lib/apt/lists/*

References
==========
Debian wiki, "SnapshotDebianOrg"; hadolint DL3008 and DL3018 ask for the contrary, which breaks when the mirror moves
on.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import expand_at
from lightship.lint.actions import Action
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_VENDOR = re.compile(r"~(bullseye|bookworm|trixie|focal|jammy|noble)$|nodesource|\.pgdg|-1~(debian|ubuntu)\.")
"""Versions of vendors' archives, which keep old ones."""


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        if run.keyword != "RUN":
            continue
        for action in subject.actions(run):
            pinned = _pinned(subject, run, action)
            if pinned:
                yield Remark(
                    span=action.command.span,
                    message=f"{format_names(pinned)} will be gone from the archive with the next update",
                    fix="no version, or one with a wildcard (=8.*, ~=16); pin the base by digest",
                )


def _pinned(subject: Subject, run: Instruction, action: Action) -> list[str]:
    """Exact versions: Debian's have a revision after ``-``, Alpine's ``-r`` and a number."""
    if action.manager not in ("apt", "apk") or action.kind != "install":
        return []
    found = []
    for word in action.packages:
        text = word.value or word.text
        _, is_pinned, version = text.partition("=")
        if _VENDOR.search(expand_at(subject.stages, run, version) or version):
            continue
        if is_pinned and "*" not in version and not text.split("=")[0].endswith(("~", "<", ">")):
            found.append(text)
    return found


RULE = Rule(
    code="pinned-packages",
    family="what ships",
    severity="warning",
    safety=None,
    title="a version of a system package that its mirror will drop",
    find=_find,
    doc=__doc__,
)
