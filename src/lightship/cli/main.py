"""The entry point: finds the command, and turns every error into one sentence and an exit status.

Exit statuses: 0 good, 1 a finding at or over the threshold, 2 wrong use or bad input, 3 the world failed,
130 interrupted.
"""

import importlib
import logging
import os
import signal
import sys
from typing import Never

import click

from lightship import __version__
from lightship.errors import LightshipError, StorageError

__all__ = ["cli", "main"]

_COMMANDS = {
    "build": "a locked Python project to a small, reproducible OCI image: no container engine, no root",
    "run": "start an image in the embedded sandbox: no engine",
}


class _LazyGroup(click.Group):
    """Imports a command's module when it is asked for, so that ``--help`` and errors cost no heavy import."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"lightship.cli.{cmd_name}")
        command = module.command
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lightship")
def cli() -> None:
    """Container images of Python applications: small, quick to pull, quick to start, and proven to work."""


def main() -> Never:
    """Run the command line and exit."""
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGPIPE"):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    debug = "--debug" in sys.argv or bool(os.environ.get("LIGHTSHIP_DEBUG"))
    if debug:
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
    sys.exit(_guarded(debug=debug))


def _guarded(*, debug: bool) -> int:
    try:
        status = cli.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        return 2
    except (click.Abort, KeyboardInterrupt):
        _fail("interrupted", None)
        return 130
    except LightshipError as error:
        if debug:
            raise
        _fail(str(error), error.hint)
        return error.exit_status
    except MemoryError:
        _fail("out of memory", None)
        return 3
    except OSError as error:
        if debug:
            raise
        where = f": {error.filename}" if error.filename else ""
        _fail(f"{error.strerror or error}{where}", None)
        return StorageError.exit_status
    return status if isinstance(status, int) else 0


def _fail(message: str, hint: str | None) -> None:
    sys.stderr.write(f"error: {message}\n" + (f"hint: {hint}\n" if hint else ""))


def _interrupt(signum: int, frame: object) -> Never:  # noqa: ARG001 - signal's signature
    raise KeyboardInterrupt
