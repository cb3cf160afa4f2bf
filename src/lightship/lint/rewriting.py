"""Edits that rules make: a command taken out of a RUN line or put at its end, a flag added, an instruction removed.

What cannot be done without guessing gives None, and the rule then only says what to do.
"""

import itertools

from lightship.dockerfile.edit import Edit, whole_lines
from lightship.dockerfile.model import Instruction, Span
from lightship.dockerfile.shell import Command
from lightship.lint.subject import Subject

__all__ = ["add_command", "add_flag", "add_option", "drop_command", "drop_instruction", "replace_span"]


def replace_span(span: Span, text: str) -> Edit:
    """``text`` instead of what stands there."""
    return Edit(span, text)


def drop_instruction(subject: Subject, instruction: Instruction) -> Edit:
    """The instruction's lines taken out, comments among them too."""
    return Edit(whole_lines(subject.dockerfile.text, instruction.span), "")


def add_flag(instruction: Instruction, flag: str) -> Edit:
    """``flag`` put right after the keyword, before all others."""
    place = instruction.span.start + len(instruction.keyword)
    return Edit(Span(place, place), f" {flag}")


def add_option(command: Command, option: str, *, after: int = 0) -> Edit | None:
    """``option`` put after the command's word number ``after``."""
    if len(command.words) <= after or command.words[after].span == command.span:
        return None
    place = command.words[after].span.end
    return Edit(Span(place, place), f" {option}")


def drop_command(subject: Subject, instruction: Instruction, command: Command) -> Edit | None:
    """One command taken out of a list joined by ``&&``; the instruction with it where it has no other."""
    listed = _plain_list(subject, instruction)
    if listed is None or command not in listed:
        return None
    if len(listed) == 1:
        return drop_instruction(subject, instruction)
    place = listed.index(command)
    if place == 0:
        return Edit(Span(command.span.start, listed[1].span.start), "")
    return Edit(Span(listed[place - 1].span.end, command.span.end), "")


def add_command(subject: Subject, instruction: Instruction, text: str) -> Edit | None:
    """``&& text`` put at the end of a list, on a line of its own where the instruction has several."""
    listed = _plain_list(subject, instruction)
    if not listed or instruction.heredocs:
        return None
    end = listed[-1].span.end
    source = subject.dockerfile.text
    if "\n" not in source[instruction.span.start : instruction.span.end]:
        return Edit(Span(end, end), f" && {text}")
    start = source.rfind("\n", 0, listed[-1].span.start) + 1
    line = source[start : listed[-1].span.start]
    indent = line[: len(line) - len(line.lstrip())] or "    "
    newline = "\r\n" if source[:start].endswith("\r\n") else "\n"
    return Edit(Span(end, end), f" {subject.dockerfile.escape}{newline}{indent}&& {text}")


def _plain_list(subject: Subject, instruction: Instruction) -> list[Command] | None:
    """The commands of a shell line that is nothing but commands one after another joined by ``&&``."""
    script = subject.script(instruction)
    if instruction.exec_form is not None or instruction.heredocs or not script.understood:
        return None
    listed = [command for command in script.commands if not command.is_nested]
    wanted = [command.joiner for command in listed]
    if any(command.is_conditional for command in listed) or wanted != ["", *["&&"] * (len(listed) - 1)]:
        return None
    # What lies between two commands is the joiner, line ends and comments: else it is a group or a redirection.
    source = subject.dockerfile.text
    for before, after in itertools.pairwise(listed):
        between = source[before.span.end : after.span.start]
        if between.count("&&") != 1 or set(between) & set("(){};|"):
            return None
    return listed
