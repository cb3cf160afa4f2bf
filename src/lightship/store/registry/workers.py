"""Several blobs at once: the first that fails stops the others, and its error is the one that is told."""

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, wait
from typing import TypeVar

from lightship.store.registry.retry import StoppedError

__all__ = ["gather"]

_T = TypeVar("_T")


def gather(futures: "Sequence[Future[_T]]", *, abort: Callable[[], None]) -> list[_T]:
    """The results, in order. On the first error, or when interrupted, the rest is cancelled and ``abort`` called."""
    try:
        wait(futures, return_when=FIRST_EXCEPTION)
        failed = [future for future in futures if future.done() and not future.cancelled() and future.exception()]
        if failed:
            abort()
            wait(futures)
    except BaseException:
        for future in futures:
            future.cancel()
        abort()
        raise
    errors = [error for future in futures if (error := future.exception()) is not None]
    told = [error for error in errors if not isinstance(error, StoppedError)]
    if errors:
        raise (told or errors)[0]
    return [future.result() for future in futures]
