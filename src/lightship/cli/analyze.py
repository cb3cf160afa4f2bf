"""``lightship analyze``: what is in an image, who owns it, what is waste."""

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
    platform_option,
    registry_options,
    report_options,
)
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.analyze.model import Analysis
    from lightship.findings import Report

__all__ = ["command"]

_CHANGES = ("text", "markdown", "html")
_FORMATS = ("text", "json", "markdown", "html", "github", "sarif")


@click.command(name="analyze", short_help="What is in an image, who owns it, what is waste.", epilog=VARIABLES)
@click.argument("image", metavar="IMAGE")
@platform_option
@flag(
    "--beside",
    multiple=True,
    metavar="IMAGE",
    help="An image that nodes have already: what is in none of these is unique. Only manifests are read. Repeatable.",
)
@flag(
    "--against",
    metavar="IMAGE",
    help="For text, Markdown or a page: an image before this one, and what has changed since; layers that differ are "
    "read.",
)
@report_options(*_FORMATS, said="; html is one page that needs nothing else, github are annotations")
@flag("--tui", is_flag=True, help="Walk through layers and files in the terminal; wants the extra tui.")
@registry_options
@common_options
def command(
    image: str,
    platform: str | None,
    beside: tuple[str, ...],
    against: str | None,
    form: str,
    report_file: Path | None,
    tui: bool,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Analyse IMAGE: each layer with the instruction that made it, each package with its bytes, what no package owns,
    and what is waste, with its cause and its fix.

    The image is named as for lightship run. Every layer is read once, straight from where it is, and nothing of the
    image is executed. What an engine has is exported to a temporary file first. Three figures are told apart:
    compressed is what travels, unpacked what lies on disk, unique the compressed bytes of layers that no image
    given with --beside has. The status is 0 whatever is found; lightship check is the gate.
    """
    from contextlib import ExitStack

    from lightship.config import cache_root, registry_access
    from lightship.flows.analyze import analyze_image
    from lightship.flows.scratch import scratch
    from lightship.flows.shelf import find_image
    from lightship.oci.platform import Platform
    from lightship.store.cache import make_root
    from lightship.store.open import open_image

    if tui:
        _want_browser()
    root = make_root(cache_root(cache_dir))
    with Console(quiet=quiet, verbose=verbose) as console, ExitStack() as stack:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        wanted = Platform.parse(platform) if platform else None
        access = registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs)
        temporary = stack.enter_context(scratch(root))
        named = [image, *beside, *([against] if against is not None else [])]
        references = [find_image(text, root, progress=console) for text in named]
        opened, *others = (
            stack.enter_context(
                open_image(
                    reference,
                    wanted,
                    access=access,
                    docker_host=os.environ.get("DOCKER_HOST"),
                    temporary=temporary,
                    as_stored=True,
                )
            )
            for reference in references
        )
        changes = None
        if against is not None and form not in _CHANGES:
            console.note(f"--against tells nothing in {form}: take lightship diff {against} {image} --format json")
        elif against is not None:
            from lightship.flows.diff import diff_images, diff_report

            changes = diff_report(
                diff_images(others[-1], opened, references=(against, image), packages=True, progress=console)
            )
        found = analyze_image(
            opened, references[0], name=image, others=others[: len(beside)], jobs=default_jobs(jobs), progress=console
        )
        if not tui or report_file is not None:
            console.deliver(_rendered(found, form, changes, verbose=verbose), report_file)
    if tui:
        from lightship.cli.browser import Browser

        Browser(found).run()
    return 0


def _want_browser() -> None:
    """Raise UsageError where there is nothing to draw with or on; before an image is read for it."""
    import sys
    from importlib.util import find_spec

    from lightship.errors import UsageError

    if find_spec("textual") is None:
        raise UsageError("--tui: Textual is not installed", hint="pip install '.[tui]' in lightship's checkout")
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("--tui: want a terminal, got none", hint="--format html gives a page to walk through")


def _rendered(found: "Analysis", form: str, changes: "Report | None", *, verbose: bool) -> str:
    from lightship import __version__
    from lightship.flows.analyze import analyze_report
    from lightship.report.problems import problems_of

    report = analyze_report(found)
    match form:
        case "json":
            from lightship.report.json import render_json

            return render_json(report)
        case "html":
            from lightship.report.html.analyze import render_analysis_html

            return render_analysis_html(found, report, diff=changes, version=__version__)
        case "markdown":
            from lightship.report.analyze_markdown import render_analysis_markdown

            return render_analysis_markdown(report, diff=changes)
        case "github":
            from lightship.report.github import render_annotations

            return render_annotations(problems_of(report))
        case "sarif":
            from lightship.report.sarif import render_sarif

            return render_sarif(
                problems_of(report), version=__version__, successful=found.complete, image=found.reference
            )
        case _:
            from lightship.report.analyze import render_analysis

            text = render_analysis(report, verbose=verbose)
            if changes is None:
                return text
            from lightship.report.diff import render_diff

            return f"{text}\n{render_diff(changes, verbose=verbose)}"
