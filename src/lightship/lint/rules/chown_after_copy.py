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

import posixpath
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import user_at, workdir_at
from lightship.dockerfile.shell import Command, ShellWord
from lightship.dockerfile.stages import Stage
from lightship.ecosystem.base_images import known_base
from lightship.lint.later import makes_users, may_write_below
from lightship.lint.paths import Copied, above, copies, folder_of, is_below, normal, resolved
from lightship.lint.rewriting import add_flag, drop_command, plain_list
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject

__all__ = ["RULE"]

_OWNER = re.compile(r"([\w-]*)(:?)([\w-]*)")
_OPTIONS = re.compile(r"-[Rvcf]+|--recursive|--verbose|--changes|--silent|--quiet")
_OWN = re.compile(
    r"/(?!(?:bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|tmp|usr|var)(?:/|$))[^/?]+"
    r"(?:/.+)?|/(?:srv|opt)/[^/]+(?:/.+)?|/usr/src/[^/]+(?:/.+)?|/home/[^/]+/.+"
)
"""Trees that no official language or distribution image has files in, but for these:"""
_TAKEN = frozenset(
    {"/data", "/docker-entrypoint.d", "/docker-entrypoint-initdb.d", "/home/node", "/go", "/usr/src/python"}
)


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.shipped:
        copied = [(each, above([each.destination])) for each in copies(subject, stage)]
        made = _made(subject, stage)
        for run in stage.instructions:
            if run.keyword != "RUN":
                continue
            said: list[list[Copied]] = []
            for command in subject.script(run).commands:
                paths = _changed(subject, run, command)
                if not paths:
                    continue
                trees, parts = frozenset(paths), above(path for path in paths if path not in made)
                hit = [
                    each
                    for each, folders in copied
                    if _before(each.instruction, run)
                    and (trees & folders or (each.destination in parts and _has_parts(each)))
                ]
                if hit:
                    # One layer holds what chown and chmod of one RUN change: its bytes count once.
                    yield _remark(subject, run, command, hit, paths, is_first=hit not in said)
                    said.append(hit)


def _before(instruction: Instruction, run: Instruction) -> bool:
    return instruction.span.end <= run.span.start


def _has_parts(copied: Copied) -> bool:
    """Whether what is copied may be a folder, so that a tree may be a part of it."""
    return any("." not in posixpath.basename(source) or source in (".", "./") for source in copied.sources)


def _made(subject: Subject, stage: Stage) -> frozenset[str]:
    """Folders that ``mkdir`` makes: what is in them was not copied."""
    return frozenset(
        normal(folder_of(subject, run, command), word.value)
        for run in stage.instructions
        if run.keyword == "RUN"
        for command in subject.script(run).commands
        if command.name == "mkdir"
        for word in command.words[1:]
        if word.value and not word.value.startswith("-")
    )


def _changed(subject: Subject, run: Instruction, command: Command) -> list[str]:
    """The trees whose owner or mode the command changes."""
    if command.name not in ("chown", "chmod", "chgrp") or not _is_recursive(command):
        return []
    folder = folder_of(subject, run, command)
    return [normal(folder, word.value) for word in _plain(command)[1:] if word.value is not None]


def _plain(command: Command) -> list[ShellWord]:
    """The words that are no options, nor what ``--from`` and ``--reference`` take."""
    words = command.words[1:]
    taken = {place + 1 for place, word in enumerate(words) if word.text in ("--from", "--reference")}
    return [word for place, word in enumerate(words) if place not in taken and not word.text.startswith("-")]


def _is_recursive(command: Command) -> bool:
    return any(
        text == "--recursive" or ((text or "").startswith("-") and "R" in (text or "")) for text in command.arguments
    )


def _remark(
    subject: Subject, run: Instruction, command: Command, hit: list[Copied], paths: list[str], *, is_first: bool
) -> Remark:
    cost = _cost(subject, run, hit) if is_first else Cost()
    lines = ", ".join(str(each.instruction.line) for each in hit)
    what = "owner" if command.name != "chmod" else "mode"
    return Remark(
        span=command.span,
        message=f"the files that line{'s' if len(hit) > 1 else ''} {lines} copied are there twice to change the {what}",
        fix=_fix(subject, command, hit),
        edits=_edits(subject, run, command, hit, paths),
        unpacked_bytes=cost.unpacked_bytes,
        compressed_bytes=cost.compressed_bytes,
        how=cost.how,
    )


def _fix(subject: Subject, command: Command, hit: list[Copied]) -> str:
    """The flag as these COPYs take it. A COPY knows numbers, modes in digits, and the users of the layers below it."""
    wanted, where = _wanted(command), "where they are copied"
    if command.name == "chmod":
        if wanted.isdigit():
            return f"--chmod={wanted} {where}"
        return f"--chmod {where}, with the mode in digits, which folders and files then have alike"
    if command.name == "chgrp":
        user = next((each.copy.chown.partition(":")[0] for each in hit if each.copy.chown), "0")
        return f"--chown={user}:{wanted} {where}"
    whole = _owner(command, all(each.copy.from_ is None for each in hit))
    owner = whole if whole is not None and whole.partition(":")[0] in ("0", *wanted.split(":")) else wanted
    if all(each.copy.chown in (owner, wanted) for each in hit):
        return "leave it out: they are copied with that owner"
    if any(each.copy.link for each in hit) and not owner.replace(":", "").isdigit():
        return f"--chown with the numbers of {owner} {where}: a COPY --link knows no names"
    maker = _maker(subject, hit[0].stage, owner.partition(":")[0])
    late = maker is not None and maker.span.end > hit[0].instruction.span.start
    return f"--chown={owner} {where}" + (f", which has to be below line {maker.line}" if maker and late else "")


def _maker(subject: Subject, stage: Stage, user: str) -> Instruction | None:
    """The RUN that makes ``user``, or its group."""
    programs = ("useradd", "adduser", "groupadd", "addgroup")
    for run in (each for each in stage.instructions if each.keyword == "RUN"):
        for command in subject.script(run).commands:
            if command.name in programs and user in [word.text for word in command.words[1:]]:
                return run
    return None


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
    return next((word.text for word in _plain(command)), "")


def _edits(
    subject: Subject, run: Instruction, command: Command, hit: list[Copied], paths: list[str]
) -> tuple[Edit, ...]:
    """``--chown`` at each COPY, where all files of the trees are known to come from these COPYs. Folders that WORKDIR
    and ``mkdir`` made stay the command's: a COPY into a folder that is there does not change whose it is."""
    stage = hit[0].stage
    owner = _owner(command, all(each.copy.from_ is None for each in hit))
    if owner is None or stage.base_stage is not None or not _is_foreseen(subject, run, command, paths):
        return ()
    earlier = [each for each in copies(subject, stage) if _before(each.instruction, run)]
    if not all(_takes(each, owner, paths) for each in hit) or any("$" in each.destination for each in earlier):
        return ()
    runs = [each for each in stage.instructions if each.keyword == "RUN" and each.span.start <= run.span.start]
    between = [each for each in runs if each.span.start > hit[0].instruction.span.start]
    if any(may_write_below(subject, each, paths) for each in runs):
        return ()
    if any(not name.isdigit() for name in owner.split(":")) and any(makes_users(subject, each) for each in between):
        return ()
    folders = _folders(subject, run, stage.instructions, paths)
    if folders is None:
        return ()
    first = command.words[0].text
    rest = Edit(command.span, " ".join([first, _wanted(command), *folders])) if folders else None
    changed = rest or drop_command(subject, run, command)
    if changed is None:
        return ()
    flags = [add_flag(each.instruction, f"--chown={owner}") for each in hit if each.copy.chown is None]
    return (*flags, changed)


def _owner(command: Command, from_context: bool) -> str | None:
    """The owner as COPY says it: ``chown app`` leaves the group as it is, ``COPY --chown=app`` does not. None where
    they cannot be made the same. What comes from the context belongs to 0:0 without a flag."""
    found = _OWNER.fullmatch(next((word.value or "" for word in command.words[1:] if word.text[:1] != "-"), ""))
    if found is None or command.name != "chown":
        return None
    user, colon, group = found.groups()
    if user and group:
        return f"{user}:{group}"
    if user and colon:
        return None if user.isdigit() else user
    if not from_context:
        return None
    return f"{user}:0" if user else f"0:{group}"


def _is_foreseen(subject: Subject, run: Instruction, command: Command, paths: list[str]) -> bool:
    """Whether the command is sure to run, as root, does no more than change owners, and knows its trees by name; and
    whether these are none that a base image may have files in."""
    words = [word.value for word in command.words[1:]]
    options = [each for each in words if (each or "").startswith("-")]
    known = known_base(subject.stages.chain(_stage(subject, run))[0].base)
    return (
        plain_list(subject, run) is not None
        and not (command.wrapper or command.redirections or command.assignments or command.is_nested)
        and None not in words
        and all(_OPTIONS.fullmatch(str(each)) for each in options)
        and len(paths) == len(words) - len(options) - 1
        and user_at(subject.stages, run) in (None, "root", "0", "root:root", "0:0")
        and known is not None
        and known.official
        and all(_OWN.fullmatch(path) and path not in _TAKEN for path in paths)
    )


def _stage(subject: Subject, run: Instruction) -> Stage:
    return next(each for each in subject.stages.stages if run in each.instructions)


def _takes(copied: Copied, owner: str, paths: list[str]) -> bool:
    """Whether the COPY can say the owner and all that it copies is in the trees."""
    if copied.copy.is_add or copied.copy.chown not in (None, owner):
        return False
    if copied.copy.link and not owner.replace(":", "").isdigit():
        return False  # a layer of its own knows no names
    return any(is_below(copied.destination, path) for path in paths)


def _folders(
    subject: Subject, run: Instruction, instructions: tuple[Instruction, ...], paths: list[str]
) -> list[str] | None:
    """The folders of the trees that were made without files in them, from the top; None where a name is not known."""
    made: set[str] = set()
    for instruction in instructions:
        if instruction.span.start > run.span.start:
            break
        if instruction.keyword == "WORKDIR":
            folder = workdir_at(subject.stages, _next(instructions, instruction))
            if folder is None:
                return None
            made.add(folder)
        for command in subject.script(instruction).commands if instruction.keyword == "RUN" else ():
            for word in command.words[1:] if command.name == "mkdir" else ():
                if word.value is None or set("*?[{~") & set(word.value) or _leaves(subject, instruction):
                    return None
                if not word.value.startswith("-"):
                    made.add(resolved(subject, instruction, word.value))
    every = {above for each in made for above in (each, *map(str, PurePosixPath(each).parents))}
    return sorted(each for each in every if any(is_below(each, path) for path in paths))


def _leaves(subject: Subject, run: Instruction) -> bool:
    return any(command.name in ("cd", "pushd") for command in subject.script(run).commands)


def _next(instructions: tuple[Instruction, ...], instruction: Instruction) -> Instruction:
    """The one below it: there its WORKDIR counts."""
    return next(each for each in instructions if each.span.start > instruction.span.start)


RULE = Rule(
    code="chown-after-copy",
    family="layers",
    severity="warning",
    safety="lossless",
    title="owner or mode changed after the files were made",
    find=_find,
    doc=__doc__,
)
