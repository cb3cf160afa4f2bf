"""A quote is opened in a shell line and never closed.

What it does
============
Finds RUN, CMD and ENTRYPOINT lines in shell form in which a quote is open when the line ends.

Why
===
The builder hands the line to a shell as it is, which then stops at once: "Unterminated quoted string". Often a
backslash is missing at the end of a line, and what was meant to go on became instructions of its own.

Bad
===
::

    FROM debian:bookworm-slim
    RUN echo "it's here > /etc/motd
    USER 1000

Good
====
::

    FROM debian:bookworm-slim
    RUN echo "it's here" > /etc/motd
    USER 1000

References
==========
POSIX.1-2024, 2.2 Quoting; dash(1), bash(1) 5.2.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import shell_at
from lightship.dockerfile.shell import POSIX_SHELLS
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_TOKEN = re.compile(r"\\.|'[^']*'|\"(?:[^\"\\]|\\.)*+\"|(?:(?<=\s)|\A)#[^\n]*|(['\"])", re.DOTALL)
"""What keeps a quote from opening, or, in its group, one that nothing closes."""


def _find(subject: Subject) -> Iterator[Remark]:
    for _, instruction in subject.instructions:
        if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT") and not subject.script(instruction).understood:
            place = _opened(subject, instruction)
            if place is not None:
                argument = instruction.argument
                yield Remark(
                    span=argument.span(place, len(argument.text)),
                    message=f"nothing closes {argument.text[place]}: the shell stops at this line",
                    fix="close it, or put a backslash at the end of the line that is to go on",
                )


def _opened(subject: Subject, instruction: Instruction) -> int | None:
    """The place in the argument of the quote that stays open; None where there is none, or no POSIX shell reads it."""
    shell = shell_at(subject.stages, instruction)
    if instruction.exec_form is not None or instruction.heredocs:
        return None
    if shell[:1] and shell[0].rpartition("/")[2] not in POSIX_SHELLS:
        return None
    return next((found.start() for found in _TOKEN.finditer(instruction.argument.text) if found[1]), None)


RULE = Rule(
    code="open-quote",
    family="correctness",
    severity="error",
    safety=None,
    title="a quote is opened in a shell line and never closed",
    find=_find,
    doc=__doc__,
)
