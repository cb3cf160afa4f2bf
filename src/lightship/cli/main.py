"""The entry point: finds the command, and turns every error into one sentence and an exit status.

Exit statuses: 0 good, 1 a finding at or over the threshold, 2 wrong use or bad input, 3 the world failed,
127 an image has no such program, 130 interrupted.
"""

import contextlib
import gc
import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Never

import click

from lightship import __version__
from lightship.cli.options import VARIABLES, Session
from lightship.cli.wording import sentence_of, visible
from lightship.errors import LightshipError, StorageError

__all__ = ["COMMANDS", "EXIT_STATUSES", "cli", "main"]

COMMANDS = {
    "build": "a locked Python project to a small, reproducible OCI image: no container engine, no root",
    "analyze": "what is in an image, who owns it, what is waste, what each fix saves",
    "diff": "what changed between two images, layer by layer, package by package; what a node must pull",
    "check": "budgets and growth against a baseline: the CI gate",
    "init": "Dockerfile, .dockerignore, lightship.toml, CI workflow, Makefile, nginx and Kubernetes files",
    "copy": "an image from store to store; its layers recompressed on request",
    "assets": "static files of a front end: precompressed once, and the nginx configuration that serves them right",
    "run": "start an image in the embedded sandbox: no engine",
    "verify": "start an image, run its probes, check what is in it, phase by phase",
    "lint": "Dockerfiles: what each line costs, and the edit that mends it",
    "base": "which base image fits a project's lock, and why not the others",
    "bench": "pull, unpack and cold start over a chosen link, phase by phase, side by side",
}
"""What each command does, in the order in which help lists them; their modules are imported when asked for."""

EXIT_STATUSES = {
    0: "good",
    1: "findings at or over the threshold, a budget broken, a probe failed",
    2: "wrong use or bad input",
    3: "the world failed: network, disk, engine",
    127: "run: the image has no such program",
    130: "interrupted",
}

_TURN_S = 0.0005
"""How long a thread keeps the interpreter while others want it. A thread that waits for a file or a process after every
few lines of its own would wait CPython's own 5 ms each time, for the thread that imports (measured with 3.11, 2026-11).
"""


class _LazyGroup(click.Group):
    """Imports a command's module when it is asked for, so that ``--help`` and errors cost no heavy import."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module = importlib.import_module(f"lightship.cli.{cmd_name}")
        command = module.command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


@click.group(
    cls=_LazyGroup,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=f"lightship COMMAND --help tells its options. {VARIABLES}",
)
@click.version_option(__version__, prog_name="lightship")
def cli() -> None:
    """Container images of Python applications: small, quick to pull, quick to start, and proven to work."""


def main() -> Never:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _interrupt)
    os.umask(os.umask(0o022) | 0o022)  # whatever the umask, nothing is made that others may write to
    sys.setswitchinterval(_TURN_S)
    session, status = Session(), StorageError.exit_status
    try:
        status = _guarded(lambda: cli.main(standalone_mode=False, obj=session), session)
        sys.stdout.flush()
    except BrokenPipeError:
        _forget_stdout()
    except KeyboardInterrupt:  # while an error was being told, or when all was done
        status = _fail("interrupted", None, 130)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # the interpreter's own end knows no way to tell of it
    gc.freeze()  # nothing is garbage a moment before the end: looking through it all takes 10 ms of a short command
    sys.exit(status)


def _guarded(call: Callable[[], object], session: Session) -> int:
    """The exit status of ``call``; an error is told on stderr, with its traceback where the session wants it."""
    try:
        status = call()
    except click.exceptions.NoArgsIsHelpError as error:
        sys.stderr.write(error.format_message() + "\n")
        return 2
    except click.ClickException as error:
        return _fail(*sentence_of(error), 2)
    except (click.Abort, KeyboardInterrupt):
        return _fail("interrupted", None, 130)
    except BrokenPipeError:
        _forget_stdout()
        return _fail("whoever read the output went away", None, StorageError.exit_status)
    except Exception as error:  # noqa: BLE001 - the last place where a person can be told
        if session.debug:
            import traceback

            with contextlib.suppress(BrokenPipeError):
                traceback.print_exc()
        return _told(error)
    return status if isinstance(status, int) else 0


def _told(error: Exception) -> int:
    if isinstance(error, LightshipError):
        return _fail(str(error), error.hint, error.exit_status)
    if isinstance(error, MemoryError):
        return _fail("out of memory", "fewer workers need less: --jobs 1", 3)
    if isinstance(error, OSError):
        where = f": {error.filename}" if error.filename else ""
        return _fail(f"{error.strerror or error}{where}", None, StorageError.exit_status)
    said = f"a fault in lightship itself: {type(error).__name__}: {error}"
    return _fail(said, "--debug shows where; please report it", 3)


def _fail(message: str, hint: str | None, status: int) -> int:
    with contextlib.suppress(BrokenPipeError):
        sys.stderr.write(visible(f"error: {message}\n" + (f"hint: {hint}\n" if hint else "")))
        sys.stderr.flush()
    return status


def _forget_stdout() -> None:
    """Python flushes stdout once more when it ends, and would fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _interrupt(signum: int, frame: object) -> Never:  # noqa: ARG001 - signal's signature
    raise KeyboardInterrupt
