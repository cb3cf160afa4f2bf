"""JSON from outside."""

import json

import pytest

from lightship.errors import ImageError
from lightship.oci.digest import Digest
from lightship.oci.document import canonical, canonical_array, parse_array, parse_object


def test_getters_give_what_is_there() -> None:
    digest = Digest.of(b"x")
    node = parse_object(
        canonical({"a": {"b": [1, "x"]}, "digest": str(digest), "none": None, "yes": True, "map": {"k": "v"}}), "doc"
    )
    items = list(node.require("a").require("b").items())
    assert items[0].integer() == 1
    assert items[1].text() == "x"
    assert node.require("digest").digest() == digest
    assert node.get("none") is None
    assert node.get("absent") is None
    assert node.require("yes").flag() is True
    assert node.optional_text_map("map") == {"k": "v"}
    assert node.optional_text("absent") == ""
    assert node.optional_texts("absent") == ()


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (
            {"manifests": [{}, {}, {"digest": "sha256:abc"}]},
            r'doc\.manifests\[2\]\.digest: want sha256:.*, got "sha256:abc"',
        ),
        ({"manifests": [{}, {}, {"digest": 7}]}, r"doc\.manifests\[2\]\.digest: want a string, got 7"),
        ({"manifests": [{}, {}, {}]}, r"doc\.manifests\[2\]\.digest: want a value, got nothing"),
        ({"manifests": {}}, r"doc\.manifests: want an array, got an object"),
        ({"manifests": [[], [], []]}, r"doc\.manifests\[2\]: want an object, got an array"),
    ],
)
def test_a_fault_says_where_it_is(document: dict[str, object], said: str) -> None:
    node = parse_object(canonical(document), "doc")
    with pytest.raises(ImageError, match=said):
        list(node.require("manifests").items())[2].require("digest").digest()


@pytest.mark.parametrize("value", [True, -1, 1.5, "1", 2**63, None])
def test_a_size_is_a_whole_number(value: object) -> None:
    node = parse_object(json.dumps({"size": value}).encode(), "doc")
    with pytest.raises(ImageError, match=r"doc\.size: want"):
        node.require("size").integer()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "want JSON"),
        (b"{", "want JSON"),
        (b"[]", "want an object, got an array"),
        (b"null", "want an object, got null"),
        (b"\xff\xfe{}", "want JSON"),
        (b'{"a":1,"a":2}', "'a' twice"),
        (b'{"x":{"a":1,"b":1,"a":2}}', "'a' twice"),
        (b'{"a":NaN}', "NaN"),
        (b'{"a":Infinity}', "Infinity"),
        (b'{"a":"\\ud800"}', "want JSON"),
        (b'{"a":' + b"9" * 5000 + b"}", "want JSON"),
        (b"[" * 100_000, "nested too deep|want JSON"),
        (b'{"a":' * 100_000, "nested too deep|want JSON"),
    ],
)
def test_what_is_no_clean_object_is_refused(raw: bytes, said: str) -> None:
    with pytest.raises(ImageError, match=said) as caught:
        parse_object(raw, "doc")
    assert len(str(caught.value)) < 300


def test_an_array_is_told_from_an_object() -> None:
    assert [item.integer() for item in parse_array(b"[1,2]", "doc").items()] == [1, 2]
    with pytest.raises(ImageError, match="doc: want an array, got an object"):
        parse_array(b"{}", "doc")


def test_canonical_bytes() -> None:
    assert canonical({"b": 1, "a": ["\u00e9", None]}) == '{"a":["\u00e9",null],"b":1}'.encode()
    assert canonical_array([{"b": 1, "a": 2}, {}]) == b'[{"a":2,"b":1},{}]'
