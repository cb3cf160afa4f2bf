"""``lightship base``: which base image fits a project's lock, and why not the others."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    common_options,
    default_jobs,
    flag,
    project_options,
    registry_options,
    report_options,
)
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.findings import Report

__all__ = ["command"]


@click.command(name="base", short_help="Which base fits a project's lock, and why not the others.", epilog=VARIABLES)
@click.argument("project", type=click.Path(path_type=Path, exists=True, file_okay=False), default=Path())
@flag("--platform", metavar="OS/ARCH", help="What the image is for. Default: linux on this machine's processor.")
@flag(
    "--against",
    multiple=True,
    metavar="IMAGE",
    help="Does the lock fit this image? Told from its name: python:3.11-alpine. The status is 1 where it does not, or "
    "where the name does not tell. Repeatable.",
)
@flag(
    "--measure/--no-measure",
    default=None,
    help="Ask registries for the sizes of their images and make the closure, which may ask the package archive; or "
    "only cite. Default: ask registries that answer at once, and take the closure from the cache.",
)
@flag(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration. Default: lightship.toml, or [tool.lightship] in pyproject.toml, of the project.",
)
@report_options("text", "json", "markdown")
@project_options
@registry_options
@common_options
def command(
    project: Path,
    platform: str | None,
    against: tuple[str, ...],
    measure: bool | None,
    config_file: Path | None,
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
    """Rank bases for the locked Python project in PROJECT (default: here).

    Read from the lock: which packages have musllinux wheels, which only manylinux, which only an sdist, for x86_64 and
    aarch64; the versions of glibc and libstdc++ that the wheels need, exactly for those in the cache. Judged: Debian
    full and slim, distroless, the closure that lightship build makes, Wolfi, Ubuntu and Alpine, by the compressed bytes
    of base and packages, what must be compiled, and known traps. Figures that were not measured are cited with source
    and date. Nothing is built and nothing is written beside the project.
    """
    import datetime

    from lightship.config import cache_root, configuration_notes, load_options, registry_access
    from lightship.flows.base_fit import FitRequest, fit_base
    from lightship.flows.base_fit_report import base_report
    from lightship.flows.request import BuildRequest
    from lightship.oci.platform import Platform
    from lightship.store.cache import Cache, make_root
    from lightship.store.select import host_platform

    root = make_root(cache_root(cache_dir))
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in (
            *unknown_variables(os.environ, click.get_current_context()),
            *configuration_notes(project, file=config_file),
        ):
            console.note(note)
        request = FitRequest(
            build=BuildRequest(
                project=project.absolute(),
                options=load_options(project, file=config_file, flags=flags),
                environ=dict(os.environ),
                access=registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs),
                jobs=default_jobs(jobs),
            ),
            platform=Platform.parse(platform) if platform else host_platform(),
            now=datetime.datetime.now(datetime.UTC),
            measure=measure,
            against=against,
        )
        outcome = fit_base(request, Cache(root), console)
        console.deliver(_rendered(base_report(outcome), form, verbose=verbose), report_file)
    return 0 if outcome.fits else 1


def _rendered(report: "Report", form: str, *, verbose: bool) -> str:
    if form == "json":
        from lightship.report.json import render_json

        return render_json(report)
    from lightship.report.base_text import render_base, render_base_markdown

    return render_base_markdown(report) if form == "markdown" else render_base(report, verbose=verbose)
