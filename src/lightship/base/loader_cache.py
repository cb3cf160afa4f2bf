"""``/etc/ld.so.cache``: what ldconfig(8) would write. glibc 2.36, sysdeps/generic/dl-cache.h and elf/cache.c.

The loader finds the base's libraries without it. It is written for directories that ``ld.so.conf`` adds, and because
Python's `ctypes.util.find_library` believes nothing but ``ldconfig -p``, which prints this file.
"""

import functools
import re
import struct
from collections.abc import Iterable, Mapping

from lightship.errors import UsageError

__all__ = ["configured_directories", "loader_cache"]

_MAGIC = b"glibc-ld.so.cache1.1"
_LITTLE_ENDIAN = 2
_FLAGS = {"x86_64": 0x0303, "aarch64": 0x0A03}
"""FLAG_ELF_LIBC6 with FLAG_X8664_LIB64 or FLAG_AARCH64_LIB64."""
_HEADER = struct.Struct("<20sIIB3xI12x")
_ENTRY = struct.Struct("<iIIIQ")


def loader_cache(libraries: Mapping[str, str], machine: str) -> bytes:
    """The cache of ``libraries``: soname to its path inside the root, without a leading slash."""
    if machine not in _FLAGS:
        raise UsageError(f"loader cache: machine not supported: {machine}")
    # The loader searches by halves, with numbers compared as numbers, from the greatest down.
    names = sorted(libraries, key=functools.cmp_to_key(_compare), reverse=True)
    start = _HEADER.size + _ENTRY.size * len(names)
    strings = bytearray()
    entries = bytearray()
    for name in names:
        key = start + len(strings)
        strings += name.encode() + b"\0"
        value = start + len(strings)
        strings += f"/{libraries[name]}".encode() + b"\0"
        entries += _ENTRY.pack(_FLAGS[machine], key, value, 0, 0)
    return _HEADER.pack(_MAGIC, len(names), len(strings), _LITTLE_ENDIAN, 0) + bytes(entries) + bytes(strings)


def _compare(left: str, right: str) -> int:
    """``_dl_cache_libcmp``: runs of digits by value, everything else by byte, and a digit after every other byte."""
    one, two = re.findall(r"[0-9]+|.", left), re.findall(r"[0-9]+|.", right)
    for first, second in zip(one, two, strict=False):
        if first[0].isdigit() and second[0].isdigit():
            if int(first) != int(second):
                return int(first) - int(second)
        elif first[0].isdigit() != second[0].isdigit():
            return 1 if first[0].isdigit() else -1
        elif first != second:
            return ord(first) - ord(second)
    return len(one) - len(two)


def configured_directories(files: Iterable[tuple[str, str]]) -> list[str]:
    """Directories that ``ld.so.conf.d/*.conf`` files, as (path, text), add to the loader's search; in their order."""
    found: dict[str, None] = {}
    for _, text in sorted(files):
        for line in text.splitlines():
            word = line.partition("#")[0].strip()
            if word.startswith("/"):
                found[re.sub(r"^/(lib|lib64)(?=/|$)", r"/usr/\1", word).strip("/")] = None
    return list(found)
