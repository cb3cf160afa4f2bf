import json

import pytest

from lightship.assets.retarget.flight import FlightError, is_flight, length_slots, payload_slots, rows
from lightship.assets.retarget.mentions import find_mentions
from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.rendering import Renderer
from lightship.assets.retarget.script_text import DecodedText, decoded_bytes
from lightship.assets.retarget.slot import numbered

OLD = Prefix.parse("https://cdn.lightship.invalid")
NEW = Prefix.parse("https://b.example")


def payload(prefix: str) -> bytes:
    """Rows as React writes them; the second text is not ASCII, the third has no prefix."""
    texts = [f"see {prefix}/a.js", f'Zażółć "{prefix}"\n\\ 🚢 {prefix}', "plain, long"]
    counted = [f"{number:x}:T{len(text.encode()):x},{text}" for number, text in enumerate(texts, 8)]
    return "".join(['1:"$Sreact"\n', f':HL["{prefix}/a.css","style"]\n', *counted, f'b:["{prefix}"]\n']).encode()


def page(prefix: str, *cuts: int) -> bytes:
    text = payload(prefix).decode()
    ends = [*cuts, len(text)]
    pieces = [text[begin:end] for begin, end in zip([0, *cuts], ends, strict=True)]
    pushes = "".join(f"<script>self.__next_f.push([1,{json.dumps(piece)}])</script>" for piece in pieces)
    start = "<script>(self.__next_f=self.__next_f||[]).push([0])</script>"
    return f'<html><img src="{prefix}/a.png">{start}{pushes}</html>'.encode()


def said(made: bytes) -> bytes:
    """What the pieces of a page say together."""
    return b"".join(decoded_bytes(piece.partition(b'"])')[0]) for piece in made.split(b'push([1,"')[1:])


def retargeted(path: str, content: bytes, target: Prefix) -> bytes:
    hidden = payload_slots(path, content, OLD)
    seen = [
        slot
        for slot in find_mentions(path, content, OLD).slots
        if not any(each.begin <= slot.end - 1 < each.end for each in hidden)
    ]
    ordered = tuple(sorted([*seen, *hidden], key=lambda slot: slot.begin))
    slots = numbered(ordered, length_slots(path, content, ordered))
    return Renderer({path: slots}, lambda _: content, target, OLD).render(path).content


def test_lengths_of_rows_follow_what_stands_in_them() -> None:
    assert retargeted("a.rsc", payload(OLD.text), NEW) == payload(NEW.text)
    assert retargeted("a.txt", payload(OLD.text), Prefix.parse("")) == payload("")


def test_lengths_in_a_page_are_those_of_what_its_strings_say() -> None:
    assert retargeted("a.html", page(OLD.text), NEW) == page(NEW.text)


def test_a_payload_may_be_cut_anywhere() -> None:
    text = payload(OLD.text).decode()
    at = text.index(OLD.text)
    for cut in range(at + 1, at + len(OLD.text)):
        made = retargeted("a.html", page(OLD.text, cut), NEW)
        assert said(made) == payload(NEW.text)
        assert retargeted("a.html", page(OLD.text, cut), OLD) == page(OLD.text, cut)


def test_a_length_may_be_cut_too() -> None:
    at = payload(OLD.text).decode().index(":T") + 3
    made = retargeted("a.html", page(OLD.text, at), NEW)
    assert said(made) == payload(NEW.text)
    assert retargeted("a.html", page(OLD.text, at), OLD) == page(OLD.text, at)


def test_rows_are_read_as_react_reads_them() -> None:
    found = list(rows(b'1:"a"\n2:T3,a\nb3:I[1,"T9,"]\n:HL["x"]\n4:T0,5:E{"digest":"1"}\n6:o2,\x00\xff7:null'))
    assert [(row.begin, row.end) for row in found] == [(11, 14), (41, 41), (64, 66)]


def test_the_mark_of_a_whole_or_partial_response_comes_before_the_rows() -> None:
    for mark in (b"#", b"~"):
        assert is_flight("a.rsc", mark + payload(OLD.text))
        assert retargeted("a.rsc", mark + payload(OLD.text), NEW) == mark + payload(NEW.text)


@pytest.mark.parametrize("broken", [b"1:T4,abc", b"x", b"1:Tz,", b"1:T3,abcq", b'1:"a"\nzz\n'])
def test_what_breaks_the_format_is_refused(broken: bytes) -> None:
    with pytest.raises(FlightError):
        list(rows(broken))


def test_a_broken_payload_without_lengths_is_no_trouble_and_with_them_is() -> None:
    assert length_slots("a.rsc", b'1:"a"\nhttps://b', ()) == []
    content = b"1:T9f,https://cdn.lightship.invalid"
    with pytest.raises(FlightError, match="beyond its end"):
        length_slots("a.rsc", content, find_mentions("a.rsc", content, OLD).slots)


def test_a_payload_of_another_framework_with_lengths_is_refused() -> None:
    content = b'<script>(self.__FLIGHT_DATA||=[]).push("1:T1d,https://cdn.lightship.invalid")</script>'
    with pytest.raises(FlightError, match="only its framework"):
        length_slots("a.html", content, find_mentions("a.html", content, OLD).slots)


def test_text_of_a_script_is_found_where_it_stands() -> None:
    content = rb'"a\u0062\ud83d\udea2\n\"c" and "d"'
    text = DecodedText()
    text.append(content, 1, 25, escaped=True)
    text.append(content, 32, 33, escaped=True)
    assert text.text.decode() == 'ab🚢\n"cd'
    assert content[text.place(len(text.text) - 1)] == ord("d")
    for offset, place in ((0, 1), (1, 2), (8, 24), (9, 32)):
        assert text.place(offset) == place
        assert text.offset(place) == offset
    assert text.offset(28) is None
    assert text.offset(0) is None
