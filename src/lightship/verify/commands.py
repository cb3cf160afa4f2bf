"""Commands that are there can be started.

What it does
============
Looks that the program of the entrypoint exists, and for every file in the directories of PATH that claims to be a
program: it has the executable bit for the image's user, and the interpreter that its first line names is there,
``env`` included. Console scripts that the packages' metadata promises are on disk.

Why
===
A virtual environment that was moved, a shell that a base does not have and a bit that was lost on the way into a layer
all end in the same two words: not found.

Bad
===
::

    bin/serve | #!/old/venv/bin/python\\n

Good
====
::

    bin/serve | #!/usr/bin/env tool\\n
    usr/bin/env | \\x7fELF
    bin/tool | \\x7fELF

References
==========
execve(2); Entry points, "Use for scripts" (packaging.python.org/specifications, 2024).
"""

import os
import posixpath
import stat
from collections.abc import Iterator

from lightship.errors import LightshipError
from lightship.findings import Finding, Kind
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.program import check_program
from lightship.verify.check import Check
from lightship.verify.subject import Subject

__all__ = ["CHECK"]

_START = Kind(code="command-missing", severity="error", title="the image cannot start its command")
_INTERPRETER = Kind(code="interpreter-missing", severity="error", title="a script whose interpreter is not there")
_BIT = Kind(code="not-executable", severity="error", title="a program without the executable bit")
_SCRIPT = Kind(code="script-missing", severity="warning", title="a console script that is not there")

_LONGEST_FIRST_LINE = 256  # execve(2)
_ADMINISTRATORS = ("sbin", "usr/sbin", "usr/local/sbin")


def _run(subject: Subject) -> Iterator[Finding]:
    yield from _entrypoint(subject)
    for directory in subject.search_path:
        if directory in _ADMINISTRATORS or not subject.is_dir(directory):
            continue
        for name in sorted(os.listdir(subject.on_host(directory))):  # noqa: PTH208 - names of the image
            yield from _program(subject, f"{directory}/{name}")
    for one in subject.installed.values():
        for point in one.entry_points:
            if point.group in ("console_scripts", "gui_scripts") and not point.extras and one.record is not None:
                yield from _promised(subject, one.name, point.name)


def _entrypoint(subject: Subject) -> Iterator[Finding]:
    if not subject.runtime.entrypoint and not subject.runtime.cmd:
        return
    try:
        with launch_command(subject.rootfs, subject.runtime, LaunchOptions(network=False)) as command:
            check_program(command)
    except LightshipError as error:
        yield _START.finding(str(error), location=" ".join((*subject.runtime.entrypoint, *subject.runtime.cmd)),
                             fix=error.hint)  # fmt: skip


def _program(subject: Subject, path: str) -> Iterator[Finding]:
    try:
        status = os.lstat(subject.on_host(path))
    except OSError:  # a dangling link: the distribution's alternatives leave such
        return
    if not stat.S_ISREG(status.st_mode):
        return
    first = _first_line(subject, path)
    if first is None or not (first.startswith((b"#!", b"\x7fELF"))):
        return
    is_script = first.startswith(b"#!")
    if not _may_execute(subject, path, status.st_mode):
        yield _BIT.finding(
            f"/{path} is {'a script' if is_script else 'a program'} that user {subject.identity.uid} may not execute "
            f"(mode {stat.S_IMODE(status.st_mode):o})",
            location=f"/{path}",
            fix=f"chmod 755 /{path}",
        )
    interpreter = _wanted(first) if is_script else None
    if interpreter is not None and not _is_there(subject, interpreter):
        yield _INTERPRETER.finding(
            f"/{path} wants {interpreter}, which is not there",
            location=f"/{path}",
            severity=None if _is_python(interpreter) or path in subject.owned else "note",
            fix="install it, or remove the script",
        )


def _is_python(interpreter: str) -> bool:
    return posixpath.basename(interpreter).startswith("python")


def _first_line(subject: Subject, path: str) -> bytes | None:
    try:
        with open(subject.on_host(path), "rb") as stream:  # noqa: PTH123 - no Path of the image's text
            return stream.read(_LONGEST_FIRST_LINE).split(b"\n", 1)[0]
    except OSError:  # not ours to read
        return None


def _wanted(first: bytes) -> str | None:
    """The program that a first line needs; what ``env`` is to find counts, not ``env``."""
    words = [os.fsdecode(word) for word in first.removeprefix(b"#!").split()]
    if not words:
        return None
    if posixpath.basename(words[0]) == "env":
        rest = [word for word in words[1:] if not word.startswith("-") and "=" not in word]
        return rest[0] if rest else words[0]
    return words[0]


def _is_there(subject: Subject, program: str) -> bool:
    if "/" in program:
        return subject.is_file(program.lstrip("/"))
    return any(subject.is_file(f"{directory}/{program}") for directory in subject.search_path)


def _may_execute(subject: Subject, path: str, mode: int) -> bool:
    uid, gid = subject.owners.get(subject.resolve(path), (0, 0))
    if subject.identity.uid == 0:
        return bool(mode & 0o111)
    if subject.identity.uid == uid:
        return bool(mode & 0o100)
    return bool(mode & (0o010 if subject.identity.gid == gid else 0o001))


def _promised(subject: Subject, owner: str, name: str) -> Iterator[Finding]:
    one = subject.installed[owner]
    places = [path for path in one.paths() if posixpath.basename(path) == name and "/bin/" in f"/{path}"]
    if not places and not any(subject.is_file(f"{directory}/{name}") for directory in subject.search_path):
        yield _SCRIPT.finding(f"{owner} has the console script {name}, which is nowhere on PATH", location=owner)


CHECK = Check(name="commands", kinds=(_START, _INTERPRETER, _BIT, _SCRIPT), run=_run, doc=__doc__, needs_python=False)
