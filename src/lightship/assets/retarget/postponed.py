"""What Next.js keeps of a page that is finished when it is asked for: ``postponed`` in ``.meta`` files.

``<length>:<state><cache>``: the length counts the UTF-16 units of the state; the cache is ``null``, or JSON, as it is
or deflated and in base64, whose entries are payloads of React's in base64. Source: Next.js 16.4 (2026-11),
server/app-render/postponed-state.js and server/resume-data-cache.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Iterator

from lightship.assets.reading.json_text import json_strings
from lightship.assets.retarget.flight import FlightError, length_slots, payload_slots
from lightship.assets.retarget.mentions import find_mentions, host_pattern
from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.script_text import DecodedText
from lightship.assets.retarget.slot import Slot

__all__ = ["cache_slots", "retargeted_cache", "state_lengths"]

_LENGTH = re.compile(rb"([0-9]{1,9}):")
_MOST_BYTES = 256 << 20
_NOTHING = "null"


def state_lengths(path: str, content: bytes, slots: tuple[Slot, ...]) -> list[Slot]:
    """The length of the state in the file ``path``, where some of ``slots`` are in that. Raise FlightError where it is
    not the length of something."""
    state = _state(path, content)
    if state is None:
        return []
    text, named, state_end = state
    offsets = ((index, text.offset(slot.begin)) for index, slot in enumerate(slots))
    covers = tuple(index for index, at in offsets if at is not None and named.end() <= at < state_end)
    begin = text.place(0)
    length = Slot(begin=begin, end=begin + len(named[1]), kind="length", extra="decimal", covers=covers)
    return [length] if covers else []


def cache_slots(path: str, content: bytes, prefix: Prefix, built: Prefix | None = None) -> list[Slot]:
    """The cache in the file ``path``, where it has ``prefix`` in it, remembered as that of a build for ``built`` (None:
    the same). Raise FlightError for what is not understood."""
    state = _state(path, content)
    if state is None or state[2] == len(state[0].text):
        return []
    text, _, state_end = state
    begin = text.place(state_end)
    end = text.place(len(text.text) - 1) + 1
    raw = content[begin:end].decode("utf-8", "replace")
    if not _mentions(raw, prefix):
        return []
    extra = raw if built is None else retargeted_cache(raw, prefix, built)
    return [Slot(begin=begin, end=end, kind="cache", extra=extra)]


def _state(path: str, content: bytes) -> tuple[DecodedText, re.Match[bytes], int] | None:
    """The whole text, its length as it is written, and where the state ends in it."""
    if not path.endswith(".meta") or b'"postponed"' not in content:
        return None
    strings = json_strings(content)
    found = next((each for each in strings if each.path == ("postponed",) and not each.is_key), None)
    text = DecodedText()
    if found is not None:
        text.append(content, found.begin, found.end, escaped=True)
    named = _LENGTH.match(text.text)
    if named is None:
        return None
    units = text.text[named.end() :].decode("utf-8", "replace").encode("utf-16-le")
    length = int(named[1])
    if 2 * length > len(units):
        raise FlightError("the state of a postponed page is longer than it can be")
    return text, named, named.end() + len(units[: 2 * length].decode("utf-16-le", "replace").encode())


def _mentions(raw: str, prefix: Prefix) -> bool:
    pattern = host_pattern(prefix)
    text, _ = _text_of(raw)
    return any(pattern.search(part) for part in (text, *(value for _, _, value in _values(text))))


def _text_of(raw: str) -> tuple[bytes, bool]:
    """The JSON of a cache, and whether it was deflated."""
    try:
        said = str(json.loads(f'"{raw}"', strict=False))
        if said == _NOTHING or said.startswith("{"):
            return said.encode(), False
        inflater = zlib.decompressobj()
        plain = inflater.decompress(base64.b64decode(said, validate=True), _MOST_BYTES)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise FlightError(f"the cache of a postponed page cannot be read: {error}") from error
    if not inflater.eof:
        raise FlightError("the cache of a postponed page is cut short, or too large")
    return plain, True


def retargeted_cache(raw: str, built: Prefix, target: Prefix) -> str:
    """The cache ``raw`` of a build for ``built`` as one for ``target``. The bytes are zlib's own, and the build's where
    both are one."""
    if built == target:
        return raw
    text, deflated = _text_of(raw)
    parts: list[bytes] = []
    at = 0
    for begin, end, value in _values(text):
        parts += (
            _retargeted(text[at:begin], "cache.json", built, target),
            base64.b64encode(_flight(value, built, target)),
        )
        at = end
    parts.append(_retargeted(text[at:], "cache.json", built, target))
    made = b"".join(parts)
    said = base64.b64encode(zlib.compress(made)).decode() if deflated else made.decode("utf-8", "replace")
    return json.dumps(said, ensure_ascii=False)[1:-1]


def _values(text: bytes) -> Iterator[tuple[int, int, bytes]]:
    """The payloads of a cache's entries, and where they stand."""
    for string in json_strings(text):
        if string.is_key or string.path[-2:] != ("entry", "value"):
            continue
        try:
            yield string.begin, string.end, base64.b64decode(string.text, validate=True)
        except (ValueError, binascii.Error) as error:
            raise FlightError(f"an entry of a postponed page's cache is no base64: {error}") from error


def _flight(payload: bytes, built: Prefix, target: Prefix) -> bytes:
    return _retargeted(payload, "cache.rsc", built, target)


def _retargeted(content: bytes, path: str, built: Prefix, target: Prefix) -> bytes:
    from lightship.assets.retarget.rendering import Renderer
    from lightship.assets.retarget.slot import numbered

    mentions = find_mentions(path, content, built)
    if mentions.unknown:
        raise FlightError("the cache of a postponed page mentions the prefix in a form that is not understood")
    hidden = payload_slots(path, content, built)
    own = [slot for slot in mentions.slots if not any(each.begin < slot.end <= each.end for each in hidden)]
    ordered = tuple(sorted([*own, *hidden], key=lambda slot: slot.begin))
    slots = numbered(ordered, length_slots(path, content, ordered))
    return Renderer({path: slots}, lambda _: content, target, built).render(path).content
