import base64
import json
import zlib

import pytest

from lightship.assets.retarget.flight import FlightError, rows
from lightship.assets.retarget.mentions import find_mentions
from lightship.assets.retarget.postponed import cache_slots, retargeted_cache, state_lengths
from lightship.assets.retarget.prefix import SAME_ORIGIN, Prefix
from lightship.assets.retarget.rendering import Renderer
from lightship.assets.retarget.slot import numbered

OLD, NEW = Prefix.parse("https://cdn.lightship.invalid"), Prefix.parse("https://b.example:81")


def meta(prefix: Prefix, *, deflate: bool = True, text: str = "é🚢") -> bytes:
    """As Next.js writes it, for a page with one cached component."""
    said = f"{text} {prefix.text}"
    payload = f'1:T{len(said.encode()):x},{said}0:["$","img",null,{{"src":"{prefix.text}/a.png"}}]\n'
    entry = {"value": base64.b64encode(payload.encode()).decode(), "tags": [], "stale": 300}
    store = {"fetch": {}, "cache": {'["id",[]]': {"entry": entry}}, "encryptedBoundArgs": {}}
    cache = json.dumps({"store": store})
    if deflate:
        cache = base64.b64encode(zlib.compress(cache.encode())).decode()
    state = json.dumps([1, {"scriptResources": {f"{prefix.text}/a.js": text}}], ensure_ascii=False)
    length = len(state.encode("utf-16-le")) // 2
    document = {"headers": {"link": f"<{prefix.text}/f.woff2>"}, "postponed": f"{length}:{state}{cache}"}
    return json.dumps(document, ensure_ascii=False).encode()


def retargeted(content: bytes, target: Prefix) -> bytes:
    cache = cache_slots("a.meta", content, OLD)
    own = [slot for slot in find_mentions("a.meta", content, OLD).slots if slot.end <= cache[0].begin]
    ordered = tuple(sorted([*own, *cache], key=lambda slot: slot.begin))
    slots = numbered(ordered, state_lengths("a.meta", content, ordered))
    return Renderer({"a.meta": slots}, lambda _: content, target, OLD).render("a.meta").content


@pytest.mark.parametrize("deflate", [True, False])
@pytest.mark.parametrize("target", [NEW, SAME_ORIGIN, OLD])
def test_a_postponed_page_is_that_of_a_build_for_the_target(target: Prefix, deflate: bool) -> None:
    assert retargeted(meta(OLD, deflate=deflate), target) == meta(target, deflate=deflate)


def test_the_cache_of_the_build_comes_back_whoever_deflated_it() -> None:
    raw = base64.b64encode(zlib.compress(b'{"store":{"cache":{}},"x":"https://cdn.lightship.invalid"}', 1)).decode()
    assert retargeted_cache(raw, OLD, OLD) == raw
    assert zlib.decompress(base64.b64decode(retargeted_cache(raw, OLD, NEW))).endswith(b'"https://b.example:81"}')


def test_lengths_of_rows_within_the_cache_are_mended() -> None:
    content = retargeted(meta(OLD), NEW)
    postponed = json.loads(content)["postponed"]
    length, _, rest = postponed.partition(":")
    units = rest.encode("utf-16-le")
    state = json.loads(units[: 2 * int(length)].decode("utf-16-le"))
    assert list(state[1]["scriptResources"]) == [f"{NEW.text}/a.js"]
    cache = json.loads(zlib.decompress(base64.b64decode(units[2 * int(length) :].decode("utf-16-le"))))
    (stored,) = cache["store"]["cache"].values()
    payload = base64.b64decode(stored["entry"]["value"])
    assert [payload[row.begin : row.end].decode() for row in rows(payload)] == [f"é🚢 {NEW.text}"]


def test_other_files_and_pages_without_a_state_have_none() -> None:
    for path, content in (("a.json", meta(OLD)), ("a.meta", b'{"headers":{}}'), ("a.meta", b'{"postponed":"null"}')):
        assert cache_slots(path, content, OLD) == []
        assert state_lengths(path, content, ()) == []
    assert cache_slots("a.meta", b'{"postponed":"4:nullnull"}', OLD) == []


@pytest.mark.parametrize("rest", ["!!", "eJw=", "eJxLTEpOSU0DAAfLAlY"])
def test_a_cache_that_cannot_be_read_is_refused(rest: str) -> None:
    with pytest.raises(FlightError, match="cache of a postponed page"):
        cache_slots("a.meta", json.dumps({"postponed": f"4:null{rest}"}).encode(), OLD)


def test_a_length_that_is_none_is_refused() -> None:
    with pytest.raises(FlightError, match="longer than it can be"):
        state_lengths("a.meta", b'{"postponed":"99:null"}', ())
