"""The text of a Dockerfile to values, as BuildKit's parser reads it; one pass, in linear time.

https://github.com/moby/buildkit/tree/v0.17.0/frontend/dockerfile/parser (``parser.go``, ``directives.go``) decides
which lines belong together, what is a comment and what a here-document; `instruction` reads one such line. The parser
knows no keywords but for the form of their arguments: what the builder refuses later is `refusals`' to say.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from lightship.dockerfile.heredocs import Announced, announced_in
from lightship.dockerfile.instruction import LineError, read_instruction
from lightship.dockerfile.model import Dockerfile, Heredoc, Instruction, Logical, ParserDirective, Span
from lightship.dockerfile.words import SPACES
from lightship.errors import InputError

__all__ = ["LONGEST_LINE_BYTES", "MOST_BYTES", "MOST_INSTRUCTIONS", "parse"]

LONGEST_LINE_BYTES = 65_535
"""A longer line is an error in BuildKit too (bufio.MaxScanTokenSize - 1)."""

MOST_BYTES = 1_048_576
MOST_INSTRUCTIONS = 2_000

_REGEXP_SPACES = "\t\n\f\r "
_DIRECTIVE = re.compile(rf"#[{SPACES}]*([a-zA-Z][a-zA-Z0-9]*)[{_REGEXP_SPACES}]*=[{_REGEXP_SPACES}]*(.*)")
_DIRECTIVES = ("syntax", "escape", "check")
_HEREDOC_KEYWORDS = ("ADD", "COPY", "RUN")
_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)


def parse(text: str | bytes, *, name: str = "Dockerfile") -> Dockerfile:
    """The file as values. `InputError`, and nothing else, says with ``name`` and line what BuildKit's parser would not
    read either, or that the file is larger than any Dockerfile."""
    if isinstance(text, bytes):
        text = text.decode("utf-8", "surrogateescape")
    if len(text) > MOST_BYTES:
        raise InputError(
            f"{name}: a Dockerfile of more than {MOST_BYTES} bytes", hint="is this a Dockerfile? Name another file"
        )
    return _Reader(text, name).read()


@dataclass(frozen=True, slots=True)
class _Line:
    """One physical line: ``text`` without its end, at ``start``; ``whole`` ends after the line end."""

    number: int
    text: str
    start: int
    whole: int


class _Reader:
    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._name = name
        self._escape = "\\"
        self._directives: list[ParserDirective] = []
        self._comments: list[Span] = []
        self._instructions: list[Instruction] = []
        self._may_direct = True
        self._has_shebang = False
        self._number = 0
        self._lines = self._physical()

    def read(self) -> Dockerfile:
        for line in self._lines:
            stripped = line.text.lstrip(SPACES)
            place = line.start + len(line.text) - len(stripped)
            if stripped.startswith("#"):
                self._comment(stripped, place, line.number)
            elif stripped:
                self._may_direct = False
                self._logical(line, stripped, place)
            else:
                self._may_direct = False
        if not self._instructions:
            raise InputError(f"{self._name}: no instruction in it", hint="a Dockerfile begins with FROM")
        return Dockerfile(
            text=self._text,
            directives=tuple(self._directives),
            instructions=tuple(self._instructions),
            escape=self._escape,
            comments=tuple(self._comments),
        )

    def _fault(self, line: int, what: str, hint: str | None = None) -> InputError:
        return InputError(f"{self._name}:{line}: {what}", hint=hint)

    def _physical(self) -> Iterator[_Line]:
        text, start = self._text, int(self._text.startswith("\ufeff"))
        while start < len(text):
            end = text.find("\n", start)
            whole = len(text) if end < 0 else end + 1
            self._number += 1
            line = text[start : whole - 1 if end >= 0 else whole]
            if len(line) * 4 > LONGEST_LINE_BYTES and len(line.encode("utf-8", "replace")) > LONGEST_LINE_BYTES:
                raise self._fault(self._number, f"a line of more than {LONGEST_LINE_BYTES} bytes", "break it")
            yield _Line(self._number, line.rstrip("\r"), start, whole)
            start = whole

    def _comment(self, text: str, place: int, line: int) -> None:
        """A comment, or a directive as long as nothing else came; after a shebang ``escape`` is not looked for."""
        span = Span(place, place + len(text))
        found = _DIRECTIVE.fullmatch(text.rstrip(_REGEXP_SPACES)) if self._may_direct else None
        name = found.group(1).lower() if found else ""
        value = (found.group(2) or text[len(found.group()) :][-1:]) if found else ""
        if not value or name not in _DIRECTIVES:
            self._comments.append(span)
            self._has_shebang = line == 1 and text.startswith("#!")
            self._may_direct = self._may_direct and self._has_shebang
            return
        if any(each.name == name for each in self._directives) and not self._has_shebang:
            raise self._fault(line, f"a second directive {name}", "leave one of them")
        if name == "escape" and not self._has_shebang:
            if value not in ("\\", "`"):
                raise self._fault(line, f"the escape character must be \\ or `, not {value[:20]!r}")
            self._escape = value
        self._directives.append(ParserDirective(name=name, value=value, span=span))

    def _continues(self, text: str) -> str | None:
        """The line without the mark at its end that continues it; None where there is none."""
        bare = text.rstrip(" \t")
        if not bare.endswith(self._escape) or bare[-2:-1] == self._escape:
            return None
        return bare[:-1]

    def _logical(self, line: _Line, text: str, place: int) -> None:
        """One instruction: the lines that its first continues to, and the bodies of its heredocs."""
        parts: list[str] = []
        pieces: list[tuple[int, int]] = []
        size, end, start = 0, place + len(text), place
        while True:
            before = self._continues(text)
            kept = text if before is None else before
            if kept:
                parts.append(kept)
                pieces.append((size, place))
                size += len(kept)
            if before is not None:
                following = self._following()
                if following is not None:
                    text, place = following.text, following.start
                    end = place + len(text)
                    continue
                end = self._end_of_last(end)
            break
        logical = Logical(text="".join(parts), pieces=tuple(pieces) or ((0, start),))
        self._add(logical, line.number, Span(start, end))

    def _following(self) -> _Line | None:
        """The next line that is neither comment nor empty."""
        for line in self._lines:
            stripped = line.text.lstrip(SPACES)
            if stripped.startswith("#"):
                start = line.start + len(line.text) - len(stripped)
                self._comments.append(Span(start, start + len(stripped)))
            elif stripped:
                return line
        return None

    def _end_of_last(self, end: int) -> int:
        """The end of an instruction that the file's end ended: comments may follow its last words."""
        return max(end, self._comments[-1].end) if self._comments else end

    def _add(self, logical: Logical, line: int, span: Span) -> None:
        if len(self._instructions) == MOST_INSTRUCTIONS:
            raise self._fault(line, f"more than {MOST_INSTRUCTIONS} instructions")
        try:
            instruction = read_instruction(logical, self._escape, span=span, line=line, end_line=self._number)
        except LineError as error:
            raise self._fault(line, str(error), error.hint) from None
        holder = instruction.inner if instruction.keyword == "ONBUILD" and instruction.inner else instruction
        if holder.keyword in _HEREDOC_KEYWORDS and holder.exec_form is None and "<<" in logical.text:
            instruction = self._with_heredocs(instruction, logical.text)
        self._instructions.append(instruction)

    def _with_heredocs(self, instruction: Instruction, text: str) -> Instruction:
        found = []
        end = instruction.span.end
        try:
            announced = announced_in(text)
        except InputError as error:
            raise self._fault(instruction.line, str(error), error.hint) from None
        for each in announced:
            body, end = self._body(each, instruction.line)
            found.append(body)
        span = Span(instruction.span.start, end)
        changed = replace(instruction, heredocs=tuple(found), span=span, end_line=self._number)
        if changed.inner is None:
            return changed
        inner = replace(
            changed.inner,
            heredocs=changed.heredocs,
            span=Span(changed.inner.span.start, end),
            end_line=changed.end_line,
        )
        return replace(changed, inner=inner)

    def _body(self, announced: Announced, line: int) -> tuple[Heredoc, int]:
        """The heredoc with its body, and where the line ends that ends it."""
        start = None
        for each in self._lines:
            start = each.start if start is None else start
            # Only line ends go; what looks like a comment or a continuation is body.
            if (each.text.lstrip("\t") if announced.chomp else each.text) == announced.name:
                body = self._text[start : each.start]
                heredoc = Heredoc(
                    name=announced.name,
                    content=_LEADING_TABS.sub("", body) if announced.chomp else body,
                    expand=announced.expand,
                    span=Span(start, each.start),
                    file_descriptor=announced.file_descriptor,
                )
                return heredoc, each.start + len(each.text)
        raise self._fault(line, f"no line ends the here-document {announced.name[:60]!r}", "end it with its name alone")
