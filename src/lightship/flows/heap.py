"""Memory that was freed goes back to the system: glibc's allocator is told what a build is like.

A build's threads take buffers of a few MiB and free them again. glibc keeps them: each thread has an arena of its own,
and whoever frees a large block raises the size from which blocks are mapped one by one, up to 32 MiB
(https://man7.org/linux/man-pages/man3/mallopt.3.html, man-pages 6.9). With two workers Dify's API, every layer made,
stayed at 285 MB to the end of its build; told, at 208 MB (glibc 2.36, `bench/memory.py`).
"""

import contextlib

__all__ = ["return_freed_memory"]

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD, _M_ARENA_MAX = -1, -3, -8
"""Parameters of mallopt, ``malloc.h`` of glibc 2.36."""


def return_freed_memory() -> None:
    """Two arenas; blocks from 1 MiB on are mapped, and unmapped when they are freed. Nothing where libc is another."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_M_ARENA_MAX, 2)
        mallopt(_M_MMAP_THRESHOLD, 1 << 20)
        mallopt(_M_TRIM_THRESHOLD, 1 << 23)
