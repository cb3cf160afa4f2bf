"""A user by name, whom Kubernetes cannot tell from root.

What it does
============
Finds a target whose last USER is a name other than root.

Why
===
A pod with ``runAsNonRoot`` and without ``runAsUser`` is refused: "image has non-numeric user, cannot verify user is
non-root". The number says the same, and groups and home are found by it as by the name.

Bad
===
::

    FROM python:3.12-slim
    RUN useradd --uid 1001 app
    USER app

Good
====
::

    FROM python:3.12-slim
    RUN useradd --uid 1001 app
    USER 1001

References
==========
kubernetes.io, "Configure a Security Context", runAsNonRoot (2026); kubernetes 1.34,
pkg/kubelet/kuberuntime/security_context.go; hadolint DL3066.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import expand_at
from lightship.ecosystem.base_images import known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_NAME = re.compile(r"[a-z_][\w.-]*\$?")
_UID = frozenset({"-u", "--uid"})
_VARIABLE = re.compile(r"\$\w+|\$\{\w+\}")


def _find(subject: Subject) -> Iterator[Remark]:
    last = next((each for _, each in reversed(list(subject.shipped)) if each.keyword == "USER"), None)
    if last is None:
        return
    name, has_group, _ = last.argument.text.strip().partition(":")
    if name == "root" or not _NAME.fullmatch(name):
        return
    number = _number(subject, last, name)
    place = last.argument.text.find(name)
    edit = Edit(last.argument.span(place, place + len(name)), number) if number and not has_group else None
    yield Remark(
        span=last.span,
        message=f"{name} is a name: a pod with runAsNonRoot and no runAsUser is refused",
        fix=f"USER {number or 'with the number of ' + name}",
        edits=(edit,) if edit is not None else (),
    )


def _is_number(subject: Subject, instruction: Instruction, text: str) -> bool:
    """Whether a variable gives a number where the instruction stands."""
    return bool(_VARIABLE.fullmatch(text)) and (expand_at(subject.stages, instruction, text) or "").isdigit()


def _number(subject: Subject, last: Instruction, name: str) -> str:
    """The number that a line of the image makes the user with, or the variable; empty where none says it."""
    for _, run in subject.shipped:
        for command in subject.script(run).commands if run.keyword == "RUN" else ():
            arguments = list(command.arguments)
            if command.name not in ("useradd", "adduser") or name not in arguments:
                continue
            for place, argument in enumerate(arguments):
                flag, _, value = (argument or "").partition("=")
                following = command.words[place + 2] if place + 2 < len(command.words) else None
                given = value or (following.text if following is not None else "")
                if flag in _UID and (given.isdigit() or _is_number(subject, last, given)):
                    return given
    known = known_base(subject.stages.shipped[0].base)
    return "1000" if name == "node" and known is not None and known.official and known.has_node else ""


RULE = Rule(
    code="named-user",
    family="security",
    severity="note",
    safety="lossless",
    title="a user by name, whom Kubernetes cannot tell from root",
    find=_find,
    doc=__doc__,
)
