"""Compiles Python sources inside a sandbox, for the interpreter that runs this file. Standard library only, 3.9+.

Started with ``-c``: reads requests from descriptor 0 and answers on descriptor 1. Nothing is imported or executed of
what it is sent: only `compile`. Every request is served by a fork of the pristine process, so that neither the memory
nor a crash of one is seen by the next.

Request:  ``u``, u32 length, JSON ``{"optimize": 0, "files": [[path, size], …]}``, the sources one after another.
Answer:   for each file u32 index, ``c`` (a pyc) or ``e`` (JSON: line, message), u32 length, bytes;
          then u32 0xffffffff, ``d`` (done) or ``x`` (the fork died), u32 length, wait status as text.
First of all one answer ``h`` with index 0: JSON about the interpreter.
"""

import _imp
import gc
import importlib.util
import json
import marshal
import os
import struct
import sys
import types
import warnings

HEAD = struct.Struct("<IcI")
END = 0xFFFFFFFF
CPU_LIMIT_S = 600
MEMORY_LIMIT_BYTES = 8 << 30
UNCHECKED_HASH = struct.pack("<I", 0b01)  # PEP 552: hash-based, check_source not set
RAW_MAGIC = int.from_bytes(importlib.util.MAGIC_NUMBER, "little")


def read(count: int) -> bytes:
    parts = []
    while count:
        part = os.read(0, min(count, 1 << 20))
        if not part:
            raise EOFError
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def answer(index: int, kind: bytes, body: bytes) -> None:
    rest = memoryview(HEAD.pack(index, kind, len(body)) + body)
    while rest:
        rest = rest[os.write(1, rest) :]


def held(code: types.CodeType) -> tuple[list[object], bool]:
    """References to everything that ``code`` is made of, and whether its shape depends on what else is alive.

    Up to 3.10 `marshal` marks an object as shared when its reference count is above one, and an interned string's
    count depends on what else the process has compiled: with one more reference to each of them it never does.
    The compiler itself gives a constant set a copy for each function when the set's strings are interned already
    (intern_constants in CPython's codeobject.c), and the name of a nested class a second object when that is
    interned already (3.13): then ``code`` depends on what else is alive.
    """
    found: list[object] = []
    texts: set[str] = set()
    dotted: set[str] = set()
    work: list[object] = [code]
    sets = False
    while work:
        part = work.pop()
        found.append(part)
        if isinstance(part, types.CodeType):
            names = (part.co_names, part.co_varnames, part.co_freevars, part.co_cellvars)
            qualified = getattr(part, "co_qualname", "")
            tables = (getattr(part, "co_linetable", b""), getattr(part, "co_exceptiontable", b""))
            found += (*names, part.co_name, part.co_filename, qualified, *tables)
            work += (part.co_consts, *names)
            if "." in qualified:
                dotted.add(qualified)
        elif isinstance(part, str):
            texts.add(part)
        elif isinstance(part, (tuple, frozenset)):
            work.extend(part)
            sets = sets or isinstance(part, frozenset)
    return found, sets or not texts.isdisjoint(dotted)


def compiled(path: str, source: bytes, optimize: int) -> bytes:
    """The pyc of one source; its code objects name ``/path``. The same bytes in every process of one interpreter."""
    code = compile(source, "/" + path, "exec", dont_inherit=True, optimize=optimize)
    references, depends = held(code)
    if depends:  # with the first result alive everything it names is interned: the second is always the same
        code = compile(source, "/" + path, "exec", dont_inherit=True, optimize=optimize)
        references += held(code)[0]
    body = marshal.dumps(code)
    del references
    return importlib.util.MAGIC_NUMBER + UNCHECKED_HASH + _imp.source_hash(RAW_MAGIC, source) + body


def serve() -> None:
    (length,) = struct.unpack("<I", read(4))
    request = json.loads(read(length))
    sources = [read(size) for _, size in request["files"]]
    gc.disable()
    limit()
    for index, (path, _) in enumerate(request["files"]):
        try:
            kind, body = b"c", compiled(path, sources[index], request["optimize"])
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, UnicodeError) as error:
            line = getattr(error, "lineno", None) or 0
            message = getattr(error, "msg", None) or str(error) or type(error).__name__
            kind, body = b"e", json.dumps({"line": line, "message": message}).encode()
        answer(index, kind, body)


def limit() -> None:
    try:
        import resource
    except ImportError:  # an interpreter without it compiles all the same
        return
    for which, value in ((resource.RLIMIT_CPU, CPU_LIMIT_S), (resource.RLIMIT_AS, MEMORY_LIMIT_BYTES)):
        try:
            resource.setrlimit(which, (value, value))
        except (ValueError, OSError):  # a harder limit is in force already
            continue


def intern_single_characters() -> None:
    """Each of them is one object in the whole process, which `marshal` marks once some file has used it as a name."""
    for number in range(256):
        sys.intern(chr(number))
    sys.intern("")


def main() -> None:
    warnings.simplefilter("ignore")
    intern_single_characters()
    facts = {
        "magic": importlib.util.MAGIC_NUMBER.hex(),
        "cache_tag": sys.implementation.cache_tag,
        "version": ".".join(map(str, sys.version_info[:3])),
        "implementation": sys.implementation.name,
    }
    answer(0, b"h", json.dumps(facts).encode())
    while os.read(0, 1) == b"u":
        child = os.fork()
        if not child:
            outcome = 70
            try:
                serve()
                outcome = 0
            finally:
                os._exit(outcome)
        status = os.waitpid(child, 0)[1]
        answer(END, b"x" if status else b"d", str(status).encode())


if __name__ == "__main__":
    main()
