"""Which proxy a request goes through."""

import pytest

from lightship.store.registry.proxies import proxy_for

PROXY = "http://proxy.example:3128"


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, None),
        ({"HTTPS_PROXY": PROXY}, PROXY),
        ({"https_proxy": PROXY}, PROXY),
        ({"ALL_PROXY": PROXY}, PROXY),
        ({"HTTP_PROXY": PROXY}, None),
        ({"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ({"HTTPS_PROXY": ""}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "registry.example"}, None),
        ({"HTTPS_PROXY": PROXY, "no_proxy": "other, example"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".example"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*.example"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": ".registry.example"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "registry.example:5000"}, None),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "registry.example:443"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "ample"}, PROXY),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "10.0.0.0/8,[,"}, PROXY),
    ],
)
def test_for_a_name(environ: dict[str, str], wanted: str | None) -> None:
    assert proxy_for("https", "registry.example", 5000, environ) == wanted


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "x.localhost"])
def test_loopback_goes_through_none(host: str) -> None:
    assert proxy_for("http", host, 5000, {"HTTP_PROXY": PROXY, "ALL_PROXY": PROXY}) is None


@pytest.mark.parametrize(("entry", "wanted"), [("10.0.0.0/8", None), ("10.1.2.3", None), ("10.2.0.0/16", PROXY)])
def test_for_an_address(entry: str, wanted: str | None) -> None:
    assert proxy_for("http", "10.1.2.3", 80, {"HTTP_PROXY": PROXY, "NO_PROXY": entry}) == wanted


def test_a_request_to_a_cgi_program_sets_no_proxy() -> None:
    assert proxy_for("http", "registry.example", 80, {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}) is None
