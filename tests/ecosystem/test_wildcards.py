"""Many wildcards mean what few mean, and cost what they are long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.ecosystem.dockerignore import Ignore
from lightship.ecosystem.wildcards import Token, _Simulation, compile_tokens, expression
from lightship.plan.drop.globs import matches_any

_TOKENS = st.sampled_from(
    [Token("one", "a"), Token("one", "b"), Token("one", "/"), Token("one", "[^/]"), Token("one", "[^a]"),
     Token("part"), Token("any"), Token("folders")]
)  # fmt: skip


@given(st.lists(_TOKENS, max_size=8), st.text("ab/\n", max_size=10))
def test_the_same_as_the_regular_expression(tokens: list[Token], text: str) -> None:
    wanted = re.fullmatch(expression(tokens), text, re.DOTALL) is not None
    assert _Simulation(tokens).fullmatch(text) == wanted
    assert bool(compile_tokens(tokens).fullmatch(text)) == wanted


@pytest.mark.parametrize("pattern", ["*a" * 30 + "b", "**/a" * 10 + "b", "*[!b]" * 20 + "b", "a*?" * 20 + "b"])
def test_what_a_regular_expression_would_never_end(pattern: str) -> None:
    path = "a/" * 50 + "a" * 200
    assert not matches_any(path, [pattern])
    assert not Ignore.parse(pattern.replace("!", "^")).matches(path)


def test_many_wildcards_still_match() -> None:
    assert matches_any("a" * 30 + "b", ["*a" * 30 + "b"])
    assert matches_any("x/yb/below/it", ["*/*y*b*"])
    assert Ignore.parse("*a" * 30 + "b").matches("a" * 30 + "b")
    assert Ignore.parse("**/*/*/*.py").matches("x/y/z/a.py")
    assert not Ignore.parse("**/*/*/*.py").matches("x/a.py")
