"""Compiles Python sources inside a sandbox, for the interpreter that runs this file. Standard library only, 3.9+.

Started with ``-c``: reads requests from descriptor 0 and answers on descriptor 1. Nothing is imported or executed of
what it is sent: only `compile`. Every request is served by a fork of the pristine process, so that neither the memory
nor a crash of one is seen by the next. It imports what is built in or frozen: the root it runs in has no bytecode, and
compiling `json` and what that imports would take longer than compiling a changed file.

Request:  ``u``, u32 length, fields with NUL between them (optimize, then path and size of each file), the sources one
          after another.
Answer:   for each file u32 index, ``c`` (a pyc) or ``e`` (line NUL message), u32 length, bytes;
          then u32 0xffffffff, ``d`` (done) or ``x`` (the fork died), u32 length, wait status as text.
First of all one answer ``h`` with index 0: magic in hex, cache tag, version and implementation, NUL between them.
Numbers are little endian, texts UTF-8.
"""

import _frozen_importlib_external
import _imp
import gc
import marshal
import os
import sys

END = 0xFFFFFFFF
CPU_LIMIT_S = 600
MEMORY_LIMIT_BYTES = 8 << 30
MAGIC = _frozen_importlib_external.MAGIC_NUMBER
UNCHECKED_HASH = (0b01).to_bytes(4, "little")  # PEP 552: hash-based, check_source not set
RAW_MAGIC = int.from_bytes(MAGIC, "little")
CODE = type((lambda: None).__code__)


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
    rest = memoryview(index.to_bytes(4, "little") + kind + len(body).to_bytes(4, "little") + body)
    while rest:
        rest = rest[os.write(1, rest) :]


def held(code: object) -> tuple[list[object], bool]:
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
        if isinstance(part, CODE):
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
    return MAGIC + UNCHECKED_HASH + _imp.source_hash(RAW_MAGIC, source) + body


def serve() -> None:
    first, *fields = read(int.from_bytes(read(4), "little")).decode().split("\0")
    paths = fields[::2]
    sources = [read(int(size)) for size in fields[1::2]]
    optimize = int(first)
    gc.disable()
    limit()
    sys.stderr = None  # nobody reads the warnings of what is compiled
    for index, path in enumerate(paths):
        try:
            kind, body = b"c", compiled(path, sources[index], optimize)
        except (SyntaxError, ValueError, RecursionError, MemoryError, OverflowError, UnicodeError) as error:
            line = getattr(error, "lineno", None) or 0
            message = getattr(error, "msg", None) or str(error) or type(error).__name__
            kind, body = b"e", f"{line}\0{message}".encode("utf-8", "backslashreplace")
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
    intern_single_characters()
    version = ".".join(map(str, sys.version_info[:3]))
    facts = (MAGIC.hex(), sys.implementation.cache_tag or "", version, sys.implementation.name)
    answer(0, b"h", "\0".join(facts).encode())
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
