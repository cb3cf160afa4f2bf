import pytest

from lightship.assets.retarget.prefix import PLACEHOLDER, SAME_ORIGIN, Prefix
from lightship.errors import UsageError


def test_a_prefix_has_no_slash_at_its_end() -> None:
    prefix = Prefix.parse("https://cdn.example:8443/app/v1/")
    assert prefix.text == "https://cdn.example:8443/app/v1"
    assert (prefix.scheme, prefix.host, prefix.port, prefix.path) == ("https", "cdn.example", "8443", "/app/v1")
    assert prefix.origin == "https://cdn.example:8443"


@pytest.mark.parametrize("text", ["", " ", "/"])
def test_blank_is_the_pages_own_origin(text: str) -> None:
    assert Prefix.parse(text) == SAME_ORIGIN
    assert SAME_ORIGIN.text == ""


@pytest.mark.parametrize(
    "text",
    ["cdn.example", "ftp://cdn.example", "//cdn.example", "https://", "https://a b", "https://u:p@cdn.example",
     "https://cdn.example/a?b", "https://cdn.example/a#b", "https://cdn.example/../a", "https://cdn.example/%2e",
     "https://cdn.example:65536", "https://cdn.example:0",
     "https://cdn.example:port", "https://-a.example", "https://a..example", 'https://a.example/"><script>'],
)  # fmt: skip
def test_what_is_no_prefix_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="want https://HOST"):
        Prefix.parse(text)


@pytest.mark.parametrize(
    ("text", "meant"),
    [("cdn.example", "https://cdn.example?"), (" cdn.example:8443/a/", "https://cdn.example:8443/a/?"), ("a b", None)],
)
def test_a_prefix_without_its_scheme_is_told(text: str, meant: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        Prefix.parse(text)
    assert caught.value.hint == (meant or "letters, digits and . _ ~ - in its path; nothing after it")


def test_the_placeholder_is_a_name_that_nobody_can_have() -> None:
    assert Prefix.parse(PLACEHOLDER).is_reserved
    assert not Prefix.parse("https://cdn.example").is_reserved
