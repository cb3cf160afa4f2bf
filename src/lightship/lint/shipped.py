"""What RUN lines leave in the image: the operating system's packages that the shipped stages install and keep."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction, Span
from lightship.dockerfile.shell import ShellWord
from lightship.dockerfile.stages import Stage
from lightship.lint.actions import SYSTEM_MANAGERS, Action, bare_name
from lightship.lint.subject import Context, Subject

__all__ = ["Kept", "call_sites", "drop_packages", "is_called", "kept_packages", "reaches_image"]

_ENTRY = frozenset({"CMD", "ENTRYPOINT", "HEALTHCHECK"})
_MOST_SCRIPTS = 50
_STARTS = re.compile(
    r"\.(sh|bash)$|entrypoint|(^|/)(Procfile|run|finish|[^/]*supervisor[^/]*\.(conf|ini)|"
    r"(docker-)?compose[^/]*\.ya?ml)$"
)
"""Files that say how the image is started or asked whether it is well: scripts, s6's services, Compose."""
_SUPERVISED = re.compile(r"\bcommand=([^\n'\"]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A package that is in the image: its ``name``, the ``word`` that asked for it, and where."""

    name: str
    removed_later: bool
    """A later line names it to remove it, which fails where it is not known at all."""
    word: ShellWord
    action: Action
    run: Instruction
    stage: Stage


def kept_packages(subject: Subject) -> tuple[Kept, ...]:
    """Every package that a shipped stage installs by name and does not remove in the same RUN. One that is removed in
    a later RUN is in the image all the same: its layer is."""
    return subject.once(_kept_packages)


def _kept_packages(subject: Subject) -> tuple[Kept, ...]:
    return tuple(_kept(subject, _last_removals(subject)))


def _kept(subject: Subject, removals: Mapping[str, int]) -> Iterator[Kept]:
    for stage, run in subject.shipped:
        if run.keyword != "RUN":
            continue
        actions = [each for each in subject.actions(run) if each.manager in SYSTEM_MANAGERS]
        gone = {word.value for each in actions if each.kind == "remove" for word in each.packages}
        for action in actions:
            if action.kind != "install" or (action.value("--virtual", "-t") in gone and action.manager == "apk"):
                continue
            for word in action.packages:
                name = bare_name(action.manager, word.value or word.text)
                if name and "$" not in name and name not in gone and word.value not in gone:
                    yield Kept(
                        name=name,
                        removed_later=removals.get(name, -1) > run.span.start,
                        word=word,
                        action=action,
                        run=run,
                        stage=stage,
                    )


def _last_removals(subject: Subject) -> dict[str, int]:
    """Where each name is last removed."""
    found: dict[str, int] = {}
    for _, run in subject.shipped:
        for action in subject.actions(run) if run.keyword == "RUN" else ():
            if action.kind == "remove":
                found |= {name: max(run.span.start, found.get(name, 0)) for name in action.names}
    return found


def reaches_image(subject: Subject, stage: Stage) -> bool:
    """Whether what the stage installs gets into the image: it ships, or a shipped stage copies from it."""
    return stage.index in subject.once(_reaching)


def _reaching(subject: Subject) -> frozenset[int]:
    shipped = subject.stages.shipped
    copied = {index for each in shipped for index in each.sources}
    chains = {each.index for index in copied for each in subject.stages.chain(subject.stages.stages[index])}
    return frozenset(chains | {each.index for each in shipped})


def is_called(subject: Subject, programs: Iterable[str]) -> bool:
    """Whether the way the image starts names one of ``programs``: CMD, ENTRYPOINT, HEALTHCHECK, or a shell script of
    the context. What Python code calls is not looked at."""
    return any(True for _ in call_sites(subject, programs))


def call_sites(subject: Subject, programs: Iterable[str]) -> Iterator[str]:
    """Where they are named: ``CMD``, ``docker/entrypoint.sh``."""
    wanted = frozenset(programs)
    yield from (where for where, words in subject.once(_called) if wanted & words)


def _called(subject: Subject) -> tuple[tuple[str, frozenset[str]], ...]:
    """The words of each line and of each script that says how the image is started."""
    by_scripts = subject.context.once(_called_by_scripts) if subject.context is not None else ()
    return (*_called_by_lines(subject), *by_scripts)


def _called_by_lines(subject: Subject) -> Iterator[tuple[str, frozenset[str]]]:
    for _, instruction in subject.shipped:
        text = instruction.argument.text
        if instruction.keyword in _ENTRY:
            yield instruction.keyword, _words(text)
        elif instruction.keyword == "RUN" and "[program:" in text:
            yield instruction.keyword, _words(_commands(text))


def _called_by_scripts(context: Context) -> tuple[tuple[str, frozenset[str]], ...]:
    found = (path for path in context.files if _STARTS.search(path))
    scripts = sorted(found, key=lambda path: ("entrypoint" not in path, path.count("/"), path))
    return tuple((path, _words(_code(context.read(path) or ""))) for path in scripts[:_MOST_SCRIPTS])


def _commands(text: str) -> str:
    """What a line that writes supervisord's configuration says is to be started."""
    return " ".join(_SUPERVISED.findall(text))


def _code(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))


def _words(text: str) -> frozenset[str]:
    for mark in "\"'`[](){},;|&$<>=":
        text = text.replace(mark, " ")
    return frozenset(word.rpartition("/")[2] for word in text.split())


def drop_packages(packages: Iterable[Kept], replaced: Iterable[str] = ()) -> tuple[Edit, ...]:
    """Their words taken out of the lines that install them, ``replaced`` put in place of the first; nothing where a
    line would then install nothing, or a later one could not remove what is not there."""
    wanted = list(packages)
    if any(each.removed_later for each in wanted):
        return ()
    instead = " ".join(replaced)
    edits = []
    here = Counter(id(each.action) for each in wanted)
    places = {
        id(word): number
        for command in {id(each.action): each.action.command for each in wanted}.values()
        for number, word in enumerate(command.words)
    }
    for package in wanted:
        if here[id(package.action)] == len(package.action.packages) and not instead:
            return ()
        everything = package.action.command.words
        place = places.get(id(package.word), 0)
        if place == 0 or everything[place].span == package.action.command.span:
            return ()
        if instead:
            edits.append(Edit(package.word.span, instead))
            instead = ""
        else:
            edits.append(Edit(Span(everything[place - 1].span.end, package.word.span.end), ""))
    return _merged(edits)


def _merged(edits: list[Edit]) -> tuple[Edit, ...]:
    """Neighbours that touch become one edit."""
    merged: list[Edit] = []
    for edit in sorted(edits):
        last = merged[-1] if merged else None
        if last is not None and last.span.end >= edit.span.start:
            merged[-1] = Edit(Span(last.span.start, edit.span.end), last.replacement + edit.replacement)
        else:
            merged.append(edit)
    return tuple(merged)
