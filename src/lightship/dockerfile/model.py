"""A Dockerfile as values: its instructions in order, each with the place of every word in the text.

Nothing is thrown away: ``Dockerfile.text`` is the file, and every `Span` counts its characters, so that a rewrite
replaces spans and leaves the rest to the byte. The language is BuildKit's:
https://docs.docker.com/reference/dockerfile/ (read November 2026) and
https://github.com/moby/buildkit/tree/v0.17.0/frontend/dockerfile/parser. What a RUN line does is `shell`'s to say.
"""

from bisect import bisect_right
from dataclasses import dataclass, field

__all__ = ["Dockerfile", "Flag", "Heredoc", "Instruction", "Logical", "ParserDirective", "Span", "Word"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters ``start`` to ``end`` of the file's text, half-open."""

    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Logical:
    """Text as the builder reads it: continuation marks, line ends and comments between them are taken out.

    ``pieces`` says where it stands in the file: pairs (offset in ``text``, offset in the file), ascending; each piece
    runs to the next.
    """

    text: str
    pieces: tuple[tuple[int, int], ...]

    def span(self, start: int, end: int) -> Span:
        """The span in the file of ``text[start:end]``, with what was taken out between its ends."""
        return Span(self._place(start), self._place(end - 1) + 1 if end > start else self._place(start))

    def part(self, start: int, end: int) -> "Logical":
        """``text[start:end]`` as such a text of its own."""
        first = max(0, bisect_right(self.pieces, (start, 1 << 62)) - 1)
        last = bisect_right(self.pieces, (end, -1))
        rest = [(offset - start, place) for offset, place in self.pieces[first + 1 : last]]
        return Logical(text=self.text[start:end], pieces=((0, self._place(start)), *rest))

    def _place(self, offset: int) -> int:
        start, place = self.pieces[max(0, bisect_right(self.pieces, (offset, 1 << 62)) - 1)]
        return place + offset - start


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of an instruction as written, quotes and ``$`` and all, and its place."""

    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """``--name`` or ``--name=value`` before an instruction's words; ``value`` is None where there is no ``=``."""

    name: str
    value: str | None
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A here-document. ``content`` is its lines (without leading tabs where ``<<-`` asked for that), ``expand`` whether
    variables count in it; ``span`` is the body in the file as written, without the line that ends it."""

    name: str
    content: str
    expand: bool
    span: Span
    file_descriptor: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction. ``keyword`` is in capitals, whether the builder knows it or not; ``span`` runs from it to the
    end of its last line (that of the last heredoc's end word), without the line end; ``line`` and ``end_line`` count
    from 1.

    ``argument`` is all after keyword and flags, without bodies of heredocs. ``words`` are what BuildKit's parser gives
    for this keyword: for ARG and for ENV and LABEL with ``=`` the pairs as written, for ``ENV name value`` these two;
    for the shell form of RUN, CMD, ENTRYPOINT and of a health check's command (after ``CMD``) one word, the whole line;
    for a JSON array its strings, which ``exec_form`` holds too; none for a keyword that the builder does not know.
    ``is_old_form`` is that of ENV and LABEL without ``=``. ``inner`` is ONBUILD's instruction; the heredocs of the line
    are with both.
    """

    keyword: str
    span: Span
    line: int
    end_line: int
    flags: tuple[Flag, ...] = ()
    argument: Logical
    words: tuple[Word, ...] = ()
    exec_form: tuple[str, ...] | None = None
    heredocs: tuple[Heredoc, ...] = ()
    is_old_form: bool = False
    inner: "Instruction | None" = None
    keyword_span: Span = Span(0, 0)

    def flag(self, name: str) -> str | None:
        """The last value of ``--name``: empty where it has none, None where the flag is not given."""
        return next((each.value or "" for each in reversed(self.flags) if each.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParserDirective:
    """``# name=value`` before anything else: ``syntax``, ``escape``, ``check``. ``span`` runs from ``#`` to the end."""

    name: str
    value: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """The whole file. ``text`` was decoded as UTF-8 with surrogate escapes: encoded likewise it is the file again."""

    text: str
    directives: tuple[ParserDirective, ...] = ()
    instructions: tuple[Instruction, ...] = ()
    escape: str = "\\"
    comments: tuple[Span, ...] = field(default=(), repr=False)
    """Each from its ``#`` to the end of its line, in order; those inside an instruction too."""

    def directive(self, name: str) -> str | None:
        """The value of a parser directive."""
        return next((each.value for each in self.directives if each.name == name), None)
