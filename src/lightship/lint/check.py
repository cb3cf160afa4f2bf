"""A Dockerfile asked by every rule: remarks become findings with their place, stage and edits."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Span
from lightship.findings import SAFETY_ORDER, Finding, Place, Safety
from lightship.lint.ignores import Ignore, ignores_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.rules import bad_ignore
from lightship.lint.subject import Subject

__all__ = ["Found", "Ignored", "Linted", "check", "edits_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding, the stage that it is about ("" before the first), whether that stage's layers ship, the edits that
    mend it, and whence its bytes and seconds are known."""

    finding: Finding
    stage: str = ""
    ships: bool = False
    edits: tuple[Edit, ...] = ()
    how: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ignored:
    """A finding that a comment takes back, and the comment's reason."""

    found: Found
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Linted:
    """What the rules say of one file, in the file's order."""

    subject: Subject
    found: tuple[Found, ...]
    ignored: tuple[Ignored, ...] = ()


def check(subject: Subject, rules: Sequence[Rule], *, known: frozenset[str]) -> Linted:
    """Ask ``rules``. ``known`` are all codes there are: a comment that takes back another is remarked upon."""
    lines = _LineStarts(subject.dockerfile.text)
    ignores = ignores_of(subject.dockerfile)
    found: list[Found] = []
    ignored: list[Ignored] = []
    used: set[Ignore] = set()
    for rule in rules:
        for remark in rule.find(subject):
            each = _found(subject, rule, remark, lines)
            taken_back = [ignore for ignore in ignores if ignore.covers(rule.code, remark.span)]
            used.update(taken_back)
            if taken_back:
                ignored.append(Ignored(found=each, reason=taken_back[0].reason))
            else:
                found.append(each)
    if any(rule.code == bad_ignore.RULE.code for rule in rules):
        asked = frozenset(rule.code for rule in rules)
        remarks = bad_ignore.remarks(subject, ignores, used=used, asked=asked, known=known)
        found += [_found(subject, bad_ignore.RULE, remark, lines) for remark in remarks]
    order = {rule.code: number for number, rule in enumerate(rules)}
    found.sort(key=lambda each: (_line(each), order[each.finding.code]))
    return Linted(subject=subject, found=tuple(found), ignored=tuple(ignored))


def edits_of(linted: Linted, *, up_to: Safety = "safe") -> tuple[tuple[Edit, ...], tuple[Found, ...]]:
    """The edits that mend the file, none going past ``up_to``, and the findings that they mend. Of findings whose edits
    touch each other the first is mended: the next round, on the text that comes of it, takes the other."""
    allowed = SAFETY_ORDER[: SAFETY_ORDER.index(up_to) + 1]
    edits: list[Edit] = []
    mended: list[Found] = []
    for each in linted.found:
        if each.edits and (each.finding.safety or "lossless") in allowed and not _touch(each.edits, edits):
            edits += each.edits
            mended.append(each)
    return tuple(sorted(set(edits))), tuple(mended)


def _touch(edits: Iterable[Edit], others: Sequence[Edit]) -> bool:
    return any(
        edit.span.start <= other.span.end and other.span.start <= edit.span.end
        for edit in edits
        for other in others
        if edit != other
    )


def _line(found: Found) -> tuple[int, int]:
    place = found.finding.place
    return (place.line, place.column) if place is not None else (0, 0)


@dataclass(slots=True)
class _LineStarts:
    starts: list[int]

    def __init__(self, text: str) -> None:
        self.starts = [0, *(number + 1 for number, character in enumerate(text) if character == "\n")]

    def place(self, name: str, span: Span) -> Place:
        line = bisect_right(self.starts, span.start)
        end_line = bisect_right(self.starts, max(span.start, span.end - 1))
        return Place(file=name, line=line, end_line=end_line, column=span.start - self.starts[line - 1] + 1)


def _found(subject: Subject, rule: Rule, remark: Remark, lines: _LineStarts) -> Found:
    place = lines.place(subject.name, remark.span)
    stage = next((each for each in reversed(subject.stages.stages) if each.start.span.start <= remark.span.start), None)
    finding = Finding(
        code=rule.code,
        severity=remark.severity or rule.severity,
        title=rule.title,
        message=remark.message,
        location=f"{subject.name}:{place.line}",
        unpacked_bytes=remark.unpacked_bytes,
        compressed_bytes=remark.compressed_bytes,
        seconds=remark.seconds,
        safety=remark.safety or rule.safety,
        fix=remark.fix,
        place=place,
    )
    return Found(
        finding=finding,
        stage=subject.stages.label(stage) if stage is not None else "",
        ships=stage is not None and subject.stages.ships(stage),
        edits=remark.edits,
        how=remark.how,
    )
