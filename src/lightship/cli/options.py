"""Options that commands share, made from `lightship.settings` and the contract of the command line.

Every option is made by `flag`, which gives it its environment variable: ``LIGHTSHIP_`` and the long name.
"""

import logging
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from lightship.cli.wording import VisibleFormatter
from lightship.settings import SETTINGS, Setting

__all__ = [
    "VARIABLES",
    "Session",
    "check_options",
    "common_options",
    "default_jobs",
    "engine_option",
    "examples",
    "flag",
    "output_options",
    "platform_option",
    "probe_options",
    "project_options",
    "registry_options",
    "report_options",
    "setting_options",
    "settings_of",
]

_Command = TypeVar("_Command", bound=Callable[..., Any])
_Decorator = Callable[[_Command], _Command]


VARIABLES = "Every option is also an environment variable: --cache-dir is LIGHTSHIP_CACHE_DIR."


def examples(*lines: str) -> str:
    """The end of a command's help: ``lines`` to copy, each in a line of its own, then `VARIABLES`."""
    shown = "\n".join(f"  {line}" for line in lines)
    return f"\b\nExamples:\n{shown}\n\n{VARIABLES}"


class Session:
    """What is known before a command runs: `debug` is set while options are read, so that errors in them show it."""

    debug = False


class _Option(click.Option):
    """A repeatable option takes several words from its variable, quoted as in a shell."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        text = self.resolve_envvar_value(ctx)
        if text is None or not self.multiple:
            return super().value_from_envvar(ctx)
        try:
            return shlex.split(text)
        except ValueError as error:
            raise click.BadParameter(f"not understood: {error}", ctx=ctx, param_hint=str(self.envvar)) from error


class _WordsOption(_Option):
    """A command: its variable is one text, which `lightship.config` splits."""

    def value_from_envvar(self, ctx: click.Context) -> Any:
        text = self.resolve_envvar_value(ctx)
        return None if text is None else (text,)


_MOST_WORKERS = 256


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_WORKERS):
        raise click.BadParameter(f"want a whole number from 1 to {_MOST_WORKERS}, got {text!r}")
    return int(text)


def flag(*names: str, words: bool = False, **attributes: Any) -> Callable[[_Command], _Command]:
    """An option of a command; ``--cache-dir`` is also ``LIGHTSHIP_CACHE_DIR``. ``words`` marks a command line."""
    long = next(name for name in names if name.startswith("--"))
    variable = "LIGHTSHIP_" + long.split("/")[0].removeprefix("--").replace("-", "_").upper()
    return click.option(*names, cls=_WordsOption if words else _Option, envvar=variable, **attributes)


def _remember_debug(ctx: click.Context, _param: click.Parameter, value: bool) -> None:
    session = ctx.find_object(Session)
    if session is not None and value:
        session.debug = True
        logging.basicConfig(level=logging.DEBUG, stream=sys.stderr)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(VisibleFormatter(logging.BASIC_FORMAT))
        for talker in ("httpx2", "httpcore2"):  # they tell whole addresses, with the passwords and tokens in them
            logging.getLogger(talker).setLevel(logging.WARNING)


def common_options(command: _Command) -> _Command:
    """``-q -v --debug --cache-dir --jobs``."""
    made: tuple[_Decorator[_Command], ...] = (
        flag("-q", "--quiet", is_flag=True, help="Say nothing but errors."),
        flag("-v", "--verbose", is_flag=True, help="Say more: every note, digests, what is tried again."),
        flag(
            "--debug",
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_remember_debug,
            help="Log everything; an error shows its traceback.",
        ),
        flag(
            "--cache-dir",
            type=click.Path(path_type=Path, file_okay=False),
            metavar="DIR",
            help="Where the cache is. Default: lightship in $XDG_CACHE_HOME or ~/.cache.",
        ),
        flag(
            "--jobs",
            type=_workers,
            metavar="N",
            help="Workers, 1 to 256. Default: the cores this process may use.",
        ),
    )
    for option in reversed(made):
        command = option(command)
    return command


def registry_options(command: _Command) -> _Command:
    """``--plain-http --ca-file``: what `lightship.config.registry_access` is given beside the environment."""
    made: tuple[_Decorator[_Command], ...] = (
        flag(
            "--plain-http",
            is_flag=True,
            help="Speak to registries without TLS where they have none. Loopback needs no permission.",
        ),
        flag(
            "--ca-file",
            type=click.Path(path_type=Path, exists=True, dir_okay=False),
            metavar="FILE",
            help="Certificates to trust for registries, beside the system's: PEM.",
        ),
    )
    for option in reversed(made):
        command = option(command)
    return command


def platform_option(command: _Command) -> _Command:
    """``--platform``: which image of an index a command means that looks at one."""
    return flag(
        "--platform", metavar="OS/ARCH", help="Which image of an index. Default: linux on this machine's processor."
    )(command)


def report_options(
    *formats: str, said: str = "", written: str = "", image: str = "the image is named without -o: {}"
) -> Callable[[_Command], _Command]:
    """``--format -o``: the parameters ``form`` and ``report_file``. The first of ``formats`` is the default; ``said``
    and ``written`` are added to what the two say. ``image`` is the hint for whoever gives ``-o`` an image."""

    def check(_ctx: click.Context, _param: click.Parameter, file: Path | None) -> Path | None:
        if file is not None:
            _check_report_file(file, image)
        return file

    options: tuple[Callable[[Any], Any], ...] = (
        flag(
            "--format",
            "form",
            type=click.Choice(formats),
            default=formats[0],
            help=f"Of the report{said}. Default: {formats[0]}.",
        ),
        flag(
            "-o",
            "--report-file",
            type=click.Path(path_type=Path, dir_okay=False),
            metavar="FILE",
            callback=check,
            help=f"Write the report to FILE{written}.",
        ),
    )

    def decorate(command: _Command) -> _Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def _check_report_file(file: Path, image: str) -> None:
    """Raise UsageError for what cannot be written to; before the work whose report would be lost."""
    from lightship.errors import UsageError
    from lightship.oci.reference import TRANSPORTS

    if str(file).partition(":")[0] in TRANSPORTS:
        raise UsageError(f"-o is for the report: got {file}", hint=image.format(file))
    if not file.parent.is_dir():
        raise UsageError(
            f"-o {file}: there is no directory {file.parent}", hint=f"mkdir -p {shlex.quote(str(file.parent))}"
        )


def engine_option(command: _Command) -> _Command:
    """``--engine``: where a command starts an image, a name for `lightship.launch.engine.find_engine`."""
    return flag(
        "--engine",
        type=click.Choice(["docker", "podman", "runc"]),
        help="Start it there, with the same options. Default: the embedded sandbox, which needs no engine.",
    )(command)


def default_jobs(given: int | None) -> int:
    """The number of workers: as given, else the cores this process may use."""
    return given if given is not None else max(1, len(os.sched_getaffinity(0)))


def probe_options(command: _Command) -> _Command:
    """A flag for every setting of a probe, for commands that start an image and build none."""
    for setting in reversed(SETTINGS):
        if setting.key.startswith("probe.") and setting.key != "probe.allow-stale-trace":
            command = _option(setting)(command)
    return command


_PROJECT = ("image.python", "image.system-packages", "build.lock", "build.groups", "build.extras")


def project_options(command: _Command) -> _Command:
    """A flag for every setting that says which packages of a project count, and on which Python."""
    for setting in reversed(SETTINGS):
        if setting.key in _PROJECT:
            command = _option(setting)(command)
    return command


def settings_of(*keys: str) -> Callable[[_Command], _Command]:
    """A flag for each setting of ``keys``, for commands that read no configuration."""

    def decorate(command: _Command) -> _Command:
        for setting in reversed(SETTINGS):
            if setting.key in keys:
                command = _option(setting)(command)
        return command

    return decorate


def setting_options(command: _Command) -> _Command:
    """A flag for every setting; None or () when not given, so that the file and the defaults show through."""
    for setting in reversed(SETTINGS):
        command = _option(setting)(command)
    return command


def _option(setting: Setting) -> Callable[[_Command], _Command]:
    shared: dict[str, Any] = {"help": setting.help}
    match setting.kind:
        case "switch":
            return flag(setting.flag, setting.name, default=None, **shared)
        case "choice":
            return flag(setting.flag, setting.name, type=click.Choice(setting.choices), **shared)
        case "number":
            return flag(setting.flag, setting.name, type=int, metavar="N", **shared)
        case "words":
            shared["help"] += " One text, split as a shell does, or one word each time."
            return flag(setting.flag, setting.name, multiple=True, words=True, metavar="WORDS", **shared)
        case "list":
            shared["help"] += " Repeatable."
            return flag(setting.flag, setting.name, multiple=True, metavar="TEXT", **shared)
        case "table":
            shared["help"] += " Repeatable."
            return flag(setting.flag, setting.name, multiple=True, metavar="NAME=VALUE", **shared)
        case "seconds":
            return flag(setting.flag, setting.name, metavar="DURATION", **shared)
        case _:
            return flag(setting.flag, setting.name, metavar="TEXT", **shared)


def output_options(command: _Command) -> _Command:
    """``--tag --output``: what an image that is made is called, and where it goes."""
    made: tuple[_Decorator[_Command], ...] = (
        flag("-t", "--tag", "tags", multiple=True, metavar="NAME", help="Name of the image, with a tag. Repeatable."),
        flag(
            "--output",
            "outputs",
            multiple=True,
            metavar="IMAGE",
            help="Where the image goes: oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, docker-daemon:REF, "
            "containers-storage:REF, docker://REF. Default: the cache, where lightship run NAME finds it. Repeatable.",
        ),
    )
    for option in reversed(made):
        command = option(command)
    return command


def check_options(command: _Command) -> _Command:
    """``--check --skip --ignore``: which checks are made, and what of their findings counts."""
    made: tuple[_Decorator[_Command], ...] = (
        flag(
            "--check", "only", multiple=True, metavar="NAME", help="Make this check alone: -v names them. Repeatable."
        ),
        flag("--skip", multiple=True, metavar="NAME", help="Leave this check out. Repeatable."),
        flag(
            "--ignore",
            multiple=True,
            metavar="PATTERN",
            help="Findings to pass over: a code, or code:location, with wildcards. Repeatable.",
        ),
    )
    for option in reversed(made):
        command = option(command)
    return command
