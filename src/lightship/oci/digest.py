"""Digests of content. OCI image-spec 1.1, descriptor.md, section Digests."""

import hashlib
import re
from typing import Protocol

from lightship.errors import InputError
from lightship.values import dataclass

__all__ = ["Digest", "Hash"]

_SHAPE = re.compile(r"[a-z0-9]+(?:[.+_-][a-z0-9]+)*")
_HEX_LENGTH = {"sha256": 64, "sha512": 128, "sha384": 96}


class Hash(Protocol):
    """A running hash, as in `hashlib`."""

    def update(self, chunk: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """``algorithm:hex``; ``str(digest)`` is that form."""

    algorithm: str
    hex: str

    def __post_init__(self) -> None:
        length = _HEX_LENGTH.get(self.algorithm)
        known = length is not None and len(self.hex) == length
        if not known or not _SHAPE.fullmatch(self.algorithm) or set(self.hex) - set("0123456789abcdef"):
            raise InputError(f"digest not understood: want sha256:<64 lowercase hex digits>, got {str(self)!r:.200}")

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Read ``sha256:…``; raise InputError for anything else."""
        algorithm, _, value = text.partition(":")
        return cls(algorithm, value)

    @classmethod
    def of(cls, content: bytes, algorithm: str = "sha256") -> "Digest":
        """The digest of ``content``."""
        return cls(algorithm, hashlib.new(algorithm, content).hexdigest())

    def new_hash(self) -> Hash:
        """A running hash of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def __str__(self) -> str:
        return f"{self.algorithm}:{self.hex}"
