"""What must hold for the places of every Dockerfile that is read."""

from collections.abc import Iterable, Iterator

from lightship.dockerfile.model import Dockerfile, Instruction, Span
from lightship.dockerfile.words import SPACES

__all__ = ["faults_of"]


def faults_of(dockerfile: Dockerfile) -> list[str]:
    """Every breach: spans that overlap, leave their instruction or are out of order, characters that belong nowhere."""
    return [*_order(dockerfile), *_rest(dockerfile), *(fault for each in _all(dockerfile) for fault in _within(each))]


def _all(dockerfile: Dockerfile) -> Iterator[Instruction]:
    for each in dockerfile.instructions:
        inner: Instruction | None = each
        while inner is not None:
            yield inner
            inner = inner.inner


def _order(dockerfile: Dockerfile) -> Iterator[str]:
    length = len(dockerfile.text)
    directives = [each.span for each in dockerfile.directives]
    for spans in ([each.span for each in dockerfile.instructions], directives, dockerfile.comments):
        if not _ascend(spans, Span(0, length)):
            yield f"out of order: {spans}"
    for comment in dockerfile.comments:
        if dockerfile.text[comment.start] != "#" or "\n" in dockerfile.text[comment.start : comment.end]:
            yield f"no comment at {comment}"
    outside = sorted([*directives, *(each.span for each in dockerfile.instructions)])
    outside += [each for each in dockerfile.comments if not any(_holds(other, each) for other in outside)]
    if not _ascend(sorted(outside), Span(0, length)):
        yield "a comment or a directive overlaps an instruction"
    for before, after in zip(dockerfile.instructions, dockerfile.instructions[1:], strict=False):
        if not before.line <= before.end_line < after.line:
            yield f"lines out of order: {before.line}-{before.end_line}, {after.line}"


def _rest(dockerfile: Dockerfile) -> Iterator[str]:
    spans = sorted(
        [
            *dockerfile.comments,
            *(each.span for each in dockerfile.directives),
            *(each.span for each in dockerfile.instructions),
        ]
    )
    place = int(dockerfile.text.startswith("\ufeff"))
    for span in [*spans, Span(len(dockerfile.text), len(dockerfile.text))]:
        rest = dockerfile.text[place : span.start]
        if rest.strip(SPACES):
            yield f"{rest!r} belongs nowhere"
        place = max(place, span.end)


def _within(instruction: Instruction) -> Iterator[str]:
    argument = instruction.argument.span(0, len(instruction.argument.text))
    parts = [instruction.keyword_span, *(each.span for each in instruction.flags), argument]
    if not _ascend(parts, instruction.span):
        yield f"{instruction.keyword}: {parts} not within {instruction.span}"
    if not _ascend([each.span for each in instruction.words], argument):
        yield f"{instruction.keyword}: words not within {argument}"
    if not _ascend([each.span for each in instruction.heredocs], Span(argument.end, instruction.span.end)):
        yield f"{instruction.keyword}: heredocs not after {argument}"
    if instruction.inner and not _holds(argument, instruction.inner.keyword_span):
        yield "ONBUILD: its instruction is not its argument"


def _ascend(spans: Iterable[Span], within: Span) -> bool:
    place = within.start
    for span in spans:
        if span.start < place or span.end < span.start:
            return False
        place = span.end
    return place <= within.end


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end
