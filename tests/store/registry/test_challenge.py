"""What registries write into WWW-Authenticate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.store.registry.challenge import Challenge, parse_challenges

BEARER = Challenge("bearer", {"realm": "https://auth.example/token", "service": "registry", "scope": "a:b:pull,push"})


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        (['Bearer realm="https://auth.example/token",service="registry",scope="a:b:pull,push"'], [BEARER]),
        (['bearer  realm = "https://auth.example/token" , service=registry, scope="a:b:pull,push"'], [BEARER]),
        (['Basic realm="x y"'], [Challenge("basic", {"realm": "x y"})]),
        (["Basic"], [Challenge("basic", {})]),
        (["Negotiate, Basic realm=x"], [Challenge("negotiate", {}), Challenge("basic", {"realm": "x"})]),
        (
            ['Basic realm="a\\"b, c", Bearer realm=r'],
            [Challenge("basic", {"realm": 'a"b, c'}), Challenge("bearer", {"realm": "r"})],
        ),
        (
            ["Basic realm=1", "Bearer realm=2"],
            [Challenge("basic", {"realm": "1"}), Challenge("bearer", {"realm": "2"})],
        ),
        (["Bearer realm=1,realm=2"], [Challenge("bearer", {"realm": "1"})]),
        ([""], []),
        (['"'], []),
        ([], []),
    ],
)
def test_values(values: list[str], wanted: list[Challenge]) -> None:
    assert list(parse_challenges(values)) == wanted


@given(st.lists(st.text(alphabet='abc="\\, \t', max_size=300), max_size=3))
def test_any_text_ends(values: list[str]) -> None:
    parse_challenges(values)
