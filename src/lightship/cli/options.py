"""Options that commands share, made from `lightship.settings` and the contract of the command line."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lightship.settings import SETTINGS, Setting

__all__ = ["common_options", "default_jobs", "setting_options"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


def common_options(command: _Command) -> _Command:
    """``-q -v --debug --cache-dir --jobs``."""
    for option in reversed(
        (
            click.option("-q", "--quiet", is_flag=True, envvar="LIGHTSHIP_QUIET", help="Say nothing but errors."),
            click.option("-v", "--verbose", is_flag=True, envvar="LIGHTSHIP_VERBOSE", help="Say more."),
            click.option("--debug", is_flag=True, envvar="LIGHTSHIP_DEBUG", help="Log everything, show tracebacks."),
            click.option(
                "--cache-dir",
                type=click.Path(path_type=Path, file_okay=False),
                envvar="LIGHTSHIP_CACHE_DIR",
                help="Where the cache is. Default: ~/.cache/lightship.",
            ),
            click.option(
                "--jobs",
                type=click.IntRange(1, 256),
                envvar="LIGHTSHIP_JOBS",
                help="Workers. Default: the cores this process may use.",
            ),
        )
    ):
        command = option(command)
    return command


def default_jobs(given: int | None) -> int:
    """The number of workers: as given, else the cores this process may use."""
    return given if given is not None else max(1, len(os.sched_getaffinity(0)))


def setting_options(command: _Command) -> _Command:
    """A flag for every setting; None or () when not given, so that the file and the defaults show through."""
    for setting in reversed(SETTINGS):
        command = _option(setting)(command)
    return command


def _option(setting: Setting) -> Callable[[_Command], _Command]:
    shared: dict[str, Any] = {"envvar": setting.variable, "help": setting.help}
    match setting.kind:
        case "switch":
            return click.option(setting.flag, setting.name, default=None, **shared)
        case "choice":
            return click.option(setting.flag, setting.name, type=click.Choice(setting.choices), **shared)
        case "number":
            return click.option(setting.flag, setting.name, type=int, **shared)
        case "list" | "table":
            shared["help"] += " Repeatable."
            return click.option(setting.flag, setting.name, multiple=True, **shared)
        case _:
            return click.option(setting.flag, setting.name, **shared)
