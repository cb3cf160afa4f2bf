"""A store of objects as a push needs it: five calls, so that tests may swap the medium."""

import datetime
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["Bucket", "Found", "Headers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An object as a listing tells it. ``etag`` is without quotes, None where the store tells none; ``modified`` is by
    the store's clock."""

    size_bytes: int
    etag: str | None
    modified: datetime.datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """What an object is answered with; ``encoding`` is None for plain bytes."""

    content_type: str
    cache_control: str
    encoding: str | None = None


class Bucket(Protocol):
    """Every call raises NetworkError (StorageError for a directory) with one sentence; none tells a credential."""

    @property
    def name(self) -> str:
        """As it is shown to people."""

    @property
    def keeps_headers(self) -> bool:
        """False for a directory, which has bytes alone."""

    def listing(self, prefix: str, wanted: Iterable[str]) -> dict[str, Found]:
        """Every object below ``prefix`` by its whole key; at least those of ``wanted`` that are there."""

    def read(self, key: str, *, most_bytes: int) -> bytes | None:
        """The bytes of an object, None where there is none; InputError where they are more."""

    def write(self, key: str, content: bytes | Iterator[bytes], headers: Headers) -> str | None:
        """Put an object there, whole or not at all; its ETag without quotes."""

    def remove(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are not there are no error."""
