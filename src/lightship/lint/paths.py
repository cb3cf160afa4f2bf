"""Paths in stages: what a destination means, what lies below what, and where Python looks for modules."""

import posixpath
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import expand_at, workdir_at
from lightship.dockerfile.shell import Command
from lightship.dockerfile.stages import Stage
from lightship.dockerfile.views import Copy, copy_of
from lightship.ecosystem.base_images import known_base
from lightship.lint.subject import Subject

__all__ = ["Copied", "above", "copies", "folder_of", "is_below", "landing", "normal", "resolved", "source_stage"]

_UNKNOWN = "/?"
_LONGEST = 4_096
_DEEPEST = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """A COPY or ADD of a stage: what its words name, and its destination made absolute (a folder's without the last
    ``/``; where a variable in it is not known, as written)."""

    instruction: Instruction
    stage: Stage
    copy: Copy
    sources: tuple[str, ...]
    destination: str


def copies(subject: Subject, stage: Stage) -> tuple[Copied, ...]:
    """Those of one stage, in their order."""
    known = subject.once(_no_copies)
    if stage.index not in known:
        known[stage.index] = tuple(_copies(subject, stage))
    return known[stage.index]


def _no_copies(_subject: Subject) -> dict[int, tuple[Copied, ...]]:
    return {}


def _copies(subject: Subject, stage: Stage) -> Iterator[Copied]:
    for instruction in stage.instructions:
        copy = copy_of(instruction)
        if copy is not None:
            value = expand_at(subject.stages, instruction, copy.destination.text)
            yield Copied(
                instruction=instruction,
                stage=stage,
                copy=copy,
                sources=tuple(_expanded(subject, instruction, word.text) for word in copy.sources),
                destination=resolved(subject, instruction, value if value is not None else copy.destination.text),
            )


def _expanded(subject: Subject, instruction: Instruction, text: str) -> str:
    """As the builder reads it, without quotes; as written where a variable in it is not known."""
    value = None if "://" in text else expand_at(subject.stages, instruction, text)
    return value if value else text


def resolved(subject: Subject, instruction: Instruction, path: str) -> str:
    """``path`` made absolute where the instruction stands: by WORKDIR. Where only a foreign base knows that, the path
    lies in a folder that no other path names."""
    folder = workdir_at(subject.stages, instruction)
    if folder is None:
        stage = subject.stages.of(instruction)
        known = known_base(subject.stages.chain(stage)[0].base) if stage is not None else None
        folder = "/" if known is not None and known.official else _UNKNOWN
    return posixpath.normpath(posixpath.join("/", folder, path))


def folder_of(subject: Subject, run: Instruction, command: Command) -> str:
    """The folder in which ``command`` of ``run`` works: that of WORKDIR, or where a ``cd`` before it goes."""
    known = subject.once(_no_folders)
    if run.span.start not in known:
        known[run.span.start] = _folders(resolved(subject, run, "."), subject.script(run).commands)
    return known[run.span.start][id(command)]


def _no_folders(_subject: Subject) -> dict[int, dict[int, str]]:
    return {}


def _folders(start: str, commands: Iterable[Command]) -> dict[int, str]:
    """By the command's identity. A ``cd`` in a subshell counts in there only."""
    found: dict[int, str] = {}
    outside = inside = start
    for each in commands:
        found[id(each)] = inside if each.is_nested else outside
        if each.name in ("cd", "pushd"):
            to = each.words[1].value if len(each.words) > 1 else None
            inside = _entered(inside, to)
            outside = outside if each.is_nested else _entered(outside, to)
    return found


def _entered(folder: str, to: str | None) -> str:
    found = normal(folder, to) if to is not None else _UNKNOWN
    return found if len(found) <= _LONGEST else _UNKNOWN


def normal(folder: str, path: str) -> str:
    """``path`` as it is meant in ``folder``, absolute."""
    return posixpath.normpath(posixpath.join("/", folder, path))


def above(places: Iterable[str]) -> frozenset[str]:
    """The places, which are absolute and normal, and all folders that they lie in. What is longer than a path may be
    (PATH_MAX of Linux), or deeper than any is, has none."""
    found: set[str] = set()
    for place in places:
        while len(place) <= _LONGEST and place.count("/") <= _DEEPEST and place not in found:
            found.add(place)
            place = posixpath.dirname(place)
    return frozenset(found)


def is_below(path: str, folder: str) -> bool:
    """Whether ``path`` is ``folder`` or lies in it; both absolute and normal."""
    return path == folder or path.startswith(folder.rstrip("/") + "/") or folder == "/"


def landing(copied: Copied) -> Iterator[tuple[str, str]]:
    """Each source with the path at which it lands: a folder's content in the destination, a file under its name where
    the destination is a folder (it ends with ``/``, is ``.``, or there are several sources)."""
    into_folder = copied.copy.destination.text.endswith(("/", ".")) or len(copied.sources) > 1
    for source in copied.sources:
        name = posixpath.basename(source.rstrip("/"))
        is_file = "." in name and not source.endswith("/") and name not in (".", "..")
        yield source, posixpath.join(copied.destination, name) if into_folder and is_file else copied.destination


def source_stage(subject: Subject, copied: Copied) -> Stage | None:
    """The stage that ``--from`` names; None for the build context and for an image."""
    name = copied.copy.from_
    if name is None:
        return None
    earlier = subject.stages.stages[: copied.stage.index]
    if name.isdigit():
        return earlier[int(name)] if int(name) < len(earlier) else None
    return next((stage for stage in reversed(earlier) if stage.name == name.lower()), None)
