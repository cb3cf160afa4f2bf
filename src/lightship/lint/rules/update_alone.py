"""Package lists fetched in a layer of their own.

What it does
============
Finds RUN lines that fetch the lists of a system package manager (``apt-get update``, ``apk update``) and install
nothing, in stages that are built.

Why
===
The layer is cached by its text: months later the install line of the next layer still works with old lists and fails,
or installs what has known holes. The lists also stay in the image, since a later rm only hides them.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update
    RUN apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*

References
==========
docs.docker.com, "Building best practices", apt-get (2026); hadolint DL3009, DL3027 look at single lines only.
"""

from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction, Span
from lightship.dockerfile.views import pairs_of
from lightship.lint.actions import SYSTEM_MANAGERS, Action
from lightship.lint.rewriting import drop_instruction, is_bare, plain_list
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


_SILENT = frozenset({"LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER", "WORKDIR"})


def _find(subject: Subject) -> Iterator[Remark]:
    runs = [(stage, each) for stage, each in subject.instructions if each.keyword == "RUN"]
    for place, (stage, run) in enumerate(runs):
        actions = [each for each in subject.actions(run) if each.manager in SYSTEM_MANAGERS]
        if not actions or any(each.kind != "update" for each in actions):
            continue
        following = next((each for other, each in runs[place + 1 :] if other == stage), None)
        yield Remark(
            span=run.span,
            message=f"{' '.join(word.text for word in actions[0].command.words)} stands alone: its layer is cached as "
            "it was, and whatever is installed later comes from old lists",
            fix="fetch the lists in the RUN that installs",
            edits=_edits(subject, run, actions, following),
        )


def _edits(
    subject: Subject, run: Instruction, actions: list[Action], following: Instruction | None
) -> tuple[Edit, ...]:
    """The update put in front of the install that follows at once."""
    commands = subject.script(run).commands
    listed = plain_list(subject, following) if following is not None else None
    if following is None or listed is None or len(commands) != 1 or not _goes_along(subject, run, following):
        return ()
    installs = [
        each for each in subject.actions(following) if each.manager == actions[0].manager and each.kind == "install"
    ]
    if not installs or commands[0].is_conditional or commands[0].is_nested or not is_bare(subject, run):
        return ()
    text = subject.dockerfile.text[commands[0].span.start : commands[0].span.end]
    stops = listed[1:2] if listed[0].name == "set" and len(listed) > 1 else listed[:1]
    place = stops[0].span.start
    joined = "; " if stops[0].joiner == ";" else " && "
    return (drop_instruction(subject, run), Edit(Span(place, place), f"{text}{joined}"))


def _goes_along(subject: Subject, run: Instruction, following: Instruction) -> bool:
    """Whether nothing stands between the two that the update would then see, and both run alike."""
    between = [
        each
        for each in subject.dockerfile.instructions
        if run.span.end <= each.span.start and each.span.end <= following.span.start
    ]
    flags = [[(flag.name, flag.value) for flag in each.flags] for each in (run, following)]
    return flags[0] == flags[1] and all(each.keyword in _SILENT or _is_aside(each) for each in between)


def _is_aside(instruction: Instruction) -> bool:
    """Whether it sets variables that mean nothing to the update."""
    names = [pair.name.lower() for pair in pairs_of(instruction)]
    return bool(names) and not any("proxy" in name or name in ("path", "apt_config") for name in names)


RULE = Rule(
    code="update-alone",
    family="layers",
    severity="warning",
    safety="lossless",
    title="package lists fetched in a layer of their own",
    find=_find,
    doc=__doc__,
)
