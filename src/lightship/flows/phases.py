"""How long each phase of a flow took, in wall seconds."""

import contextlib
import time
from collections.abc import Iterator

__all__ = ["Phases"]


class Phases:
    """A stopwatch: ``with phases("fetch"):`` adds to that phase; ``seconds`` has them in the order they began."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def __call__(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        self.seconds.setdefault(name, 0.0)
        try:
            yield
        finally:
            self.seconds[name] += time.monotonic() - began
