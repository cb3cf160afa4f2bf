"""Mutated Dockerfiles: real syntax with a few places spoilt, the same for the same seed."""

import random
from collections.abc import Iterator, Sequence

__all__ = ["mutated"]

_TOKENS = (
    *("\\", "\\\n", "`\n", "\\ \t\n", "\n", "\r\n", "\r", "\n#", "# ", "#\n", "\t", " ", "  "),
    *("\v", "\f", "\xa0", "\u3000", "\ufeff", "\0", "\x7f", "\x85", "é", "\U0001f600", "\u2028", "\x1c", "\udcff"),
    *("<<EOF", "<<-EOF", "<<'EOF'", '<<"E F"', "3<<X", "<< EOF", "<<", "<<<", "\nEOF\n", "\n\tEOF\n", "<<EOF <<X"),
    *('"', "'", '["a", "b"]', '["a",', "[]", "[1]", '["\\u00e9"]', '["\\ud800"]', "[", "]", "{", '[["a"]]', "[1e999]"),
    *("$", "${", "${a", "${a}", "${a:-b}", "${a:+b}", "${a#b}", "${a%%b*}", "${a/b/c}", "${a//b", "$$", "${#a}", "}"),
    *("--", "--a", "--a=b", "--from=0", '--mount="a b"', "--mount=type=cache,target=/x", "--a='b", "--link", "${a^^}"),
    *("FROM a\n", "FROM a AS b\n", "ONBUILD ", "ONBUILD RUN x <<E\nE\n", "RUN ", "COPY ", "ENV a b\n", "ENV a=b c\n"),
    *("ARG a=b c\n", "HEALTHCHECK NONE\n", "HEALTHCHECK CMD x\n", "LABEL a\n", "SHELL x\n", "nonsense\n", "run x\n"),
    *("# syntax=a\n", "# escape=`\n", "# escape=\\\n", "# check=skip=all\n", "#escape = x\n", "#!/bin/sh\n"),
    *("# escape= \n", "\u017fHELL a\n", "[null]", "EOF", "\udc85", "\udca0"),
)


def mutated(texts: Sequence[str], count: int, seed: int) -> Iterator[str]:
    """``count`` texts, each made of one of ``texts`` (decoded with surrogate escapes) with one to eight changes."""
    generator = random.Random(seed)  # noqa: S311 a seed makes the run repeatable
    for _ in range(count):
        text = generator.choice(texts)
        for _ in range(generator.choice((1, 1, 1, 2, 2, 3, 5, 8))):
            text = _changed(text, texts, generator)
        yield text


def _changed(text: str, texts: Sequence[str], generator: random.Random) -> str:
    place = generator.randint(0, len(text))
    end = min(len(text), place + generator.choice((0, 1, 1, 2, 5, 20, 200)))
    kind = generator.randrange(7)
    if kind <= 2:
        return text[:place] + generator.choice(_TOKENS) + text[place:]
    if kind == 3:
        return text[:place] + text[end:]
    if kind == 4:
        return text[:place] + generator.choice(_TOKENS) + text[end:]
    if kind == 5:
        return text[:place] + text[place:end] * generator.choice((2, 3)) + text[end:]
    other = generator.choice(texts)
    start = generator.randint(0, len(other))
    return text[:place] + other[start : start + generator.choice((1, 10, 100, 1000))] + text[end:]
