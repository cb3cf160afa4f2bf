"""Comments that take a finding back, each with a reason.

``# lightship ignore=runs-as-root: the chart sets runAsUser`` above an instruction, or among its lines, counts for that
instruction; ``ignore-file=`` for the whole file. Several codes are separated by commas. Without a reason nothing is
taken back.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lightship.dockerfile.model import Dockerfile, Instruction, Span

__all__ = ["Ignore", "ignores_of"]

_COMMENT = re.compile(r"#\s*lightship:?\s+ignore(-file)?=([\w,-]{1,500})[ \t]*(?::[ \t]*)?([^\r\n]*)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignore:
    """One comment, and the span that it counts for; None for the whole file."""

    codes: tuple[str, ...]
    reason: str
    comment: Span
    scope: Span | None

    def covers(self, code: str, span: Span) -> bool:
        """Whether it takes back a finding of ``code`` that begins in its scope."""
        if not self.reason or code not in self.codes:
            return False
        return self.scope is None or self.scope.start <= span.start < self.scope.end


def ignores_of(dockerfile: Dockerfile) -> tuple[Ignore, ...]:
    """All of them, in the order of the file."""
    return tuple(_ignores(dockerfile))


def _ignores(dockerfile: Dockerfile) -> Iterator[Ignore]:
    for comment in dockerfile.comments:
        found = _COMMENT.match(dockerfile.text[comment.start : comment.end])
        if found is None:
            continue
        scope = None if found[1] else _scope(dockerfile.instructions, comment)
        codes = tuple(code for code in found[2].split(",") if code)
        yield Ignore(codes=codes, reason=found[3].strip(), comment=comment, scope=scope)


def _scope(instructions: tuple[Instruction, ...], comment: Span) -> Span:
    """The instruction around the comment, or the next one; nothing at the end of the file."""
    for instruction in instructions:
        if instruction.span.end > comment.start:
            return instruction.span
    return Span(comment.end, comment.end)
