"""Addresses in one spelling."""

from typing import Any

import pytest

from lightship.assets.reading.reference import Reference
from lightship.assets.verify.urls import candidates, normal_url, origin_of


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("b.js", "https://a.example/x/b.js"),
        ("/two words.js?q=ä#f", "https://a.example/two%20words.js?q=%C3%A4"),
        ("//CDN.example:443/a%2fb.js", "https://cdn.example/a%2fb.js"),
        ("http://a.example:8080", "http://a.example:8080/"),
        ("../../up.js", "https://a.example/up.js"),
        ("data:text/plain,x", ""),
        ("mailto:a@b.example", ""),
        ("http://[::1", ""),
        ("http://a.example:port/", ""),
        ("http://[::1]:8080/x", "http://[::1]:8080/x"),
    ],
)
def test_a_reference_becomes_one_spelling(target: str, wanted: str) -> None:
    assert normal_url("https://a.example/x/page.html", target) == wanted


def test_origins_are_compared_as_browsers_do() -> None:
    assert origin_of("HTTPS://A.example:443/x") == origin_of("https://a.example/") == "https://a.example"
    assert origin_of("https://user:pw@a.example/") == "https://a.example"
    assert origin_of("ftp://a.example/") == ""


@pytest.mark.parametrize(
    ("target", "more", "wanted"),
    [
        ("b.js", {}, ["https://a.example/x/assets/b.js"]),
        ("b.js", {"certain": False}, ["https://a.example/x/assets/b.js", "https://a.example/b.js"]),
        ("assets/b.js", {"base": "/y/"}, ["https://a.example/y/assets/b.js"]),
        ("assets/b.js", {"via": "__vite__mapDeps"}, ["https://a.example/x/assets/b.js"]),
        ("./b.js", {"via": "__vite__mapDeps"}, ["https://a.example/x/assets/b.js"]),
        ("other/b.js", {"via": "__vite__mapDeps"}, ["https://a.example/x/assets/other/b.js"]),
        ("mailto:x", {}, []),
    ],
)
def test_where_a_reference_may_lead(target: str, more: dict[str, Any], wanted: list[str]) -> None:
    reference = Reference(target=target, kind="script", begin=0, end=1, **more)
    assert list(candidates(reference, "https://a.example/x/assets/a.js", "https://a.example/")) == wanted
