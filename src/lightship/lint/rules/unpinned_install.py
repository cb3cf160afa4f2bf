"""An install of whatever is newest.

What it does
============
Finds packages that ``pip``, ``uv pip`` and ``npm install -g`` install by name without a version, where no constraints
are given. pip, setuptools and wheel themselves are left alone.

Why
===
The line is the same, the image is not: what it installs was decided by the day on which the build cache was last
empty, and differs from machine to machine.

Bad
===
::

    FROM python:3.12-slim
    RUN pip install --no-cache-dir gunicorn
    USER 1000

Good
====
::

    FROM python:3.12-slim
    RUN pip install --no-cache-dir gunicorn==23.0.0
    USER 1000

References
==========
pip 25, "Repeatable Installs"; hadolint DL3013, DL3016.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.shell import ShellWord
from lightship.lint.actions import Action
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_PYTHON = re.compile(r"([A-Za-z0-9][\w.-]*)(\[[^\]]*\])?\s*(>=?\s*[^,<]*)?")
_FILE = re.compile(r".*\.(whl|txt|zip|tar\.gz|tgz|toml)", re.IGNORECASE)
_NODE = re.compile(r"@[^@/]+/[^@]+|[^@./][^@/]*")
_OWN = frozenset({"pip", "setuptools", "wheel"})


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        for action in subject.actions(run) if run.keyword == "RUN" else ():
            names = tuple(word.value or "" for word in action.packages if _is_loose(action, word))
            if names:
                yield Remark(
                    span=action.command.span,
                    message=f"{format_names(names)}: whatever is newest when the cache is empty",
                    fix="name the version, or give a list with versions",
                )


def _is_loose(action: Action, word: ShellWord) -> bool:
    value = word.value
    if action.kind != "install" or value is None:
        return False
    if action.manager in ("npm", "pnpm", "yarn"):
        return bool(action.has("-g", "--global")) and bool(_NODE.fullmatch(value))
    if action.manager == "pip" or (action.manager == "uv" and action.command.words[1].value == "pip"):
        is_bound = action.value("-c", "--constraint", "--constraints", "--no-index") or action.has("--no-index")
        found = _PYTHON.fullmatch(value)
        return bool(found) and not is_bound and not _FILE.fullmatch(value) and value.lower() not in _OWN
    return False


RULE = Rule(
    code="unpinned-install",
    family="cache order",
    severity="note",
    safety=None,
    title="an install of whatever is newest",
    find=_find,
    doc=__doc__,
)
