"""Dockerfiles as BuildKit's own parser reads them (the package `dockerfile` 3.4.0, BuildKit v0.12.5) and as ours does,
both in one shape."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightship.dockerfile.instruction import KEYWORDS
from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.parse import parse
from lightship.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Line", "by_buildkit", "by_us", "is_newer"]

_NEWER = re.compile(
    r"<<-?(?:\s|\S*[^!-~]|\S*[$\\])|\$\{.*?[/#%]|\][^\n]*[^\t\r\n ]|#[ \t]*[^\n\t -~]|[^\0-\x7f]\s*#", re.DOTALL
)


@dataclass(frozen=True)
class Line:
    """One instruction, and its first and last line. Of an ONBUILD the values are its inner instruction's."""

    keyword: str
    inner: str
    is_json: bool
    lines: tuple[int, int]
    flags: tuple[str, ...]
    values: tuple[str, ...]
    heredocs: tuple[tuple[str, int, str], ...]


def by_buildkit(text: str) -> "Sequence[Line] | None":
    """The instructions; None where it is refused. ``text`` has neither NUL nor lone surrogates: C takes neither."""
    import dockerfile

    try:
        commands = dockerfile.parse_string(text)
    except dockerfile.GoParseError:
        return None
    return [
        Line(
            keyword=_known(each.cmd or ""),
            inner=_known(each.sub_cmd or ""),
            is_json=each.json,
            lines=(each.start_line, each.end_line),
            # It reads flags byte by byte, and gives every byte as a letter.
            flags=tuple(flag.encode("latin-1").decode("utf-8", "surrogateescape") for flag in each.flags),
            values=each.value,
            heredocs=tuple((here.name, here.file_descriptor, here.content) for here in each.heredocs),
        )
        for each in commands
    ]


def by_us(text: str) -> "Sequence[Line] | None":
    """The same of `parse`."""
    try:
        dockerfile = parse(text)
    except InputError:
        return None
    return [_line(dockerfile, each) for each in dockerfile.instructions]


def is_newer(text: str) -> bool:
    """Whether the text has what v0.12.5 reads otherwise than v0.17: ``<<`` before anything but a plain name, a pattern
    in a substitution, something after a JSON array, odd blanks around a directive's ``#``."""
    return bool(_NEWER.search(text))


def _known(keyword: str) -> str:
    is_known = keyword.lower() in {each.lower() for each in KEYWORDS}
    return keyword.lower().upper() if is_known else f"unknown {keyword.upper()}"


def _line(dockerfile: Dockerfile, instruction: Instruction) -> Line:
    inner = instruction.inner
    holder = inner or instruction
    return Line(
        keyword=_known(instruction.keyword),
        inner=_known(inner.keyword if inner else ""),
        is_json=holder.exec_form is not None,
        lines=(instruction.line, instruction.end_line),
        flags=tuple(f"--{flag.name}" + ("" if flag.value is None else f"={flag.value}") for flag in instruction.flags),
        values=_values(holder),
        # The package leaves out the heredocs of an ONBUILD.
        heredocs=()
        if inner
        else tuple(
            (each.name, each.file_descriptor, dockerfile.text[each.span.start : each.span.end])
            for each in instruction.heredocs
        ),
    )


def _values(instruction: Instruction) -> tuple[str, ...]:
    if instruction.keyword not in KEYWORDS:
        return ("",)
    if instruction.keyword == "ONBUILD" and instruction.inner:
        return ("",)
    texts = tuple(word.text for word in instruction.words)
    if instruction.keyword in ("ENV", "LABEL") and not instruction.is_old_form:
        return tuple(part for text in texts for part in text.split("=", 1))
    return texts
