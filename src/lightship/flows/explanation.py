"""One JSON file for an image: the explanations of its layers (`lightship.plan.explain`), one after the other.

They have twenty megabytes, nearly all of them of layers that a changed line leaves as they were: those are copied while
the others are made, and by the kernel.
"""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BufferedRandom
from pathlib import Path

from lightship.paths import storage_errors
from lightship.plan.explain import PLAN_SCHEMA
from lightship.store.cache import Cache, cache_key

__all__ = ["image_explanation"]

_KIND = "explanations"


@contextlib.contextmanager
def image_explanation(cache: Cache, lower: Sequence[str]) -> Iterator[Callable[[Sequence[str]], Path]]:
    """Begin the file with the explanations ``lower`` of the cache, in the background, until the block ends. What is
    yielded is called once, with the names of those that are to follow; it returns where the file is in the cache."""
    head = f'{{"schema":"{PLAN_SCHEMA}","layers":[\n'.encode()
    with cache.incoming(_KIND) as incoming, ThreadPoolExecutor(1, thread_name_prefix="explanation") as pool:
        begun = pool.submit(_copy, incoming.stream, head, [cache.path(_KIND, name) for name in lower])

        def finish(names: Sequence[str]) -> Path:
            begun.result()
            with storage_errors("write to the cache"):
                _copy(incoming.stream, b",\n" if lower and names else b"", [cache.path(_KIND, name) for name in names])
                incoming.stream.write(b"\n]}\n")
                return incoming.keep_as(cache_key("explanation", PLAN_SCHEMA, *lower, "|", *names))

        yield finish


def _copy(stream: BufferedRandom, head: bytes, paths: Sequence[Path]) -> None:
    """Write ``head`` and the files, with a comma between each two."""
    with storage_errors("write to the cache"):
        stream.write(head)
        for number, path in enumerate(paths):
            stream.write(b",\n" if number else b"")
            stream.flush()
            with path.open("rb", buffering=0) as source:
                while os.sendfile(stream.fileno(), source.fileno(), None, 1 << 30):
                    pass
            stream.seek(0, os.SEEK_END)
