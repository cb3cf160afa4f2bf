"""Whether the program that is to be started is there, so that its absence is told as shells and engines tell it.

execvp(3) and execve(2): a name without a slash is looked for along ``PATH``; a script starts its interpreter.
"""

import os
import posixpath
from pathlib import Path

from lightship.errors import NoCommandError
from lightship.paths import is_inside
from lightship.rootfs.links import resolve_on_disk
from lightship.sandbox.mounts import KERNEL_DIRECTORIES
from lightship.sandbox.protocol import Command

__all__ = ["check_program"]

_LONGEST_FIRST_LINE = 256  # Linux reads no more of a script to find its interpreter, execve(2)
_SHELLS = ("sh", "bash", "dash")


def check_program(command: Command) -> None:
    """Raise NoCommandError where ``command`` names a program, or a script whose interpreter, that is not there.

    What lies in the kernel's directories is left to the kernel. Nothing is executed.
    """
    program = command.argv[0]
    if "/" in program:
        places = [posixpath.join(command.cwd, program)]
    else:
        path = command.env.get("PATH", "").split(":")
        places = [posixpath.join(command.cwd, directory, program) for directory in path]
    found = next((place for place in places if _exists(command, place)), None)
    if found is None:
        on_path = "" if "/" in program else " on its PATH"
        raise NoCommandError(f"{program}: the image has no such program{on_path}", hint=_hint(program))
    interpreter = _interpreter(command, found)
    if interpreter and not _exists(command, interpreter):
        raise NoCommandError(
            f"{program}: the image has no {interpreter}, which is to interpret it", hint=_hint(interpreter)
        )


def _hint(program: str) -> str | None:
    if program == "--":
        return "the command follows the image without --"
    name = posixpath.basename(program)
    if name not in _SHELLS:
        return None
    package = "bash" if name == "bash" else "dash"
    return f'images that lightship builds have no shell unless system-packages = ["{package}"]'


def _exists(command: Command, path: str) -> bool:
    place = _on_host(command, path)
    return place is None or (os.path.lexists(place) and not os.path.isdir(place))  # noqa: PTH112


def _on_host(command: Command, path: str) -> str | None:
    """Where the host has what is at ``path`` inside; None for what only the kernel knows."""
    inside = resolve_on_disk(command.rootfs, path)
    if inside.split("/")[0] in KERNEL_DIRECTORIES:
        return None
    binds = {resolve_on_disk(command.rootfs, bind.target): bind.source for bind in command.binds}
    for target in sorted(binds, key=len, reverse=True):
        if is_inside(inside, target):
            return f"{binds[target]}{inside.removeprefix(target)}"
    return f"{command.rootfs}/{inside}"


def _interpreter(command: Command, path: str) -> str | None:
    place = _on_host(command, path)
    if place is None:
        return None
    try:
        if not Path(place).is_file():
            return None
        with open(place, "rb") as stream:  # noqa: PTH123 - no Path of the image's text
            first = stream.read(_LONGEST_FIRST_LINE).split(b"\n")[0]
    except (OSError, ValueError):
        return None  # executable, perhaps, and not to be read
    words = first.removeprefix(b"#!").split()
    if not first.startswith(b"#!") or not words:
        return None
    name = os.fsdecode(words[0])
    return name if name.startswith("/") else None
