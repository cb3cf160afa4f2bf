"""Programs and libraries of other operating systems and machines.

What it does
============
Leaves out Windows programs and libraries, macOS libraries, and ELF shared objects of another machine. The
file's own header decides, not its name.

Why
===
The kernel and the loader of the target refuse them. Assemblies for .NET are PE files as well, and run on Linux: a
PE file with a CLR header stays.

Bad
===
For x86-64::

    - pkg/launcher-64.exe | MZ
    - pkg/native.dylib | \\xcf\\xfa\\xed\\xfe
    - pkg/attach_arm.so | \\x7fELF\\x02\\x01\\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\x03\\0\\xb7\\0
      pkg/__init__.py

Good
====
::

      pkg/attach.so | \\x7fELF\\x02\\x01\\x01\\0\\0\\0\\0\\0\\0\\0\\0\\0\\x03\\0\\x3e\\0
      pkg/linker-script.so | INPUT(libspeed.so.1)
      pkg/names.exe | a list of names

References
==========
ELF gABI 4.1, ``e_machine``; Microsoft PE format, optional header data directory 14 (CLR runtime header).
"""

import struct
from collections.abc import Iterator

from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]

_MACHINES = {"x86_64": 62, "aarch64": 183}  # ELF gABI, e_machine: EM_X86_64, EM_AARCH64
_MACHO = frozenset({
    b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce",
})  # fmt: skip
_HEAD_BYTES = 1024


def _select(distribution: Distribution) -> Iterator[str]:
    for path in distribution.with_suffix(".exe", ".dll", ".pyd"):
        if _is_windows(distribution.head(path, _HEAD_BYTES)):
            yield path
    for path in distribution.with_suffix(".dylib"):
        if distribution.head(path, 4) in _MACHO:
            yield path
    machine = _MACHINES.get(distribution.target.platform.machine) if distribution.target is not None else None
    if machine is not None:
        for path in distribution.with_suffix(".so"):
            if _other_machine(distribution.head(path, 20), machine):
                yield path


def _is_windows(head: bytes) -> bool:
    """True for a DOS or PE program without a CLR header."""
    if head[:2] != b"MZ":
        return False
    if len(head) < 0x40:
        return True
    at = struct.unpack_from("<I", head, 0x3C)[0]
    if head[at : at + 4] != b"PE\0\0" or len(head) < at + 26:
        return True
    wide = struct.unpack_from("<H", head, at + 24)[0] == 0x20B
    clr = at + 24 + (112 if wide else 96) + 14 * 8
    return len(head) < clr + 8 or struct.unpack_from("<II", head, clr) == (0, 0)


def _other_machine(head: bytes, machine: int) -> bool:
    if head[:4] != b"\x7fELF" or len(head) < 20:
        return False
    order = ">" if head[5] == 2 else "<"
    return bool(struct.unpack_from(f"{order}H", head, 18)[0] != machine)


RULE = Rule(
    code="foreign-platform",
    safety="safe",
    reason="binary of another operating system or machine",
    select=_select,
    doc=__doc__,
)
