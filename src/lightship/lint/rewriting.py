"""Edits that rules make: a command taken out of a RUN line or put at its end, a flag added, an instruction removed.

What cannot be done without guessing gives None, and the rule then only says what to do.
"""

import itertools
import re

from lightship.dockerfile.edit import Edit, whole_lines
from lightship.dockerfile.model import Instruction, Span
from lightship.dockerfile.scope import shell_at
from lightship.dockerfile.shell import Command
from lightship.lint.subject import Subject

__all__ = [
    "add_command",
    "add_flag",
    "add_option",
    "code_between",
    "drop_command",
    "drop_instruction",
    "is_bare",
    "plain_list",
    "replace_span",
    "with_comments",
]

_ENDS_A_GROUP = re.compile(r";?\s*(?:(?:fi|done|esac|\}|\))\s*)+")
_SETS_E = re.compile(r"-[a-z]*e[a-z]*|errexit")
_ENDS_THE_SHELL = frozenset({"exit", "return", "exec"})


def replace_span(span: Span, text: str) -> Edit:
    """``text`` instead of what stands there."""
    return Edit(span, text)


def drop_instruction(subject: Subject, instruction: Instruction) -> Edit:
    """The instruction's lines taken out, comments among them too."""
    return Edit(whole_lines(subject.dockerfile.text, instruction.span), "")


def with_comments(subject: Subject, instruction: Instruction) -> Span:
    """The instruction's lines and the comments that stand right above it: they are about it."""
    text = subject.dockerfile.text
    lines = whole_lines(text, instruction.span)
    start = lines.start
    while start > 0:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return Span(start, lines.end)


def add_flag(instruction: Instruction, flag: str) -> Edit:
    """``flag`` put right after the keyword, before all others."""
    place = instruction.keyword_span.end
    return Edit(Span(place, place), f" {flag}")


def add_option(command: Command, option: str, *, after: int = 0) -> Edit | None:
    """``option`` put after the command's word number ``after``. None where words have no place of their own: in the
    exec form, and in a string that is given to a shell."""
    if len(command.words) <= after or command.words[after].span == command.span:
        return None
    place = command.words[after].span.end
    return Edit(Span(place, place), f" {option}")


def drop_command(subject: Subject, instruction: Instruction, command: Command) -> Edit | None:
    """One command taken out of a list joined by ``&&``, or by ``;`` under ``set -e``, with the comments between it and
    the one before; the instruction with it where it has no other."""
    listed = plain_list(subject, instruction)
    if listed is None or command not in listed:
        return None
    if len(listed) == 1:
        return drop_instruction(subject, instruction)
    place = listed.index(command)
    if place > 0:
        return Edit(Span(listed[place - 1].span.end, command.span.end), "")
    # What stands between the first two may be a comment about the second.
    between = subject.dockerfile.text[command.span.end : listed[1].span.start]
    if not _comments(subject, command.span.end, listed[1].span.start):
        return Edit(Span(command.span.start, listed[1].span.start), "")
    before, _, after = between.partition(listed[1].joiner)
    opens_a_line = before.rstrip(" \t").endswith("\n")
    kept = before + after.lstrip(" \t") if opens_a_line else before.rstrip(" \t") + after
    return Edit(Span(command.span.start, listed[1].span.start), kept.lstrip(" \t"))


def add_command(subject: Subject, instruction: Instruction, text: str) -> Edit | None:
    """``text`` put at the end, behind ``&&`` and on a line of its own where the instruction has several: it runs after
    all else has, and where that failed the line still fails."""
    script = subject.script(instruction)
    commands = script.commands
    if instruction.exec_form is not None or instruction.heredocs or not script.understood or not commands:
        return None
    last = max(commands, key=lambda command: (command.span.end, command.span.start))
    ending = instruction.argument.span(0, len(instruction.argument.text)).end
    tail = code_between(subject, last.span.end, ending)
    if last.name in _ENDS_THE_SHELL or "exec" in last.wrapper or (tail and not _ENDS_A_GROUP.fullmatch(tail)):
        return None
    joiner = _joiner(subject, instruction, last, tail)
    if joiner is None:
        return None
    end = ending if tail else last.span.end
    source = subject.dockerfile.text
    if "\n" not in source[instruction.span.start : instruction.span.end]:
        return Edit(Span(end, end), f"; {text}" if joiner == ";" else f" && {text}")
    start = source.rfind("\n", 0, end) + 1
    line = source[start:end]
    indent = line[: len(line) - len(line.lstrip())] or "    "
    newline = "\r\n" if source[:start].endswith("\r\n") else "\n"
    before, after = (";", "") if joiner == ";" else ("", "&& ")
    return Edit(Span(end, end), f"{before} {subject.dockerfile.escape}{newline}{indent}{after}{text}")


def _joiner(subject: Subject, instruction: Instruction, last: Command, tail: str) -> str | None:
    """What stands before a command that is added. ``&&`` takes ``set -e`` from a loop or a group in front of it
    (POSIX.1-2024, 2.15 set): there it is ``;``, in a line that has no other."""
    commands = subject.script(instruction).commands
    shell = shell_at(subject.stages, instruction)[1:]
    if not any(_stops_at_failure(each) for each in commands) and not any(_SETS_E.fullmatch(word) for word in shell):
        return "&&"
    simple = next((each for each in commands if each.span.end == last.span.end), last)
    if simple.words and re.search(
        r"[})]|\b(fi|done|esac)\b", code_between(subject, simple.words[-1].span.end, last.span.end)
    ):
        return None  # a group whose output goes elsewhere
    if not tail:
        return None if simple.is_nested or simple.is_conditional else "&&"
    whole = instruction.argument.span(0, len(instruction.argument.text))
    return None if set("!|&") & set(code_between(subject, whole.start, whole.end)) else ";"


def is_bare(subject: Subject, instruction: Instruction) -> bool:
    """Whether a shell line is nothing but its commands and what joins them: no ``!`` or bracket before the first, no
    ``;``, ``&``, bracket or remark behind the last."""
    script = subject.script(instruction)
    if instruction.exec_form is not None or instruction.heredocs or not script.understood or not script.commands:
        return False
    whole = instruction.argument.span(0, len(instruction.argument.text))
    first = min(command.span.start for command in script.commands)
    last = max(command.span.end for command in script.commands)
    return not code_between(subject, whole.start, first) and not code_between(subject, last, whole.end)


def plain_list(subject: Subject, instruction: Instruction) -> list[Command] | None:
    """The commands of a shell line that is nothing but commands one after another, each of which fails the line:
    joined by ``&&``, or by ``;`` after ``set -e``."""
    script = subject.script(instruction)
    if not is_bare(subject, instruction):
        return None
    listed = [command for command in script.commands if not command.is_nested]
    if not listed or any(command.is_conditional for command in listed):
        return None
    if any(not any(_within(each.span, command.span) for command in listed) for each in script.commands):
        return None  # a pipeline, or a shell below this one
    joiners = {command.joiner for command in listed[1:]}
    if listed[0].joiner or not (joiners <= {"&&"} or (joiners == {";"} and _stops_at_failure(listed[0]))):
        return None
    # What lies between two commands is the joiner, line ends and comments: else it is a group or a redirection.
    for before, after in itertools.pairwise(listed):
        if code_between(subject, before.span.end, after.span.start) != after.joiner:
            return None
    return listed


def code_between(subject: Subject, start: int, end: int) -> str:
    """What a shell reads there: without Dockerfile comments, continuations and blanks around."""
    text = subject.dockerfile.text
    parts = []
    for comment in _comments(subject, start, end):
        parts.append(text[start : comment.start])
        start = comment.end
    parts.append(text[start:end])
    escape = re.escape(subject.dockerfile.escape)
    return re.sub(rf"{escape}[ \t]*(?:\r?\n|\Z)|\s+", " ", "".join(parts)).strip()


def _comments(subject: Subject, start: int, end: int) -> list[Span]:
    return [each for each in subject.dockerfile.comments if start <= each.start and each.end <= end]


def _within(inner: Span, outer: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _stops_at_failure(command: Command) -> bool:
    options = [word.value or "" for word in command.words[1:]]
    return command.name == "set" and any(each.startswith("-") and "e" in each for each in options)
