"""The only way to start a foreign program: a list of arguments, no shell, a clean error.

Other modules must not use `subprocess`; a test holds this.
"""

import logging
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from lightship.errors import ToolError

__all__ = ["DEVNULL", "PIPE", "Popen", "TimeoutExpired", "run", "spawn", "which"]

_log = logging.getLogger(__name__)

Popen = subprocess.Popen
DEVNULL = subprocess.DEVNULL
PIPE = subprocess.PIPE
TimeoutExpired = subprocess.TimeoutExpired


def which(program: str) -> str | None:
    """Path of ``program`` on PATH, or None."""
    import shutil  # with it come archives of every kind

    return shutil.which(program)


def run(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: bytes | None = None,
    timeout_s: float | None = None,
    check: bool = True,
    hint: str | None = None,
) -> subprocess.CompletedProcess[bytes]:
    """Run ``argv`` to its end and return it with stdout and stderr as bytes.

    Raise ToolError when the program is missing, exceeds ``timeout_s``, or (with ``check``) exits non-zero;
    the message ends with the last line of its stderr.
    """
    _log.debug("run %s", argv)
    try:
        done = subprocess.run(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            input=stdin if stdin is not None else b"",
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError as error:
        raise ToolError(f"program not found: {argv[0]}", hint=hint or f"install {argv[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise ToolError(f"{argv[0]} did not end within {timeout_s:g} s", hint=hint) from error
    if check and done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        last = f": {said[-1]}" if said else ""
        raise ToolError(f"{argv[0]} failed with status {done.returncode}{last}", hint=hint)
    return done


def spawn(
    argv: Sequence[str],
    *,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
    stdin: int | IO[bytes] | None = None,
    stdout: int | IO[bytes] | None = None,
    stderr: int | IO[bytes] | None = None,
    pass_fds: Sequence[int] = (),
    new_session: bool = False,
) -> "subprocess.Popen[bytes]":
    """Start ``argv`` and return the running process; the caller waits for it. Streams left None are inherited."""
    _log.debug("spawn %s", argv)
    try:
        return subprocess.Popen(
            list(argv),
            cwd=cwd,
            env=dict(env) if env is not None else None,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            pass_fds=tuple(pass_fds),
            start_new_session=new_session,
        )
    except FileNotFoundError as error:
        raise ToolError(f"program not found: {argv[0]}", hint=f"install {argv[0]}") from error
