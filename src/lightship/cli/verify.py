"""``lightship verify``: an image started, probed and checked."""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    check_options,
    common_options,
    default_jobs,
    engine_option,
    flag,
    platform_option,
    probe_options,
    registry_options,
    report_options,
)
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.config import Options
    from lightship.findings import Report
    from lightship.launch.probe import Probe

__all__ = ["command"]


@click.command(name="verify", short_help="Start an image, run its probes, check what is in it.", epilog=VARIABLES)
@click.argument("image", metavar="IMAGE")
@flag(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The project that the image was built of: its probe, its lock, and its wheels to compare imports with.",
)
@flag(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration whose [probe] counts, with paths relative to it, or to --project. Default: that of --project, "
    "or of the current directory.",
)
@probe_options
@check_options
@flag(
    "--fail-on",
    type=click.Choice(["error", "warning", "note"]),
    default="error",
    help="From which severity on a finding makes the status 1. Default: error.",
)
@engine_option
@platform_option
@report_options("text", "json", "github", said="; github are annotations for GitHub Actions")
@registry_options
@common_options
def command(
    image: str,
    project: Path | None,
    config_file: Path | None,
    only: tuple[str, ...],
    skip: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    engine: str | None,
    platform: str | None,
    form: str,
    report_file: Path | None,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
    **flags: object,
) -> int:
    """Start IMAGE, run its probes, check what is in it; the status is 1 where that finds a fault.

    IMAGE is named as for lightship run, and may lie in a registry. The probe is that of the flags, else of [probe] in
    --config, in --project or in the current directory, else of the image's labels. Without one, the image's command
    must stay alive for a moment, or end well.

    Checks, each in the embedded sandbox or by reading files: files, commands, markers, ground (certificates, time
    zones, codecs), bytecode, imports, metadata, libraries, offline (what a start asks of the network).
    """
    from lightship.config import cache_root, load_options, registry_access
    from lightship.flows.scratch import scratch
    from lightship.flows.verified import verify_report
    from lightship.flows.verify import VerifyRequest, verify
    from lightship.launch.command import LaunchOptions
    from lightship.store.cache import Cache, make_root

    cache = Cache(make_root(cache_root(cache_dir)))
    where = project if project is not None else config_file.parent if config_file is not None else Path()
    with Console(quiet=quiet, verbose=verbose) as console, ExitStack() as stack:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        options = load_options(where, file=config_file, flags=flags)
        sides = None
        if project is not None:
            from lightship.flows.verify_project import ProjectSides

            sides = ProjectSides(
                directory=project.absolute(),
                options=options,
                environ=dict(os.environ),
                jobs=default_jobs(jobs),
                cache=cache,
                progress=console,
                stack=stack,
                temporary=stack.enter_context(scratch(cache.root)),
            )
        request = VerifyRequest(
            probe=_probe(options, where),
            launch=LaunchOptions(env=options.probe_env),
            engine=engine,
            platform=platform,
            sides=sides,
            only=only,
            skip=skip,
            ignore=ignore,
            fail_on=fail_on,  # type: ignore[arg-type]  # click has looked that it is one of them
            environ=dict(os.environ),
        )
        access = registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs)
        outcome = verify(image, request, cache, console, access=access)
        console.deliver(_rendered(verify_report(outcome), form, verbose=verbose), report_file)
    return 0 if outcome.passed else 1


def _probe(options: "Options", where: Path) -> "Probe | None":
    if not options.has_probe:
        return None
    from lightship.launch.probe import load_probe

    return load_probe(
        http=options.probe_http,
        timeout_s=options.probe_timeout,
        requests=where / options.probe_requests if options.probe_requests else None,
        command=options.probe_command,
    )


def _rendered(report: "Report", form: str, *, verbose: bool) -> str:
    if form == "json":
        from lightship.report.json import render_json

        return render_json(report)
    from lightship.report.verify_text import render_github, render_verify

    return render_github(report.findings) if form == "github" else render_verify(report, verbose=verbose)
