import base64

import pytest

from lightship.assets.retarget.mentions import base64_forms, find_mentions
from lightship.assets.retarget.prefix import SAME_ORIGIN, Prefix
from lightship.assets.retarget.slot import text_of

OLD = Prefix.parse("https://cdn.lightship.invalid")
NEW = Prefix.parse("https://b.example:81/x")
REAL = Prefix.parse("https://static.example/app")


def moved(text: str, target: Prefix = NEW, *, source: Prefix = OLD, path: str = "a.js") -> str:
    content = text.encode()
    mentions = find_mentions(path, content, source)
    assert mentions.unknown == ()
    parts, at = [], 0
    for slot in mentions.slots:
        said = text_of(slot, target)
        assert said is not None
        assert text_of(slot, source) == content[slot.begin : slot.end].decode()
        parts += [content[at : slot.begin], said.encode()]
        at = slot.end
    return b"".join([*parts, content[at:]]).decode()


def unknown(text: str, source: Prefix = OLD) -> int:
    return len(find_mentions("a.js", text.encode(), source).unknown)


@pytest.mark.parametrize(
    ("form", "new", "own"),
    [
        ('"https://cdn.lightship.invalid/a.js"', '"https://b.example:81/x/a.js"', '"/a.js"'),
        (r'"https:\/\/cdn.lightship.invalid\/a.js"', r'"https:\/\/b.example:81\/x\/a.js"', r'"\/a.js"'),
        (r'\"https:\\/\\/cdn.lightship.invalid\\/a\"', r'\"https:\\/\\/b.example:81\\/x\\/a\"', r'\"\\/a\"'),
        (r"https:\u002F\u002Fcdn.lightship.invalid", r"https:\u002F\u002Fb.example:81\u002Fx", ""),
        (r"https\x3a\x2f\x2fcdn.lightship.invalid\x2fa", r"https\x3a\x2f\x2fb.example\x3a81\x2fx\x2fa", r"\x2fa"),
        ("?u=https%3A%2F%2Fcdn.lightship.invalid%2Fa", "?u=https%3A%2F%2Fb.example%3A81%2Fx%2Fa", "?u=%2Fa"),
        ("https%3a%2f%2fcdn.lightship.invalid%2fa", "https%3a%2f%2fb.example%3a81%2fx%2fa", "%2fa"),
        ("https%253A%252F%252Fcdn.lightship.invalid", "https%253A%252F%252Fb.example%253A81%252Fx", ""),
        ("https:&#x2F;&#x2F;cdn.lightship.invalid&#x2F;a", "https:&#x2F;&#x2F;b.example:81&#x2F;x&#x2F;a", "&#x2F;a"),
        ("https&colon;&sol;&sol;cdn.lightship.invalid", "https&colon;&sol;&sol;b.example&colon;81&sol;x", ""),
        ('<link rel=dns-prefetch href="//cdn.lightship.invalid">', '<link rel=dns-prefetch href="//b.example:81/x">',
         '<link rel=dns-prefetch href="">'),
        ('base:"https://cdn.lightship.invalid"', 'base:"https://b.example:81/x"', 'base:""'),
        ("url(https\\:\\/\\/cdn.lightship.invalid\\/a)", "url(https\\:\\/\\/b.example\\:81\\/x\\/a)", "url(\\/a)"),
    ],
)  # fmt: skip
def test_every_form_is_replaced_in_its_own(form: str, new: str, own: str) -> None:
    assert moved(form) == new
    assert moved(form, SAME_ORIGIN) == own


@pytest.mark.parametrize(
    "text",
    ["https://cdn.lightship.invalid.example/a", "https://cdn.lightship.invalids/a", "https://my.cdn.lightship.invalid/a",
     "cdn.lightship.invalid-x", "me@cdn.lightship.invalid@x"],
)  # fmt: skip
def test_another_host_stays(text: str) -> None:
    assert moved(text) == text


@pytest.mark.parametrize(
    "text",
    ["cdn.lightship.invalid", "see (cdn.lightship.invalid)", "https://CDN.lightship.invalid/a",
     r"https:\/%2Fcdn.lightship.invalid", "http://cdn.lightship.invalid/a", "https://cdn.lightship.invalid:8080/",
     '"https:"+"//cdn.lightship.invalid/a"',
     'h="cdn"+".lightship.invalid";u="https:"+"//"+"cdn.lightship.invalid"', '{"hostname":"cdn.lightship.invalid"}x'],
)  # fmt: skip
def test_what_is_not_understood_is_told(text: str) -> None:
    assert unknown(text) == 1 or text.endswith("}x")


def test_a_real_prefix_leaves_other_paths_and_ports_of_its_host() -> None:
    text = "https://static.example/app/a https://static.example/application https://static.example:8/app"
    assert moved(text, source=REAL) == text.replace("https://static.example/app/a ", "https://b.example:81/x/a ")
    assert moved('href="https://static.example"', source=REAL) == 'href="https://b.example:81"'
    assert unknown("static.example", REAL) == 1


@pytest.mark.parametrize(
    ("path", "policy", "new", "own"),
    [
        (
            "a.html",
            "script-src &#39;x&#39; {https://cdn.lightship.invalid}; y",
            "https://b.example:81/x/",
            "&#39;self&#39;",
        ),
        ("a.json", '"script-src {https://cdn.lightship.invalid/}"', "https://b.example:81/x/", "'self'"),
        ("a.js", "'img-src {cdn.lightship.invalid}'", "b.example:81/x/", r"\x27self\x27"),
    ],
)
def test_a_source_of_a_policy_becomes_self(path: str, policy: str, new: str, own: str) -> None:
    """A path without a slash at its end is that of one file: https://www.w3.org/TR/CSP3/#path-part-match (2025-10)."""
    before, rest = policy.split("{")
    old, after = rest.split("}")
    text = before + old + after
    assert moved(text, path=path) == before + new + after
    assert moved(text, SAME_ORIGIN, path=path) == before + own + after
    assert moved(text, Prefix.parse("https://b.example"), path=path).startswith(before)


def test_the_hosts_of_nexts_images_are_apart() -> None:
    config = '{"hostname":"cdn.lightship.invalid","protocol":"https","port":""}'
    assert moved(config) == '{"hostname":"b.example","protocol":"https","port":"81"}'
    pattern = r'{"protocol":"https","hostname":"^(?:^(?:cdn\\.lightship\\.invalid)$)$","port":""}'
    expected = r'{"protocol":"http","hostname":"^(?:^(?:b\\.example)$)$","port":""}'
    assert moved(pattern, Prefix.parse("http://b.example")) == expected
    assert "same-origin" in moved(config, SAME_ORIGIN)


@pytest.mark.parametrize("before", ["", "a", "ab", "https://"])
def test_the_host_is_known_in_base64(before: str) -> None:
    packed = base64.b64encode(f"{before}cdn.lightship.invalid/and more".encode())
    assert any(form in packed for form in base64_forms(OLD))
    assert all(len(form) >= 24 for form in base64_forms(OLD))
