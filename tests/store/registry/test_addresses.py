"""Addresses of registries, shown and compared."""

import pytest

from lightship.errors import NetworkError
from lightship.store.registry.addresses import display_url, has_port, host_of, is_loopback, joined, origin, whole_number


def test_docker_hub_listens_elsewhere() -> None:
    assert host_of("docker.io") == "registry-1.docker.io"
    assert host_of("registry.example:5000") == "registry.example:5000"


@pytest.mark.parametrize(
    ("netloc", "near"),
    [
        ("localhost", True),
        ("LOCALHOST:5000", True),
        ("x.localhost:5000", True),
        ("127.0.0.1", True),
        ("127.1.2.3:80", True),
        ("[::1]:5000", True),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("10.0.0.1", False),
        ("registry.example", False),
    ],
)
def test_loopback(netloc: str, near: bool) -> None:
    assert is_loopback(netloc) == near


def test_ports() -> None:
    assert has_port("a:5000")
    assert has_port("[::1]:1")
    assert not has_port("a")
    assert origin("https://A.example/x") == origin("https://a.example:443/y") == ("https", "a.example", 443)
    assert origin("http://a.example") != origin("https://a.example")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://user:s3cret@a.example:5000/v2/?sig=s3cret#s3cret", "https://a.example:5000/v2/"),
        ("https://a.example/x", "https://a.example/x"),
        ("http://[", "an address that is none"),
        ("http://a:b/", "an address that is none"),
    ],
)
def test_what_is_shown(url: str, shown: str) -> None:
    assert display_url(url) == shown


def test_joining() -> None:
    assert joined("https://a/v2/x", "/v2/y?b=c%2F", registry="a") == "https://a/v2/y?b=c%2F"
    with pytest.raises(NetworkError, match=r"a leads from https://a/x to what is not http or https"):
        joined("https://a/x", "ftp://b/", registry="a")


@pytest.mark.parametrize(
    ("text", "number"), [("0", 0), ("17", 17), ("", None), (None, None), ("-1", None), ("9" * 19, None), ("²", None)]
)
def test_numbers(text: str | None, number: int | None) -> None:
    assert whole_number(text) == number
