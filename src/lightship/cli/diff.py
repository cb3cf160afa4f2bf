"""``lightship diff``: what changed between two images, and what a node pulls for the second."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    common_options,
    flag,
    platform_option,
    registry_options,
    report_options,
)
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.findings import Report

__all__ = ["command"]


@click.command(name="diff", short_help="What changed between two images; what a node must pull.", epilog=VARIABLES)
@click.argument("before", metavar="BEFORE")
@click.argument("after", metavar="AFTER")
@platform_option
@flag(
    "--packages/--no-packages",
    default=True,
    help="Read the layers that changed, for the packages in them. Without, no layer is opened. Default: read them.",
)
@report_options("text", "json", "markdown", "html", said="; html is one page that needs nothing else")
@registry_options
@common_options
def command(
    before: str,
    after: str,
    platform: str | None,
    packages: bool,
    form: str,
    report_file: Path | None,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Compare the images BEFORE and AFTER: what a node that has the one pulls to run the other.

    Both are named as for lightship run. Layers are compared by their digests, so what both have is not read. Told are
    the bytes to pull and their share, the layers that are kept, new and gone, the packages that changed with their
    versions, and what an engine unpacks anew: everything above the first layer that changed. The status is 0 whatever
    differs. lightship analyze AFTER --against BEFORE --format html tells the same beside what is in the image.
    """
    from contextlib import ExitStack

    from lightship.config import cache_root, registry_access
    from lightship.flows.diff import diff_images, diff_report
    from lightship.flows.scratch import scratch
    from lightship.flows.shelf import find_image
    from lightship.oci.platform import Platform
    from lightship.store.cache import make_root
    from lightship.store.open import open_image

    root = make_root(cache_root(cache_dir))
    with Console(quiet=quiet, verbose=verbose) as console, ExitStack() as stack:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        wanted = Platform.parse(platform) if platform else None
        access = registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs)
        temporary = stack.enter_context(scratch(root))
        old, new = (
            stack.enter_context(
                open_image(
                    find_image(text, root, progress=console),
                    wanted,
                    access=access,
                    docker_host=os.environ.get("DOCKER_HOST"),
                    temporary=temporary,
                )
            )
            for text in (before, after)
        )
        found = diff_images(old, new, references=(before, after), packages=packages, progress=console)
        console.deliver(_rendered(diff_report(found), form, verbose=verbose), report_file)
    return 0


def _rendered(report: "Report", form: str, *, verbose: bool) -> str:
    if form == "json":
        from lightship.report.json import render_json

        return render_json(report)
    if form == "html":
        from lightship import __version__
        from lightship.report.html.diff import render_diff_html

        return render_diff_html(report, version=__version__)
    from lightship.report.diff import render_diff, render_diff_markdown

    return render_diff_markdown(report) if form == "markdown" else render_diff(report, verbose=verbose)
