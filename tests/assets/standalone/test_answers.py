"""Two answers are compared without what a page makes anew, and without mercy for the rest."""

import pytest

from lightship.assets.standalone.answers import Answer, compare, masked
from lightship.assets.standalone.pages import Ask

HTML = {"content-type": "text/html; charset=utf-8"}
ASK = (Ask(route="/", path="/"),)


def judged(before: Answer, after: Answer, again: Answer | None = None) -> tuple[str, str]:
    (found,) = compare(ASK, (before,), (after,), (again,) if again is not None else None)
    return found.verdict, found.detail


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'<script nonce="abcdefgh1234">', b'<script nonce="zyxwvuts9876">'),
        (b'\\"nonce\\":\\"abcdefgh1234\\"', b'\\"nonce\\":\\"zyxwvuts9876\\"'),
        (b"script-src 'nonce-MTIzNDU2Nzg='", b"script-src 'nonce-ODc2NTQzMjE='"),
        (b"id 8c1f9e6e-3b1f-4b7e-9a55-0d2a0c6f1e11", b"id 00000000-3b1f-4b7e-9a55-0d2a0c6f1e11"),
        (b"at 2026-11-24T15:00:00.123Z", b"at 2026-11-24T15:00:01.456Z"),
        (b'{"now":1764000000123}', b'{"now":1764000009999}'),
    ],
)
def test_what_is_made_anew_does_not_count(before: bytes, after: bytes) -> None:
    assert masked(before) == masked(after)
    assert (
        judged(Answer(status=200, headers=HTML, body=before), Answer(status=200, headers=HTML, body=after))[0] == "same"
    )


def test_another_word_counts_and_the_place_is_told() -> None:
    before, after = (Answer(status=200, headers=HTML, body=body) for body in (b"hello world", b"hello there"))
    assert judged(before, after) == ("differs", "byte 6 of 11: want 'hello world', got 'hello there'")


def test_a_body_that_moves_by_itself_is_unstable_and_its_status_still_counts() -> None:
    one, two, three = (Answer(status=200, headers=HTML, body=body) for body in (b"a", b"b", b"c"))
    assert judged(one, two, three)[0] == "unstable"
    assert judged(one, two, one)[0] == "differs"
    failed = Answer(status=500, headers=HTML, body=b"b")
    assert judged(one, failed, three) == ("differs", "want 200, got 500")
    gone = Answer(status=None, fault="socket hang up")
    assert judged(one, gone, three) == ("differs", "want 200, got no answer (socket hang up)")


@pytest.mark.parametrize("name", ["content-type", "location", "cache-control"])
def test_headers_count(name: str) -> None:
    before, after = Answer(status=200, headers={name: "a"}), Answer(status=200, headers={name: "b"})
    assert judged(before, after) == ("differs", f"{name}: want 'a', got 'b'")


def test_rows_of_a_stream_may_come_in_another_order() -> None:
    kind = {"content-type": "text/x-component"}
    before = b'0:{"a":"$L1"}\n1:["$","div",{"key":"-XF4BisFhxs80VfXSAJqyv"}]\n'
    after = b'0:["$","div",{"key":"RmQ2bvsfX4Tdj6UGGyJZYv"}]\n1:{"a":"$L2"}\n'
    other = b'0:["$","span",{"key":"RmQ2bvsfX4Tdj6UGGyJZYv"}]\n1:{"a":"$L2"}\n'
    assert (
        judged(Answer(status=200, headers=kind, body=before), Answer(status=200, headers=kind, body=after))[0] == "same"
    )
    assert (
        judged(Answer(status=200, headers=kind, body=before), Answer(status=200, headers=kind, body=other))[0]
        == "differs"
    )
