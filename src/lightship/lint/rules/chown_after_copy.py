"""Owner or mode changed after the files were made.

What it does
============
Finds ``chown`` and ``chmod`` of whole trees (``-R``) in a RUN after the COPY, ADD or RUN whose layer holds the files,
in stages that ship. The bytes are those of the copies.

Why
===
A layer holds whole files: changing the owner of a file of an earlier layer puts it into the image once more, and
every pull brings both.

Bad
===
::

    FROM python:3.12-slim
    COPY app /app
    RUN chown -R 1000:1000 /app
    USER 1000

Good
====
::

    FROM python:3.12-slim
    COPY --chown=1000:1000 app /app
    USER 1000

References
==========
docs.docker.com, "Dockerfile reference", COPY --chown --chmod (2026); topoteretes/cognee#3691: 9 GB twice; the waste
rule metadata-copy finds the same in an image.
"""

from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.shell import Command
from lightship.lint.paths import Copied, copies, is_below, resolved
from lightship.lint.rewriting import add_flag, drop_command
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject

__all__ = ["RULE"]

_KNOWN_USERS = frozenset({"root", "nobody", "www-data", "daemon", "node", "nginx", "nonroot"})
_HARMLESS = frozenset(
    {"useradd", "groupadd", "adduser", "addgroup", "usermod", "chown", "chmod", "mkdir", "true", "echo"}
)
"""Programs that make no files below a tree that a COPY made."""


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.shipped:
        earlier = list(copies(subject, stage))
        for run in stage.instructions:
            if run.keyword != "RUN":
                continue
            for command in subject.script(run).commands:
                paths = _changed(subject, run, command)
                hit = [each for each in earlier if _before(each.instruction, run) and _touches(each, paths)]
                if hit:
                    yield _remark(subject, run, command, hit, paths)


def _before(instruction: Instruction, run: Instruction) -> bool:
    return instruction.span.end <= run.span.start


def _touches(copied: Copied, paths: list[str]) -> bool:
    return any(is_below(copied.destination, path) or is_below(path, copied.destination) for path in paths)


def _changed(subject: Subject, run: Instruction, command: Command) -> list[str]:
    """The trees whose owner or mode the command changes."""
    if command.name not in ("chown", "chmod", "chgrp") or not _is_recursive(command):
        return []
    plain = [word for word in command.words[1:] if not word.text.startswith("-")][1:]
    return [resolved(subject, run, word.value) for word in plain if word.value is not None]


def _is_recursive(command: Command) -> bool:
    return any(
        text == "--recursive" or ((text or "").startswith("-") and "R" in (text or "")) for text in command.arguments
    )


def _remark(subject: Subject, run: Instruction, command: Command, hit: list[Copied], paths: list[str]) -> Remark:
    cost = _cost(subject, run, hit)
    lines = ", ".join(str(each.instruction.line) for each in hit)
    what = "owner" if command.name != "chmod" else "mode"
    flag = f"--{'chmod' if command.name == 'chmod' else 'chown'}={_wanted(command)}"
    return Remark(
        span=command.span,
        message=f"the files that line{'s' if len(hit) > 1 else ''} {lines} copied are there twice to change the {what}",
        fix=f"{flag} where they are copied",
        edits=_edits(subject, run, command, hit, paths),
        unpacked_bytes=cost.unpacked_bytes,
        compressed_bytes=cost.compressed_bytes,
        how=cost.how,
    )


def _cost(subject: Subject, run: Instruction, hit: list[Copied]) -> Cost:
    """What the layer of the change weighs, where that is measured, and all that is in it is the change; else what the
    copies weigh."""
    own = subject.costs.of(run)
    if own.measured and len(subject.script(run).commands) == 1:
        return own
    costs = [subject.costs.of(each.instruction) for each in hit]
    unpacked = [each.unpacked_bytes for each in costs]
    compressed = [each.compressed_bytes for each in costs]
    return Cost(
        unpacked_bytes=None if None in unpacked else sum(each or 0 for each in unpacked),
        compressed_bytes=None if None in compressed else sum(each or 0 for each in compressed),
        measured=all(each.measured for each in costs),
        how=costs[0].how,
    )


def _wanted(command: Command) -> str:
    return next((word.text for word in command.words[1:] if not word.text.startswith("-")), "")


def _edits(
    subject: Subject, run: Instruction, command: Command, hit: list[Copied], paths: list[str]
) -> tuple[Edit, ...]:
    """``--chown`` at each COPY and no chown after it, where all that the tree holds comes from these COPYs."""
    owner = _wanted(command)
    if command.name != "chown" or not _is_known(subject, owner, hit[0]) or any(each.copy.chown for each in hit):
        return ()
    if not all(any(is_below(each.destination, path) for path in paths) for each in hit):
        return ()
    if _others_write(subject, run, hit[0], paths):
        return ()
    dropped = drop_command(subject, run, command)
    if dropped is None:
        return ()
    return (*(add_flag(each.instruction, f"--chown={owner}") for each in hit), dropped)


def _is_known(subject: Subject, owner: str, first: Copied) -> bool:
    """Whether COPY can use the name: a number, or a user that is there before the first COPY."""
    user, _, group = owner.partition(":")
    made = {
        argument
        for instruction in first.stage.instructions
        if instruction.keyword == "RUN" and _before(instruction, first.instruction)
        for command in subject.script(instruction).commands
        if command.name in ("useradd", "adduser", "groupadd", "addgroup")
        for argument in command.arguments
    }
    return (
        bool(user)
        and "$" not in owner
        and all(not name or name.isdigit() or name in _KNOWN_USERS or name in made for name in (user, group))
    )


def _others_write(subject: Subject, run: Instruction, first: Copied, paths: list[str]) -> bool:
    """Whether a RUN since the first COPY may have made files in the trees; this one's own commands too."""
    for instruction in first.stage.instructions:
        if instruction.keyword != "RUN" or not _before(first.instruction, instruction):
            continue
        if instruction.span.start > run.span.start:
            break
        script = subject.script(instruction)
        if not script.understood or any(command.name not in _HARMLESS for command in script.commands):
            return True
        if any(
            command.name == "mkdir" and any(is_below(str(word.value), path) for path in paths)
            for command in script.commands
            for word in command.words[1:]
        ):
            return True
    return False


RULE = Rule(
    code="chown-after-copy",
    family="layers",
    severity="warning",
    safety="lossless",
    title="owner or mode changed after the files were made",
    find=_find,
    doc=__doc__,
)
