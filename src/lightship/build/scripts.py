"""Programs in the environment's ``bin``: from entry points, and scripts whose shebang names the environment.

Entry points specification (packaging.python.org/specifications/entry-points, 2024); binary distribution format,
"The .data directory".
"""

import configparser
import re
from typing import NamedTuple

from lightship.errors import ArchiveError, HostileError

__all__ = ["EntryPoint", "parse_script_entry_points", "rewrite_shebang", "script_text"]

_SECTIONS = ("console_scripts", "gui_scripts")
_VALUE = re.compile(r"(?P<module>[A-Za-z_][\w.]*+)\s*+:\s*+(?P<attr>[A-Za-z_][\w.]*+)\s*+(?:\[.*\])?\s*")
_NAME = re.compile(r"[^/\\\0-\x1f\x7f=]+")
_BLANKS = re.compile(rb"[ \t\r\f\v]{256}")
_CAP_BYTES = 1 << 20
"""Real files are below 50 kB. With the blanks it bounds `configparser`, whose patterns take quadratic time."""

_SCRIPT = """\
#!{python}
# -*- coding: utf-8 -*-
import sys
from {module} import {first}
if __name__ == "__main__":
    if sys.argv[0].endswith("-script.pyw"):
        sys.argv[0] = sys.argv[0][:-11]
    elif sys.argv[0].endswith(".exe"):
        sys.argv[0] = sys.argv[0][:-4]
    sys.exit({attr}())
"""


class EntryPoint(NamedTuple):
    """``name = module:attr``."""

    name: str
    module: str
    attr: str


class _Parser(configparser.ConfigParser):
    """Names keep their case, as the specification demands."""

    def optionxform(self, optionstr: str) -> str:
        return optionstr


def parse_script_entry_points(raw: bytes, what: str) -> tuple[EntryPoint, ...]:
    """Console and GUI scripts of an ``entry_points.txt``, in its order.

    Raise ArchiveError, naming ``what``, for a file or a value that breaks the specification, HostileError for a name
    that is no plain file name.
    """
    if not any(section.encode() in raw for section in _SECTIONS):
        return ()
    if len(raw) > _CAP_BYTES or _BLANKS.search(raw):
        raise HostileError(f"{what}: entry_points.txt is out of proportion: {len(raw)} bytes, or hundreds of blanks")
    parser = _Parser(delimiters=("=",), interpolation=None)
    try:
        parser.read_string(raw.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError) as error:
        message = str(error).replace("\n", " ")
        raise ArchiveError(f"{what}: entry_points.txt cannot be read: {message}") from error
    found: list[EntryPoint] = []
    for section in _SECTIONS:
        for name, value in parser.items(section) if parser.has_section(section) else ():
            match = _VALUE.fullmatch(value)
            if match is None:
                raise ArchiveError(f"{what}: script {name!r}: want module:function, got {value!r}")
            if not _NAME.fullmatch(name) or name in (".", ".."):
                raise HostileError(f"{what}: script name is no file name: {name!r}")
            found.append(EntryPoint(name, match["module"], match["attr"]))
    return tuple(found)


def script_text(entry_point: EntryPoint, python: str) -> bytes:
    """A script that calls the entry point with the interpreter at the absolute path ``python``, as uv writes it.

    pip's text imports ``re`` first, which every start of the program would pay for.
    """
    first = entry_point.attr.partition(".")[0]
    return _SCRIPT.format(python=python, module=entry_point.module, first=first, attr=entry_point.attr).encode()


def rewrite_shebang(script: bytes, python: str) -> bytes:
    """``script``, whose first line begins ``#!python``, with a first line that names ``python`` instead.

    Arguments on that line are dropped, as uv and pip do; ``#!pythonw`` means the same interpreter here.
    """
    return b"#!" + python.encode() + b"\n" + script.partition(b"\n")[2]
