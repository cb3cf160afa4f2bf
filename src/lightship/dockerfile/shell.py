"""What a RUN line does: its simple commands in order, by a real grammar of the shell, each with its place.

The grammar is tree-sitter-bash's (https://github.com/tree-sitter/tree-sitter-bash, 0.25). Nothing is run and nothing
guessed: a word with a substitution in it has no literal value, a script that does not parse says so.
"""

import re
from dataclasses import dataclass
from typing import Literal

from lightship.dockerfile.model import Heredoc, Instruction, Logical, Span

__all__ = ["POSIX_SHELLS", "Command", "Joiner", "Script", "ShellWord", "script_of"]

Joiner = Literal["", ";", "&&", "||", "|", "&"]

POSIX_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "busybox"})
"""Shells whose language the grammar is near enough to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellWord:
    """A word as written, its place in the Dockerfile, and its value with quotes taken off; None where only a running
    shell knows it (a variable, a substitution, a glob keeps its characters)."""

    text: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command. ``words[0]`` names it; ``assignments`` (``A=1``) and ``wrapper`` (``sudo -u app``, ``env``,
    ``exec``, ``nice``: what only hands on) stood before it, as written. ``joiner`` is what stands between it and the
    command before. ``span`` covers words, assignments, wrapper and redirections.

    ``is_conditional``: an ``if``, a ``case``, a loop, a function or a ``||`` decides whether it runs.
    ``is_nested``: it runs in a subshell, a ``$(…)`` or a string given to another shell, so that ``cd`` and what it
    sets end with it. ``is_substituted``: its output becomes words of the command that follows it here.
    """

    words: tuple[ShellWord, ...]
    span: Span
    joiner: Joiner = ""
    assignments: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    redirections: tuple[str, ...] = ()
    is_conditional: bool = False
    is_nested: bool = False
    is_substituted: bool = False

    @property
    def name(self) -> str:
        """The program's name without its folder; empty where only a running shell knows it."""
        value = self.words[0].value if self.words else None
        return (value or "").rpartition("/")[2]

    @property
    def arguments(self) -> tuple[str | None, ...]:
        """The values of the words after the name."""
        return tuple(word.value for word in self.words[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """The commands of one instruction. ``understood`` is False where the grammar met an error."""

    commands: tuple[Command, ...] = ()
    understood: bool = True


def script_of(instruction: Instruction, *, interpreter: tuple[str, ...] = ("/bin/sh", "-c")) -> Script:
    """What a RUN, a CMD, an ENTRYPOINT or a health check's command runs.

    The exec form is one command, and what it gives to a shell (``["sh", "-c", "…"]``) is read as that; its words stand
    where the whole argument stands. A heredoc without a command before it is the script, unless its first line names
    another interpreter. ``interpreter`` is the stage's SHELL: of one that is no POSIX shell nothing is understood.
    """
    from lightship.dockerfile import shell_tree

    argument = instruction.argument
    whole = argument.span(0, len(argument.text))
    if instruction.exec_form is not None:
        words = tuple(ShellWord(text=text, value=text, span=whole) for text in instruction.exec_form)
        return shell_tree.script_of_words(words, whole)
    if interpreter[:1] and interpreter[0].rpartition("/")[2] not in POSIX_SHELLS:
        return Script(understood=False)
    if instruction.heredocs and argument.text.split("\n", 1)[0].strip().startswith("<<"):
        return _heredoc_script(instruction.heredocs[0])
    return shell_tree.script_of_text(_first_line(instruction))


def _first_line(instruction: Instruction) -> Logical:
    """The argument without the bodies of its heredocs: they are input, not commands."""
    argument = instruction.argument
    if not instruction.heredocs:
        return argument
    text = argument.text.split("\n", 1)[0]
    for heredoc in instruction.heredocs:
        mark = re.search(rf"\d*<<-?([\"']?){re.escape(heredoc.name)}\1", text)
        if mark:
            text = text[: mark.start()] + " " * (mark.end() - mark.start()) + text[mark.end() :]
    return Logical(text=text, pieces=argument.pieces)


def _heredoc_script(heredoc: Heredoc) -> Script:
    from lightship.dockerfile import shell_tree

    first = heredoc.content.split("\n", 1)[0]
    if first.startswith("#!") and not any(name in first for name in ("/sh", "/bash", "/dash", " bash", " sh", "/ash")):
        return Script(understood=False)
    length = heredoc.span.end - heredoc.span.start
    if length == len(heredoc.content):
        return shell_tree.script_of_text(Logical(text=heredoc.content, pieces=((0, heredoc.span.start),)))
    # Tabs or carriage returns were taken out: the script stands where the whole body stands.
    return shell_tree.script_of_text(Logical(text=heredoc.content, pieces=((0, heredoc.span.start),)), heredoc.span)
