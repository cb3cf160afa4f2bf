"""``lightship build``: a locked Python project to a small, reproducible OCI image."""

import os
from pathlib import Path

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, default_jobs, setting_options

__all__ = ["command"]


@click.command(name="build", short_help="A locked Python project to an OCI image.")
@click.argument("project", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@click.option(
    "-t", "--tag", "tags", multiple=True, envvar="LIGHTSHIP_TAG", help="Name and tag of the image. Repeatable."
)
@click.option(
    "--output",
    "outputs",
    multiple=True,
    envvar="LIGHTSHIP_OUTPUT",
    metavar="IMAGE",
    help="Where the image goes: oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, docker-daemon:REF. Repeatable.",
)
@click.option(
    "--platform", envvar="LIGHTSHIP_PLATFORM", metavar="OS/ARCH", help="Target. Default: linux, this machine."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    envvar="LIGHTSHIP_CONFIG",
    help="Configuration file. Default: lightship.toml or [tool.lightship] of the project.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    envvar="LIGHTSHIP_FORMAT",
    help="Of the report.",
)
@click.option(
    "-o", "report_file", type=click.Path(path_type=Path, dir_okay=False), help="Write the report to a file instead."
)
@click.option(
    "--plan", "plan_only", is_flag=True, help="Print the plan as JSON: every file, its layer, why. No image is made."
)
@click.option("--update-base", is_flag=True, envvar="LIGHTSHIP_UPDATE_BASE", help="Lock the base's packages anew.")
@click.option("--retrace", is_flag=True, envvar="LIGHTSHIP_RETRACE", help="Trace the start anew for startup bytecode.")
@setting_options
@common_options
def command(
    project: Path,
    tags: tuple[str, ...],
    outputs: tuple[str, ...],
    platform: str | None,
    config_file: Path | None,
    form: str,
    report_file: Path | None,
    plan_only: bool,
    update_base: bool,
    retrace: bool,
    quiet: bool,
    verbose: bool,
    debug: bool,  # noqa: ARG001 - read in main, before commands are known
    cache_dir: Path | None,
    jobs: int | None,
    **flags: object,
) -> int:
    """Build the locked Python project in PROJECT (default: here) into an OCI image.

    No container engine, no root, no Dockerfile. The manifest's digest is the last line of stdout:
    DIGEST=$(lightship build …).
    """
    from lightship.config import cache_root, load_options, source_date_epoch
    from lightship.flows.build import build
    from lightship.flows.outcome import build_report
    from lightship.flows.request import BuildRequest
    from lightship.report.json import render_json
    from lightship.report.text import render_text
    from lightship.store.cache import Cache

    with Console(quiet=quiet, verbose=verbose) as console:
        request = BuildRequest(
            project=project.absolute(),
            options=load_options(project, file=config_file, flags=flags),
            tags=tags,
            outputs=outputs,
            platform=platform,
            plan_only=plan_only,
            update_base=update_base,
            retrace=retrace,
            epoch=source_date_epoch(os.environ),
            environ=dict(os.environ),
            jobs=default_jobs(jobs),
        )
        outcome = build(request, Cache(cache_root(cache_dir)), console)
        if isinstance(outcome, str):
            _deliver(outcome, report_file, console)
            return 0
        report = build_report(outcome)
        if form == "json":
            _deliver(render_json(report), report_file, console)
            if report_file is None:
                return 0
        elif report_file is not None:
            _deliver(render_text(report), report_file, console)
        else:
            console.talk("\n" + render_text(report).rstrip("\n"))
        console.data(outcome.digest)
    return 0


def _deliver(text: str, file: Path | None, console: Console) -> None:
    from lightship.paths import atomic_file, storage_errors

    if file is None:
        console.data(text)
        return
    with storage_errors(f"write {file}"), atomic_file(file) as stream:
        stream.write(text.encode())
