"""JSON from outside, read through typed getters that know where they are: ``manifests[2].digest: want …, got …``.

RFC 8259 leaves open what a repeated name means, and readers differ: it is refused here. `canonical` is how
lightship writes the JSON it makes itself; what came from outside is kept as raw bytes and never rewritten.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from lightship.errors import ImageError, InputError
from lightship.oci.digest import Digest
from lightship.values import dataclass

__all__ = ["Node", "canonical", "canonical_array", "parse_array", "parse_object"]

_MAX_INTEGER = 2**63 - 1  # sizes are int64 in image-spec 1.1, descriptor.md


def canonical(value: Mapping[str, object]) -> bytes:
    """Compact JSON with sorted names, UTF-8, no newline at the end: equal values give equal bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def canonical_array(values: Sequence[Mapping[str, object]]) -> bytes:
    """The same for an array of objects."""
    return b"[" + b",".join(canonical(value) for value in values) + b"]"


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON value and the path that led to it. Every getter raises ImageError with that path."""

    value: object
    path: str

    def fault(self, wanted: str) -> ImageError:
        """The error that says what was wanted here and what stands instead."""
        return ImageError(f"{self.path}: want {wanted}, got {_shown(self.value)}")

    def get(self, name: str) -> "Node | None":
        """The member called ``name``; None when it is absent or null (Go's writers use both)."""
        value = self.mapping().get(name)
        return None if value is None else Node(value, self._below(name))

    def require(self, name: str) -> "Node":
        """The member called ``name``, which must be there."""
        found = self.get(name)
        if found is None:
            raise ImageError(f"{self._below(name)}: want a value, got nothing")
        return found

    def mapping(self) -> dict[str, object]:
        """The value as an object."""
        if not isinstance(self.value, dict):
            raise self.fault("an object")
        return self.value

    def items(self) -> "Iterator[Node]":
        """The value's elements; it must be an array."""
        if not isinstance(self.value, list):
            raise self.fault("an array")
        for index, value in enumerate(self.value):
            yield Node(value, f"{self.path}[{index}]")

    def text(self) -> str:
        """The value as a string."""
        if not isinstance(self.value, str):
            raise self.fault("a string")
        return self.value

    def flag(self) -> bool:
        """The value as true or false."""
        if not isinstance(self.value, bool):
            raise self.fault("true or false")
        return self.value

    def integer(self) -> int:
        """The value as a whole number from 0 to 2^63 - 1."""
        if not isinstance(self.value, int) or isinstance(self.value, bool) or not 0 <= self.value <= _MAX_INTEGER:
            raise self.fault("a whole number that is not negative")
        return self.value

    def digest(self) -> Digest:
        """The value as a digest."""
        try:
            return Digest.parse(self.text())
        except InputError as error:
            if isinstance(error, ImageError):
                raise
            raise self.fault("sha256:<64 lowercase hex digits>") from error

    def texts(self) -> tuple[str, ...]:
        """The value as an array of strings."""
        return tuple(element.text() for element in self.items())

    def text_map(self) -> dict[str, str]:
        """The value as an object of strings."""
        return {name: Node(value, self._below(name)).text() for name, value in self.mapping().items()}

    def optional_text(self, name: str) -> str:
        """The member called ``name`` as a string, ``""`` when it is absent."""
        found = self.get(name)
        return found.text() if found else ""

    def optional_texts(self, name: str) -> tuple[str, ...]:
        """The member called ``name`` as an array of strings, empty when it is absent."""
        found = self.get(name)
        return found.texts() if found else ()

    def optional_text_map(self, name: str) -> dict[str, str]:
        """The member called ``name`` as an object of strings, empty when it is absent."""
        found = self.get(name)
        return found.text_map() if found else {}

    def _below(self, name: str) -> str:
        return f"{self.path}.{name}"


def parse_object(raw: bytes, what: str) -> Node:
    """Parse ``raw`` as one JSON object; ``what`` (``manifest``, ``config``) begins the path of every error."""
    node = Node(_loads(raw, what), what)
    node.mapping()
    return node


def parse_array(raw: bytes, what: str) -> Node:
    """Parse ``raw`` as one JSON array."""
    value = _loads(raw, what)
    node = Node(value, what)
    if not isinstance(value, list):
        raise node.fault("an array")
    return node


def _loads(raw: bytes, what: str) -> object:
    def pairs(members: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(members)
        if len(found) != len(members):
            names = [name for name, _ in members]
            twice = next(name for name in names if names.count(name) > 1)
            raise ImageError(f"{what}: want every name once, got {twice!r:.80} twice in one object")
        return found

    def constant(name: str) -> object:
        raise ImageError(f"{what}: want JSON, got the number {name}")

    try:
        value: object = json.loads(raw.decode("utf-8"), object_pairs_hook=pairs, parse_constant=constant)
        if b"\\ud" in raw.lower():
            json.dumps(value, ensure_ascii=False).encode()  # half of a surrogate pair could not be written again
    except RecursionError as error:
        raise ImageError(f"{what}: want JSON, got objects nested too deep to read") from error
    except ValueError as error:
        raise ImageError(f"{what}: want JSON, got {len(raw)} bytes that are none ({error!s:.120})") from error
    return value


def _shown(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "an array"
    return json.dumps(value)[:100]
