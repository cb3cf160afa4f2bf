"""What the allocator is told, seen from outside: a freed block of some MiB is not resident any more."""

import subprocess
import sys

import pytest

_SCRIPT = """
import ctypes
from lightship.flows.heap import return_freed_memory

libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

def resident():
    return int(open("/proc/self/statm").read().split()[1])

def taken(size):
    blocks = [libc.malloc(size) for _ in range(16)]
    for block in blocks:
        ctypes.memset(block, 1, size)
    pin = libc.malloc(100_000)  # lies above them in the heap, which cannot shrink below it
    for block in blocks:
        libc.free(block)
    return pin

if TELL:
    return_freed_memory()
libc.free(libc.malloc(30 << 20))  # what teaches glibc to keep blocks of up to 30 MiB
before = resident()
taken(4 << 20)
print((resident() - before) // 256)
"""


def _kept_mib(*, told: bool) -> int:
    script = _SCRIPT.replace("TELL", str(told))
    return int(subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator")
def test_freed_blocks_are_given_back() -> None:
    assert _kept_mib(told=True) < 8
    assert _kept_mib(told=False) > 32  # or there would be nothing to tell
