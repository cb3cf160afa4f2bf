"""Files removed in a later layer.

What it does
============
Finds ``rm`` of what an earlier layer of a stage that ships holds: a RUN that fetched or installed it, or a COPY; and
packages removed in another RUN than the one that installed them.

Why
===
The layer below keeps the bytes, and every pull brings them. Remove in the same RUN, mount instead of copying (``RUN
--mount=type=bind``), or leave it out of the context.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl
    RUN rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*

References
==========
OCI image-spec 1.1, layer.md, "Whiteouts"; docs.docker.com, "Dockerfile reference", RUN --mount (2026); the waste rule
shadowed-bytes finds the same in an image.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import user_at
from lightship.dockerfile.shell import Command
from lightship.dockerfile.stages import Stage
from lightship.dockerfile.views import mounts_of
from lightship.lint.actions import SYSTEM_MANAGERS, Manager
from lightship.lint.later import needs_lists
from lightship.lint.paths import Copied, above, copies, is_below, landing, resolved
from lightship.lint.rewriting import add_command, drop_command
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject
from lightship.units import format_names

__all__ = ["RULE"]

_CACHES = {
    "/var/lib/apt/lists": ("apt", "update"), "/var/cache/apk": ("apk", "update"), "/var/cache/apt": ("apt", "install"),
    "/var/cache/dnf": ("dnf", "install"), "/var/cache/yum": ("dnf", "install"),
}  # fmt: skip


_MOST_PATHS = 100
"""Words of one ``rm`` that are looked at."""
_IDLE = frozenset({"ENV", "ARG", "LABEL", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK", "STOPSIGNAL", "MAINTAINER",
                   "VOLUME", "WORKDIR", "USER"})  # fmt: skip
"""Instructions that read no files."""


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.shipped:
        makers = _Makers(subject)
        installed: dict[str, Manager] = {}
        copied = [(each, above(place for _, place in landing(each))) for each in copies(subject, stage)]
        for run in stage.instructions:
            if run.keyword != "RUN":
                continue
            yield from _packages(subject, stage, run, installed)
            earlier = [each for each in copied if each[0].instruction.span.end <= run.span.start]
            for command in subject.script(run).commands:
                if command.name in ("rm", "rmdir", "unlink"):
                    yield from _removed(subject, run, command, earlier, makers)
            makers.add(run)


@dataclass(frozen=True, slots=True)
class _Makers:
    """The RUNs of a stage so far by the folders that they fill, so that each path asks for its own."""

    subject: Subject
    runs: dict[str, list[Instruction]] = field(default_factory=dict)

    def add(self, run: Instruction) -> None:
        """Take note of what the line is known to make and does not remove itself."""
        commands = self.subject.script(run).commands
        made = set(above(each for command in commands for each in _made_by(self.subject, run, command)))
        made |= {folder for folder in _CACHES if _fills(self.subject, run, folder)}
        if made:
            gone = {_folder(str(word.value)) for each in commands if each.name == "rm" for word in each.words[1:]}
            mounts = [(mount.target or "").rstrip("/") or "/?" for mount in mounts_of(run)]
            for folder in sorted(made - gone):
                if not any(is_below(folder, mount) for mount in mounts):  # what is in a mount is in no layer
                    self.runs.setdefault(folder, []).append(run)

    def last(self, folder: str) -> Instruction | None:
        return self.runs[folder][-1] if folder in self.runs else None


def _removed(
    subject: Subject,
    run: Instruction,
    command: Command,
    earlier: list[tuple[Copied, frozenset[str]]],
    makers: _Makers,
) -> Iterator[Remark]:
    words = (word.value for word in itertools.islice(command.words, 1, _MOST_PATHS) if word.value)
    paths = [resolved(subject, run, value) for value in words if value[0] != "-"]
    here = subject.script(run).commands
    for copied, folders in earlier:
        gone = [path for path in paths if _folder(path) in folders]
        if gone and not any(_makes(subject, run, other, gone) for other in here if other.span < command.span):
            cost = subject.costs.of(copied.instruction)
            fetched = any("://" in source for source in copied.sources)
            keyword, line = copied.instruction.keyword, copied.instruction.line
            yield Remark(
                span=command.span,
                message=f"{format_names(gone)} of the {keyword} in line {line} "
                f"{'stays' if len(gone) == 1 else 'stay'} in the image",
                fix="fetch, use and remove it in one RUN, or ADD it in a stage that does not ship"
                if fetched
                else "mount it for the RUN that needs it (RUN --mount=type=bind), or leave it out of the context",
                unpacked_bytes=cost.unpacked_bytes,
                compressed_bytes=cost.compressed_bytes,
                how=cost.how,
            )
    for path in paths:
        maker = makers.last(_folder(path))
        if maker is not None and not _fills(subject, run, _folder(path)):
            yield _of_run(subject, run, command, path, maker)


def _of_run(subject: Subject, run: Instruction, command: Command, path: str, maker: Instruction) -> Remark:
    is_lists = _folder(path) == "/var/lib/apt/lists"
    cost = subject.costs.of_part(maker, "lists") if is_lists else Cost()
    return Remark(
        span=command.span,
        message=f"{path} stays in the layer of line {maker.line}, which made it",
        fix=f"remove it in the RUN of line {maker.line}",
        edits=_moved(subject, run, command, path, maker) if _is_idle(subject, run, command, path, maker) else (),
        unpacked_bytes=cost.unpacked_bytes,
        compressed_bytes=cost.compressed_bytes,
        how=cost.how,
    )


def _moved(subject: Subject, run: Instruction, command: Command, path: str, maker: Instruction) -> tuple[Edit, ...]:
    """The command taken from its line and put at the end of the one that made the files."""
    text = subject.dockerfile.text[command.span.start : command.span.end]
    word = next(word for word in command.words[1:] if not word.text.startswith("-"))
    if not (word.value or "").startswith("/"):
        # Another folder may be current where it goes.
        text = text[: word.span.start - command.span.start] + path + text[word.span.end - command.span.start :]
    moved, dropped = add_command(subject, maker, text), drop_command(subject, run, command)
    return (moved, dropped) if moved is not None and dropped is not None else ()


def _is_idle(subject: Subject, run: Instruction, command: Command, path: str, maker: Instruction) -> bool:
    """Whether nothing between making and removing needs the files, so that they may go at once."""
    script = subject.script(run)
    operands = [word for word in command.words[1:] if not word.text.startswith("-")]
    before = [each for each in script.commands if each.span < command.span]
    if (
        len(operands) != 1
        or operands[0].value is None
        or command.redirections
        or command.wrapper
        or command.assignments
    ):
        return False
    if any(each.name in ("test", "[", "[[", "cd") for each in before) or "\n" in operands[0].text:
        return False
    if user_at(subject.stages, maker) != user_at(subject.stages, run):
        return False
    between = [
        each
        for each in _stage_of(subject, run)
        if maker.span.end <= each.span.start and each.span.end <= run.span.start and each.keyword not in _IDLE
    ]
    if _folder(path) not in _CACHES:
        # Whatever else runs may read them.
        return not before and not any(each.keyword == "RUN" or _reads(each, path) for each in between)
    return not needs_lists(subject, before) and not any(
        each.keyword != "RUN"
        or not subject.script(each).understood
        or needs_lists(subject, subject.script(each).commands)
        for each in between
    )


def _stage_of(subject: Subject, run: Instruction) -> tuple[Instruction, ...]:
    return next(each.instructions for each in subject.stages.stages if run in each.instructions)


def _reads(instruction: Instruction, path: str) -> bool:
    """Whether a COPY or ADD may put something where the files are: it would be removed with them, or not."""
    return instruction.keyword in ("COPY", "ADD") or path in instruction.argument.text


def _folder(path: str) -> str:
    """``/var/lib/apt/lists/*`` is that folder's content."""
    return path.rstrip("/").removesuffix("/*").removesuffix("/**") or "/"


def _fills(subject: Subject, run: Instruction, path: str) -> bool:
    wanted = _CACHES.get(path)
    return wanted is not None and any((each.manager, each.kind) == wanted for each in subject.actions(run))


_OUTPUTS = {"curl": ("-o", "--output"), "wget": ("-O", "--output-document"), "git": (), "tar": ("-C", "--directory"),
            "unzip": ("-d",), "pip": ("-t", "--target", "--prefix")}  # fmt: skip


def _makes(subject: Subject, run: Instruction, command: Command, paths: list[str]) -> bool:
    """Whether a download, a clone or an unpacking writes to one of ``paths``."""
    return any(is_below(made, _folder(path)) for made in _made_by(subject, run, command) for path in paths)


def _made_by(subject: Subject, run: Instruction, command: Command) -> list[str]:
    """Where a download, a clone or an unpacking writes to."""
    options = _OUTPUTS.get(command.name)
    if options is None:
        return []
    arguments = list(command.arguments)
    targets = [after for option, after in itertools.pairwise(arguments) if option in options]
    if command.name == "git" and "clone" in arguments:
        targets.append(arguments[-1])
    return [resolved(subject, run, target) for target in targets if target]


def _packages(subject: Subject, stage: Stage, run: Instruction, installed: dict[str, Manager]) -> Iterator[Remark]:
    """Packages removed in another layer than they came with; ``installed`` are those of the lines above, and then of
    this one too."""
    actions = subject.actions(run)
    own = {name for each in actions if each.kind == "install" for name in each.names}
    for action in actions:
        if action.kind != "remove" or action.manager not in SYSTEM_MANAGERS:
            continue
        late = tuple(name for name in action.names if installed.get(name) == action.manager and name not in own)
        if late:
            cost = subject.costs.of_packages(stage, late)
            yield Remark(
                span=action.command.span,
                message=f"{format_names(late)} {'stays' if len(late) == 1 else 'stay'} in the layer that installed "
                f"{'it' if len(late) == 1 else 'them'}",
                fix="install, use and remove in one RUN, or build in a stage that does not ship",
                unpacked_bytes=cost.unpacked_bytes,
                compressed_bytes=cost.compressed_bytes,
                how=cost.how,
            )
    installed |= {
        name: each.manager
        for each in actions
        if each.kind == "install" and each.manager in SYSTEM_MANAGERS
        for name in (*each.names, each.value("--virtual", "-t") or "")
    }


RULE = Rule(
    code="removed-later",
    family="layers",
    severity="warning",
    safety="lossless",
    title="files removed in a later layer",
    find=_find,
    doc=__doc__,
)
