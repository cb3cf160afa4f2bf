"""Cleans up behind us, however we end: a child that waits until this process lets go of a pipe, or is no more.

A container is not a child of ours; nothing ends it when this process is killed. The kernel closes our end of the pipe
even then.
"""

import os
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightship.errors import ToolError
from lightship.proc import DEVNULL, Popen, TimeoutExpired, spawn

__all__ = ["Reaper"]

_SCRIPT = """
while read -r _; do :; done
directory=$1
shift
"$@"
[ -z "$directory" ] || rm -rf -- "$directory"
"""
_PATIENCE_S = 60.0


class Reaper:
    """Runs ``argv`` once when `release` is called or this process ends; then removes ``directory``. Whether ``argv``
    succeeds is of no matter."""

    def __init__(
        self, argv: Sequence[str], *, env: Mapping[str, str] | None = None, directory: Path | None = None
    ) -> None:
        reading, writing = os.pipe()
        words = ["/bin/sh", "-c", _SCRIPT, "lightship-reaper", str(directory or ""), *argv]
        try:
            # its own session: a terminal's Ctrl-C must not end it before its work is done
            self._process: Popen[bytes] = spawn(
                words, cwd=Path("/"), env=env, stdin=reading, stdout=DEVNULL, stderr=DEVNULL, new_session=True
            )
        except BaseException:
            os.close(writing)
            raise
        finally:
            os.close(reading)
        self._close = weakref.finalize(self, os.close, writing)

    def release(self) -> None:
        """Let it work, and wait for its end; again is nothing. Raise ToolError when it takes more than a minute."""
        self._close()
        try:
            self._process.wait(_PATIENCE_S)
        except TimeoutExpired as error:
            raise ToolError(f"{self._process.args!s:.120} did not end within {_PATIENCE_S:g} s") from error
