"""Content-Security-Policies against addresses, as the specification has it."""

import pytest

from lightship.assets.policy import forbidding

PAGE = "https://app.example/docs/"
CDN = "https://static.example/app/x.js"


@pytest.mark.parametrize(
    ("policy", "kind", "url", "forbids"),
    [
        ("", "script", CDN, False),
        ("img-src 'none'", "script", CDN, False),
        ("default-src 'self'", "script", CDN, True),
        ("default-src 'self'", "script", "https://app.example/x.js", False),
        ("default-src 'none'; script-src static.example", "script", CDN, False),
        ("script-src 'none'; script-src *", "script", CDN, True),
        ("script-src *; script-src-elem 'self'", "script", CDN, True),
        ("default-src *", "script", CDN, False),
        ("default-src https:", "script", CDN, False),
        ("default-src http:", "script", CDN, False),
        ("default-src data: blob:", "image", CDN, True),
        ("font-src *.example", "font", CDN, False),
        ("font-src *.static.example", "font", CDN, True),
        ("font-src http://static.example", "font", CDN, False),
        ("font-src http://static.example:80", "font", CDN, False),
        ("font-src https://static.example:*", "font", "https://static.example:8443/x", False),
        ("font-src https://static.example", "font", "https://static.example:8443/x", True),
        ("font-src https://static.example:8443", "font", CDN, True),
        ("font-src static.example", "font", "http://static.example/x", True),
        ("font-src https://static.example:\u00b2", "font", CDN, True),
        (f"font-src https://static.example:{'9' * 5000}", "font", CDN, True),
        ("script-src https://static.example/app/", "script", CDN, False),
        ("script-src https://static.example/app", "script", CDN, True),
        ("script-src https://static.example/app/x.js", "script", CDN, False),
        ("script-src 'nonce-abc'", "script", CDN, False),
        ("script-src 'strict-dynamic'", "script", CDN, False),
        ("img-src 'nonce-abc'", "image", CDN, True),
        ("script-src 'unsafe-inline'", "script", CDN, True),
        ("default-src *, font-src 'self'", "font", CDN, True),
        ("worker-src 'self'; script-src *", "worker", CDN, True),
        ("child-src *; default-src 'none'", "worker", CDN, False),
        ("default-src 'none'", "page", CDN, False),
        ("SCRIPT-SRC 'SELF'", "script", CDN, True),
        ("script-src", "script", CDN, True),
    ],
)
def test_a_source_list(policy: str, kind: str, url: str, forbids: bool) -> None:
    assert bool(forbidding(policy, kind, url, PAGE)) == forbids


def test_the_directive_is_told() -> None:
    assert forbidding("default-src *; font-src 'self' data:", "font", CDN, PAGE) == "font-src 'self' data:"


def test_self_is_the_secure_form_too() -> None:
    assert forbidding("default-src 'self'", "script", "https://app.example/x.js", "http://app.example/") == ""
    assert forbidding("default-src 'self'", "script", "http://app.example/x.js", PAGE) != ""
