"""A package manager asks, and nobody answers.

What it does
============
Finds ``apt-get install``, ``dnf install`` and their kin without ``-y``, where no setting of the same file answers for
them. conda takes silence for yes.

Why
===
As soon as more is to be installed than was named they ask whether to go on. A build has no terminal: it stops there.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 && rm -rf /var/lib/apt/lists/*

References
==========
apt-get(8) 2.6, --yes, -qq; dnf(8) 4.14, --assumeyes; hadolint DL3014, DL3030, DL3038.
"""

from collections.abc import Iterator

from lightship.lint.actions import Action
from lightship.lint.rewriting import add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_ANSWERS = {
    "apt": ("-y", "--yes", "--assume-yes", "--assume-no", "--force-yes", "-qq", "-s", "--simulate", "--dry-run"),
    "dnf": ("-y", "--assumeyes", "--assumeno"),
}
_SETTINGS = {"apt": "Assume-Yes", "dnf": "assumeyes"}
_ASKS = ("install", "remove", "upgrade")


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        if run.keyword != "RUN":
            continue
        for action in subject.actions(run):
            if _asks(action) and not _is_answered(subject, action):
                edit = add_option(action.command, "-y", after=_verb(action))
                yield Remark(
                    span=action.command.span,
                    message=f"{action.command.name} asks whether to go on, and a build has nobody to answer",
                    fix="-y",
                    edits=(edit,) if edit is not None else (),
                )


def _asks(action: Action) -> bool:
    if action.manager not in _ANSWERS or action.kind not in _ASKS or action.command.name == "microdnf":
        return False
    return not action.has(*_ANSWERS[action.manager]) and action.value("-q") != "2"


def _is_answered(subject: Subject, action: Action) -> bool:
    """By a setting, by ``yes |``, or by an option that a variable may hold."""
    setting = _SETTINGS[action.manager]
    if any(setting in each.argument.text for _, each in subject.instructions):
        return True
    if any(word.value is None and word.text.startswith(("$", '"$')) for word in action.command.words):
        return True
    return action.command.joiner == "|" or bool(action.command.redirections)


def _verb(action: Action) -> int:
    words = action.command.words
    return next((place for place, word in enumerate(words[1:], 1) if not word.text.startswith("-")), 0)


RULE = Rule(
    code="unanswered-question",
    family="correctness",
    severity="warning",
    safety="lossless",
    title="a package manager asks, and nobody answers",
    find=_find,
    doc=__doc__,
)
