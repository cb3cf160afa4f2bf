"""``lightship init``: the files that a good deployment needs, from a look at the project."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import VARIABLES, common_options, flag
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.init.files import Part

__all__ = ["command"]

_SHORT = "Dockerfile, .dockerignore, configuration, CI, Makefile, nginx and Kubernetes files."


@click.command(name="init", short_help=_SHORT, epilog=VARIABLES)
@click.argument("project", type=click.Path(path_type=Path), default=Path())
@flag(
    "--only",
    multiple=True,
    metavar="PART[,PART]",
    help="Parts to write: dockerfile, dockerignore, config, makefile, workflow, nginx, kubernetes. Default: all. "
    "Repeatable.",
)
@flag("--dry-run", is_flag=True, help="Print what would be written, and write nothing.")
@flag("--keep", is_flag=True, help="Keep files that are there, and write the others.")
@flag("--force", is_flag=True, help="Replace files that are there.")
@flag("--name", metavar="NAME", help="Name of the image, without a tag. Default: the project's.")
@flag(
    "--entrypoint",
    multiple=True,
    words=True,
    metavar="WORDS",
    help="Command that the image starts. One text, split as a shell does, or one word each time. Default: detected.",
)
@flag("--port", type=click.IntRange(1, 65535), metavar="N", help="Port of the application. Default: detected.")
@flag("--health", metavar="PATH", help="Route that the probes ask, such as /health. Default: detected.")
@flag("--python", metavar="VERSION", help="Version of Python, such as 3.12. Default: the project's.")
@flag("--system-package", "packages", multiple=True, metavar="TEXT", help="A package of Debian beside those detected. "
      "Repeatable.")  # fmt: skip
@flag(
    "--final",
    type=click.Choice(["closure", "slim"]),
    help="Final stage: closure, what Python and the environment load of the base and no more; slim, the whole base, "
    "with a shell. Default: closure.",
)
@flag(
    "--runner-memory",
    type=click.FloatRange(0.5, 10_000),
    metavar="GB",
    help="Memory of the machine that builds: init says when it runs out. Default: 8.",
)
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@common_options
def command(
    project: Path,
    only: tuple[str, ...],
    dry_run: bool,
    keep: bool,
    force: bool,
    name: str | None,
    entrypoint: tuple[str, ...],
    port: int | None,
    health: str | None,
    python: str | None,
    packages: tuple[str, ...],
    final: str | None,
    runner_memory: float | None,
    form: str,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,  # noqa: ARG001 - init caches nothing; the option is every command's
    jobs: int | None,  # noqa: ARG001
) -> int:
    """Write what the deployment of PROJECT needs.

    PROJECT is a directory, by default the current one. Nothing of it is executed: locks, configuration and the syntax
    trees of sources tell its package manager, server, port, health route, migrations, front ends and system libraries.
    A lightship.toml that is there goes before what was detected, and a flag before both. What was found is told on
    stderr; stdout lists each file. A file that is there is never replaced without --force: then nothing is written at
    all, unless --keep writes the others; lightship.toml and .dockerignore are kept anyway.
    """
    from lightship.errors import UsageError
    from lightship.flows.init import InitRequest, init_report, initialise
    from lightship.report.init_text import render_found, render_written
    from lightship.report.json import render_json

    if keep and force:
        raise UsageError("--keep and --force contradict each other")
    given = {
        "name": name,
        "command": _words(entrypoint),
        "port": port,
        "health_live": health,
        "health_ready": health,
        "python": python,
        "final": final,
        "runner_gb": runner_memory,
    }
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        request = InitRequest(
            project=project,
            only=_parts(only),
            given={key: value for key, value in given.items() if value},
            packages=packages,
            force=force,
            keep=keep,
            dry_run=dry_run,
        )
        report = init_report(initialise(request))
        if form == "json":
            console.data(render_json(report))
            return 0
        console.talk(render_found(report).rstrip("\n"))
        console.data(render_written(report))
    return 0


def _parts(only: tuple[str, ...]) -> "tuple[Part, ...]":
    from lightship.errors import UsageError
    from lightship.init.files import PARTS

    asked = [word.strip() for text in only for word in text.split(",") if word.strip()]
    unknown = [word for word in asked if word not in PARTS]
    if unknown:
        raise UsageError(f"--only: want {', '.join(PARTS)}, got {unknown[0]!r:.80}")
    return tuple(part for part in PARTS if part in asked) or PARTS


def _words(given: tuple[str, ...]) -> tuple[str, ...]:
    """One text is split as a shell does it."""
    import shlex

    from lightship.errors import UsageError

    if len(given) != 1:
        return given
    try:
        return tuple(shlex.split(given[0]))
    except ValueError as error:
        raise UsageError(f"--entrypoint: want words as for a shell, got {given[0]!r:.80}: {error}") from error
