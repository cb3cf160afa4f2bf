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
from lightship.lint.actions import SYSTEM_MANAGERS, Action, actions_of
from lightship.lint.rewriting import drop_instruction
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    runs = [(stage, each) for stage, each in subject.instructions if each.keyword == "RUN"]
    for place, (stage, run) in enumerate(runs):
        actions = [each for each in actions_of(subject.script(run)) if each.manager in SYSTEM_MANAGERS]
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
    if following is None or len(commands) != 1 or following.exec_form is not None or following.heredocs:
        return ()
    script = subject.script(following)
    installs = [each for each in actions_of(script) if each.manager == actions[0].manager and each.kind == "install"]
    if not installs or not script.commands or script.commands[0].is_nested:
        return ()
    text = subject.dockerfile.text[commands[0].span.start : commands[0].span.end]
    place = script.commands[0].span.start
    return (drop_instruction(subject, run), Edit(Span(place, place), f"{text} && "))


RULE = Rule(
    code="update-alone",
    family="layers",
    severity="warning",
    safety="lossless",
    title="package lists fetched in a layer of their own",
    find=_find,
    doc=__doc__,
)
