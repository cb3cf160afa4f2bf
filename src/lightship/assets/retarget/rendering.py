"""Files with their slots filled for another prefix: what depends on what, lengths and digests last."""

import hashlib
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from lightship.assets.retarget.postponed import retargeted_cache
from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.script_text import decoded_bytes
from lightship.assets.retarget.slot import Slot, SlotKind, text_of
from lightship.errors import InputError

__all__ = ["Rendered", "Renderer", "digest_text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A file under another prefix, and where its slots are then."""

    content: bytes
    slots: tuple[Slot, ...]


def digest_text(content: bytes, how: str) -> str:
    """``how`` is an algorithm of hashlib and ``base64`` (as in ``integrity``) or ``hex``, such as ``sha384/base64``."""
    algorithm, _, writing = how.partition("/")
    found = hashlib.new(algorithm, content, usedforsecurity=False)
    return found.hexdigest() if writing == "hex" else b64encode(found.digest()).decode()


class Renderer:
    """Renders each file once. ``read`` gives a file's present bytes; ``slots`` are of all files that have some;
    ``built`` is the prefix of the build."""

    def __init__(
        self, slots: Mapping[str, tuple[Slot, ...]], read: Callable[[str], bytes], prefix: Prefix, built: Prefix
    ) -> None:
        self._slots = slots
        self._read = read
        self._prefix = prefix
        self._built = built
        self._texts: dict[str, tuple[bytes, ...]] = {}
        self._at_work: set[str] = set()

    def render(self, path: str) -> Rendered:
        """The file ``path``. Raise InputError where files contain each other's digests in a circle."""
        content = self._read(path)
        slots = self._slots.get(path, ())
        texts = self._filled(path, content)
        parts: list[bytes] = []
        moved: list[Slot] = []
        shift = at = 0
        places = _Places(slots, texts)
        for slot, text in zip(slots, texts, strict=True):
            parts += (content[at : slot.begin], text)
            begin = slot.begin + shift
            shift += len(text) - (slot.end - slot.begin)
            moved.append(replace(slot, begin=begin, end=begin + len(text)))
            at = slot.end
        parts.append(content[at:])
        whole = b"".join(parts)
        return Rendered(content=whole, slots=tuple(self._with_spans(slot, path, places) for slot in moved))

    def _with_spans(self, slot: Slot, path: str, places: "_Places") -> Slot:
        """The span of the bytes that a digest is of moves with them, whichever file they are in."""
        if slot.kind != "digest" or slot.last < 0:
            return slot
        if slot.path != path:
            places = _Places(self._slots.get(slot.path, ()), self._filled(slot.path, self._read(slot.path)))
        return replace(slot, first=places.moved(slot.first), last=places.moved(slot.last))

    def _filled(self, path: str, content: bytes) -> tuple[bytes, ...]:
        if path not in self._texts:
            if path in self._at_work:
                raise InputError(f"{path} contains a digest of a file that contains a digest of it")
            self._at_work.add(path)
            try:
                self._texts[path] = self._fill(path, content)
            finally:
                self._at_work.discard(path)
        return self._texts[path]

    def _fill(self, path: str, content: bytes) -> tuple[bytes, ...]:
        slots = self._slots.get(path, ())
        texts = [self._text(slot) for slot in slots]
        for index, slot in enumerate(slots):
            if slot.kind == "length":
                texts[index] = _length(slot, content, slots, texts)
        digests = {index: self._digest(slot, path, content, texts) for index, slot in _of_kind(slots, "digest")}
        return tuple(digests.get(index, text) for index, text in enumerate(texts))

    def _text(self, slot: Slot) -> bytes:
        found = text_of(slot, self._prefix)
        if found is not None:
            return found.encode()
        if slot.kind == "cache":
            return retargeted_cache(slot.extra, self._built, self._prefix).encode()
        return str(len(self._whole(slot.path))).encode() if slot.kind == "size" else b""

    def _digest(self, slot: Slot, path: str, content: bytes, texts: list[bytes]) -> bytes:
        how, _, slash = slot.extra.partition(" ")
        if slot.path != path:
            part = self._part(slot.path, slot.first, slot.last)
        else:  # a script of a page whose own policy names its digest
            slots = self._slots[path]
            if slot.last < 0 or any(slot.first <= each.begin < slot.last for _, each in _of_kind(slots, "digest")):
                raise InputError(f"{path} contains a digest of itself")
            part = _joined(content, slots, tuple(texts), slot.first, slot.last)
        return digest_text(part, how).replace("/", slash or "/").encode()

    def _whole(self, path: str) -> bytes:
        return self._part(path, 0, -1)

    def _part(self, path: str, first: int, last: int) -> bytes:
        content = self._read(path)
        texts = self._filled(path, content)
        return _joined(content, self._slots.get(path, ()), texts, first, len(content) if last < 0 else last)


class _Places:
    """Where a place of a file is when its slots are filled."""

    def __init__(self, slots: tuple[Slot, ...], texts: tuple[bytes, ...]) -> None:
        self._shifts = [
            (slot.end, len(text) - (slot.end - slot.begin)) for slot, text in zip(slots, texts, strict=True)
        ]

    def moved(self, place: int) -> int:
        return place + sum(shift for end, shift in self._shifts if end <= place)


def _of_kind(slots: tuple[Slot, ...], kind: SlotKind) -> list[tuple[int, Slot]]:
    return [(index, slot) for index, slot in enumerate(slots) if slot.kind == kind]


def _length(slot: Slot, content: bytes, slots: tuple[Slot, ...], texts: list[bytes]) -> bytes:
    """What ``slot`` has of a length. Where a page's payload is cut within its digits, slots that cover the same have
    the others."""
    base = 10 if slot.extra == "decimal" else 16
    parts = (each for _, each in _of_kind(slots, "length") if each.covers == slot.covers)
    length = int(b"".join(content[each.begin : each.end] for each in parts), base)
    for index in slot.covers:
        old, now = content[slots[index].begin : slots[index].end], texts[index]
        if slot.extra:
            old, now = decoded_bytes(old), decoded_bytes(now)
        length += len(now) - len(old)
    whole = (str(length) if base == 10 else f"{length:x}").encode()
    return whole[slot.first : None if slot.last < 0 else slot.last]


def _joined(content: bytes, slots: tuple[Slot, ...], texts: tuple[bytes, ...], first: int, last: int) -> bytes:
    parts: list[bytes] = []
    at = first
    for slot, text in zip(slots, texts, strict=True):
        if first <= slot.begin and slot.end <= last:
            parts += (content[at : slot.begin], text)
            at = slot.end
    parts.append(content[at:last])
    return b"".join(parts)
