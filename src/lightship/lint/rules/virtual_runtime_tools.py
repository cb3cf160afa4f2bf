"""A tool that is needed at run time is removed with the build tools.

What it does
============
Finds ``apk add --virtual NAME`` of programs that applications call at run time (ffmpeg, poppler-utils, tesseract,
fonts, …), followed by ``apk del NAME``; the same with apt.

Why
===
``apk del`` of the virtual package removes all that it brought. The build is green and the first request that needs
the tool fails.

Bad
===
::

    FROM alpine:3.20
    RUN apk add --no-cache --virtual .deps ffmpeg gcc && apk del .deps

Good
====
::

    FROM alpine:3.20
    RUN apk add --no-cache ffmpeg && apk add --no-cache --virtual .build gcc && apk del .build

References
==========
apk(8) 2.14, "apk add --virtual".
"""

from collections.abc import Iterator

from lightship.lint.actions import Action
from lightship.lint.rule import Remark, Rule
from lightship.lint.special import RUNTIME_PROGRAMS
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_BUILDS_USE = frozenset({"ca-certificates", "tzdata"})
"""Alpine's base has certificates of its own, and of tzdata one file is copied before it goes."""


def _find(subject: Subject) -> Iterator[Remark]:
    waiting: dict[str, list[Action]] = {}
    stays = _stays(subject)
    for _, run in subject.shipped:
        if run.keyword != "RUN":
            continue
        for action in subject.actions(run):
            group = action.value("--virtual", "-t")
            if action.manager == "apk" and action.kind == "install" and group:
                waiting.setdefault(group, []).append(action)
            elif action.kind == "remove":
                for name in dict.fromkeys(word.value or "" for word in action.packages):
                    # The packages go with the first removal: a second one has nothing left.
                    yield from (_remark(added, stays) for added in waiting.pop(name, ()) if _tools(added, stays))
    installed: set[str] = set()
    for _, run in subject.shipped:
        for action in subject.actions(run):
            if action.manager == "apt" and action.kind == "install":
                installed |= set(_tools(action))
            elif action.manager == "apt" and action.kind == "remove":
                lost = [name for name in dict.fromkeys(action.names) if name in installed]
                if lost:
                    yield Remark(
                        span=action.command.span,
                        message=f"{format_names(lost)} {'is' if len(lost) == 1 else 'are'} removed again, though "
                        "called at run time",
                        fix="remove only what the build alone needs",
                    )


def _stays(subject: Subject) -> frozenset[str]:
    """What a line of its own asks for, so that it outlives the virtual package."""
    return frozenset(
        name
        for _, run in subject.shipped
        for action in subject.actions(run)
        if action.manager == "apk" and action.kind == "install" and not action.value("--virtual", "-t")
        for name in action.names
    )


def _tools(action: Action, stays: frozenset[str] = frozenset()) -> list[str]:
    return [name for name in action.names if name in RUNTIME_PROGRAMS - _BUILDS_USE - stays]


def _remark(added: Action, stays: frozenset[str]) -> Remark:
    tools = _tools(added, stays)
    return Remark(
        span=added.command.span,
        message=f"{format_names(tools)} {'goes' if len(tools) == 1 else 'go'} with the virtual package that is deleted "
        "later",
        fix="add what runs at run time without --virtual",
    )


RULE = Rule(
    code="virtual-runtime-tools",
    family="special binaries",
    severity="error",
    safety=None,
    title="a tool that is needed at run time is removed with the build tools",
    find=_find,
    doc=__doc__,
)
