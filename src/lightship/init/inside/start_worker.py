"""Finds the modules that a start of the application imports. Run by the Dockerfile, while it is built.

    python start.py MODULES --environment /opt/venv --ask http://127.0.0.1:8000/health [--lock FILE] -- gunicorn app:app

Starts the command, waits until it answers, ends it, and writes the sources that Python made bytecode of meanwhile: one
path a line, sorted, those of the environment and of the standard library. Where the application does not come up (it
wants a database, or a secret) it says so and writes no path, which means all modules; so does BYTECODE=all. A
``--lock`` that is there, of a start that `lightship build` traced, is taken instead. Needs Python 3.9 or later and
nothing else.
"""

import argparse
import contextlib
import http.client
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO

__all__ = ["imported_modules", "main"]

_PATIENCE = 90.0
"""Seconds for the whole start."""
_QUIET = 5.0
"""Seconds without another module, after which an application that refuses (not ready, not allowed) has come up."""


def main(arguments: "list[str] | None" = None) -> None:
    """The command line of the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("modules", type=Path)
    parser.add_argument("--environment", type=Path, required=True)
    parser.add_argument("--ask", required=True)
    parser.add_argument("--lock", type=Path)
    parser.add_argument("--patience", type=float, default=_PATIENCE)
    parser.add_argument("command", nargs="+")
    asked = parser.parse_args(arguments)
    if os.environ.get("BYTECODE") == "all":
        found = []
    elif asked.lock is not None and asked.lock.is_file():
        head = asked.lock.read_text().split("\n[", 1)[0]
        found = [line for line in head.splitlines() if line.endswith(".py")]
    else:
        found = imported_modules(asked.command, asked.environment, asked.ask, asked.patience)
    asked.modules.write_text("".join(f"{name}\n" for name in ("# modules of a start", *found)))
    _say(f"bytecode for the {len(found)} modules of a start" if found else "bytecode for all modules")


def imported_modules(command: "list[str]", environment: Path, address: str, patience: float = _PATIENCE) -> "list[str]":
    """Paths without a leading slash; none where ``command`` ends, or does not answer within ``patience`` seconds."""
    with _folder() as made:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": made, "HOME": made}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        try:
            process = subprocess.Popen(command, env=env, start_new_session=True)
        except OSError as error:
            _say(f"{command[0]} cannot be started: {error}")
            return []
        try:
            problem = _wait_until_up(process, Path(made), address, patience)
        finally:
            _end(process)
        if problem:
            _say(f"the start {problem}")
            return []
        return sorted(_sources(Path(made), environment))


@contextlib.contextmanager
def _folder() -> "Iterator[str]":
    """What detached itself from the command may write there to the end: that is no reason to fail."""
    made = tempfile.mkdtemp()
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")


def _wait_until_up(process: "subprocess.Popen[bytes]", made: Path, address: str, patience: float) -> str:
    """An empty text once the application is up, else what went wrong."""
    limit = time.monotonic() + patience
    count, since = -1, time.monotonic()
    while time.monotonic() < limit:
        if process.poll() is not None:
            return f"ended with status {process.returncode}"
        status = _answer(address)
        number = len(_compiled(made)) if status >= 400 else count
        if number != count:
            count, since = number, time.monotonic()
        if 0 < status < 400 or (status >= 400 and time.monotonic() - since > _QUIET):
            return ""
        time.sleep(0.2)
    return f"did not answer {address} within {patience:g} s"


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Followed within the application alone: one that leads elsewhere, to TLS mostly, is the answer."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: "IO[bytes]",
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> "urllib.request.Request | None":
        there = urllib.parse.urlsplit(newurl)
        if (there.scheme, there.netloc) != ("http", req.host):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _answer(address: str) -> int:
    """The status, or 0 where nobody answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _Redirects())
    try:
        with opener.open(address, timeout=5) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError, http.client.HTTPException):
        return 0


def _end(process: "subprocess.Popen[bytes]") -> None:
    """At once: nothing that it leaves behind is kept."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _compiled(made: Path) -> "list[Path]":
    """Bytecode below ``made``, which is a home too: a folder that goes while it is listed is passed over."""
    return [Path(folder, name) for folder, _, names in os.walk(made) for name in names if name.endswith(".pyc")]


def _sources(made: Path, environment: Path) -> "set[str]":
    """``PREFIX/opt/venv/lib/a.cpython-312.pyc`` is of ``opt/venv/lib/a.py`` (PEP 304's tree, sys.pycache_prefix)."""
    trees = (environment, Path(sysconfig.get_path("stdlib")))
    found = {path.relative_to(made).parent / f"{path.name.split('.')[0]}.py" for path in _compiled(made)}
    return {path.as_posix() for path in found if any(tree in Path("/", path).parents for tree in trees)}


if __name__ == "__main__":
    main()
