"""``lightship build``: a locked Python project to a small, reproducible OCI image."""

import os
from pathlib import Path

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    common_options,
    default_jobs,
    flag,
    output_options,
    registry_options,
    report_options,
    setting_options,
)
from lightship.cli.variables import unknown_variables

__all__ = ["command"]


@click.command(name="build", short_help="A locked Python project to an OCI image.", epilog=VARIABLES)
@click.argument("project", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@output_options
@flag(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    help="What the image is for. Default: linux on this machine's processor. Of several, with commas or one each time, "
    "an index is made, whose digest is printed.",
)
@flag(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration. Default: lightship.toml, or [tool.lightship] in pyproject.toml, of the project.",
)
@report_options("text", "json", written=", or the plan", image="the image goes to --output {}")
@flag("--plan", "plan_only", is_flag=True, help="Print the plan as JSON: every file, its layer, why. No image is made.")
@flag("--update-base", is_flag=True, help="Lock the base anew: its packages, or the digest of its image.")
@flag(
    "--verify",
    is_flag=True,
    help="Verify what was built, as lightship verify --project does; the status is 1 where that finds a fault.",
)
@flag("--retrace", is_flag=True, help="Trace the start anew for startup bytecode.")
@setting_options
@registry_options
@common_options
def command(
    project: Path,
    tags: tuple[str, ...],
    outputs: tuple[str, ...],
    platforms: tuple[str, ...],
    config_file: Path | None,
    form: str,
    report_file: Path | None,
    plan_only: bool,
    update_base: bool,
    verify: bool,
    retrace: bool,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
    **flags: object,
) -> int:
    """Build the locked Python project in PROJECT (default: here) into an OCI image.

    No container engine, no root, no Dockerfile. The manifest's digest is the last line of stdout:
    DIGEST=$(lightship build …). With --format json and without -o, stdout is the JSON alone, which has the digest.
    """
    from lightship.config import cache_root, configuration_notes, load_options, registry_access, source_date_epoch
    from lightship.flows.deliver import check_request
    from lightship.flows.outcome import IndexOutcome, build_report, index_report
    from lightship.flows.request import BuildRequest
    from lightship.flows.several import build_all
    from lightship.launch.processor import runs_here
    from lightship.oci.platform import Platform
    from lightship.report.json import render_json
    from lightship.report.text import render_text
    from lightship.store.cache import Cache, make_root

    with Console(quiet=quiet, verbose=verbose) as console:
        for note in (
            *unknown_variables(os.environ, click.get_current_context()),
            *configuration_notes(project, file=config_file),
        ):
            console.note(note)
        request = BuildRequest(
            project=project.absolute(),
            options=load_options(project, file=config_file, flags=flags),
            tags=tags,
            outputs=outputs,
            platform=",".join(platforms) or None,
            plan_only=plan_only,
            update_base=update_base,
            retrace=retrace,
            epoch=source_date_epoch(os.environ),
            environ=dict(os.environ),
            access=registry_access(
                os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=cache_root(cache_dir)
            ),
            jobs=default_jobs(jobs),
        )
        check_request(request)
        cache = Cache(make_root(cache_root(cache_dir)))
        outcome = build_all(request, cache, console)
        if isinstance(outcome, str):
            console.deliver(outcome, report_file)
            return 0
        if verify:
            from lightship.flows.verify_build import verify_build

            outcome = verify_build(outcome, request, cache, console)
        images = outcome.images if isinstance(outcome, IndexOutcome) else (outcome,)
        status = 1 if any(image.verified is False for image in images) else 0
        report = index_report(outcome) if isinstance(outcome, IndexOutcome) else build_report(outcome)
        if form == "json":
            console.deliver(render_json(report), report_file)
            if report_file is None:
                return status
        elif report_file is not None:
            console.deliver(render_text(report, verbose=True), report_file)
        else:
            console.talk("\n" + render_text(report, verbose=verbose).rstrip("\n"))
        if not outputs and outcome.reference and any(runs_here(Platform.parse(image.platform)) for image in images):
            console.talk(f"\nstart it: lightship run {outcome.reference}")
        console.data(outcome.digest)
    return status
