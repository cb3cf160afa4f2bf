"""What a RUN line does: its simple commands in order, by a real grammar of the shell, each with its place.

The grammar is tree-sitter-bash's (https://github.com/tree-sitter/tree-sitter-bash, 0.25). Nothing is run and nothing
guessed: a word with a substitution in it has no literal value, a script that does not parse says so.
"""

from dataclasses import dataclass
from typing import Literal

from lightship.dockerfile.model import Span

__all__ = ["Command", "Joiner", "Script", "ShellWord"]

Joiner = Literal["", ";", "&&", "||", "|", "&"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShellWord:
    """A word as written, its place in the Dockerfile, and its value with quotes taken off; None where only a running
    shell knows it (a variable, a substitution, a glob keeps its characters)."""

    text: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One simple command. ``words[0]`` names it, after assignments (``assignments``, as written); ``joiner`` is what
    stands between it and the command before. ``span`` covers words and redirections. ``is_conditional`` where an
    ``if``, ``case``, loop, ``||`` or the right side of nothing certain decides whether it runs; ``wrapper`` are the
    words in front that only hand on (``sudo``, ``env A=1``, ``exec``, ``time``, ``set -e``-like are commands)."""

    words: tuple[ShellWord, ...]
    span: Span
    joiner: Joiner = ""
    assignments: tuple[str, ...] = ()
    wrapper: tuple[str, ...] = ()
    redirections: tuple[str, ...] = ()
    is_conditional: bool = False

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
