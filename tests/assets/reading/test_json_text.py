import json

from hypothesis import given
from hypothesis import strategies as st

from lightship.assets.reading.json_text import json_strings

_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        return [(path, value)]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in _leaves(inner, (*path, index))]
    if isinstance(value, dict):
        return [leaf for name, inner in value.items() for leaf in _leaves(inner, (*path, name))]
    return []


@given(_VALUES, st.booleans())
def test_every_string_has_its_path_and_its_place(value: object, ascii_only: bool) -> None:
    """RFC 8259, 4 and 5: members are named, elements are counted."""
    content = json.dumps(value, ensure_ascii=ascii_only).encode()
    strings = [string for string in json_strings(content) if not string.is_key]
    assert [(string.path, string.text) for string in strings] == _leaves(value)
    for string in strings:
        assert json.loads(content[string.begin - 1 : string.end + 1]) == string.text


def test_what_is_no_json_ends_quietly() -> None:
    assert [string.text for string in json_strings(b'{"a":["b", }] "c" : ]]]"d"')] == ["a", "b", "c"]
    assert list(json_strings(b"[" * 100_000)) == []
