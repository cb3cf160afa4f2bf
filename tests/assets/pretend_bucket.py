"""A store of objects in a dict, with a clock of its own, that can be made to fail or to be interrupted at any call."""

import datetime
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lightship.assets.push.bucket import Found, Headers
from lightship.flows.assets.push_store import Clock

__all__ = ["BEGIN", "PretendBucket", "PretendClock", "Stored"]

BEGIN = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)


@dataclass(slots=True)
class PretendClock:
    """Every look at it is a millisecond; `sleep` may be told to call something instead of waiting."""

    seconds: float = 0.0
    asleep: Callable[[], None] = lambda: None

    def monotonic(self) -> float:
        self.seconds += 0.001
        return self.seconds

    def now(self) -> datetime.datetime:
        return BEGIN + datetime.timedelta(seconds=self.monotonic())

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.asleep()

    def clock(self) -> Clock:
        return Clock(now=self.now, monotonic=self.monotonic, sleep=self.sleep)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    content: bytes
    headers: Headers | None
    modified: datetime.datetime

    @property
    def etag(self) -> str:
        return hashlib.md5(self.content, usedforsecurity=False).hexdigest()


@dataclass(slots=True)
class PretendBucket:
    """``before`` is called with what is about to be done, such as ``write site/a.js``; what it raises, the call raises.
    ``said`` are the calls that were done."""

    time: PretendClock = field(default_factory=PretendClock)
    objects: dict[str, Stored] = field(default_factory=dict)
    before: Callable[[str], None] = lambda _: None
    said: list[str] = field(default_factory=list)
    name: str = "pretend://bucket"
    keeps_headers: bool = True

    def put(self, key: str, content: bytes, headers: Headers | None = None) -> None:
        self.objects[key] = Stored(content=content, headers=headers, modified=self.time.now())

    def _about_to(self, what: str) -> None:
        self.before(what)
        self.said.append(what)

    def listing(self, prefix: str, wanted: Iterable[str]) -> dict[str, Found]:  # noqa: ARG002 - it lists all
        self._about_to(f"list {prefix}")
        return {
            key: Found(size_bytes=len(stored.content), etag=stored.etag, modified=stored.modified)
            for key, stored in sorted(self.objects.items())
            if not prefix or key.startswith(f"{prefix}/")
        }

    def read(self, key: str, *, most_bytes: int) -> bytes | None:  # noqa: ARG002 - nothing is large
        self._about_to(f"read {key}")
        return self.objects[key].content if key in self.objects else None

    def write(self, key: str, content: bytes | Iterator[bytes], headers: Headers) -> str | None:
        whole = content if isinstance(content, bytes) else b"".join(content)
        self._about_to(f"write {key}")
        self.put(key, whole, headers)
        return self.objects[key].etag

    def remove(self, keys: Sequence[str]) -> None:
        for key in keys:
            self._about_to(f"remove {key}")
            self.objects.pop(key, None)

    @property
    def changes(self) -> list[str]:
        return [what for what in self.said if not what.startswith(("list", "read"))]
