"""``lightship bench``: pull, unpack, start and ready over a chosen link, side by side."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
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


@click.command(name="bench", short_help="Pull, unpack and cold start over a link, side by side.", epilog=VARIABLES)
@click.argument("images", metavar="IMAGE...", nargs=-1, required=True)
@flag(
    "--link",
    default="none",
    metavar="BANDWIDTH[,DELAY]",
    help="What lies between registry and node: 100mbit,20ms. The delay is one way. Default: none, loopback alone.",
)
@flag(
    "--rounds",
    type=click.IntRange(1, 1000),
    default=5,
    metavar="N",
    help="How often each image is measured, in turn with the others. Default: 5.",
)
@flag(
    "--parallel",
    type=click.IntRange(1, 64),
    default=3,
    metavar="N",
    help="Layers that the node pulls at a time. Default: 3, as Docker and containerd do.",
)
@flag("--after", metavar="IMAGE", help="An earlier image that every node has already: measures an update.")
@flag(
    "--page-cache",
    type=click.Choice(["drop", "keep"]),
    default="drop",
    help="Whether an image's files are still in memory when it is started. Default: drop.",
)
@flag(
    "--unpack-to",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="Where nodes are: on another disk, or in memory (/dev/shm), to measure without this one's. They take a pulled "
    "and an unpacked image. Default: in the cache.",
)
@flag("--imports", is_flag=True, help="Start each image once more, watched: the twenty dearest imports of each.")
@flag(
    "--project",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The project whose [probe] tells when the images are ready. Default: the current directory.",
)
@flag(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Configuration whose [probe] counts. Default: that of --project.",
)
@probe_options
@engine_option
@platform_option
@report_options(
    "text", "json", "html", "markdown", said="; html is a page with charts", written="; text goes to stderr as well"
)
@registry_options
@common_options
def command(
    images: tuple[str, ...],
    link: str,
    rounds: int,
    parallel: int,
    after: str | None,
    page_cache: str,
    unpack_to: Path | None,
    imports: bool,
    project: Path | None,
    config_file: Path | None,
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
    """Measure what it takes from a registry to a ready application, for each IMAGE, side by side.

    Each round is an empty node (or one that has --after): it pulls the image from a registry in this process, over
    --link, unpacks layers while those above are pulled, as engines do, starts the image in the sandbox and waits until
    the probe answers. Rounds of the images take turns.
    Told are bytes and seconds by phase, medians and ranges, and each image against the first.

    IMAGE is named as for lightship run, and may lie in a registry. Plain layers, as docker save writes them, are
    compressed first, as a push does. The probe is that of the flags, else of [probe] in --config, in --project or in
    the current directory, else of the first image's labels that have one; without one, nothing is started. The status
    is 1 where an image does not become ready, or a request of the probe fails.
    """
    from lightship.bench.link import parse_link
    from lightship.config import cache_root, load_options, registry_access
    from lightship.flows.bench import BenchRequest, bench
    from lightship.flows.bench_report import bench_report
    from lightship.flows.shelf import find_image
    from lightship.launch.command import LaunchOptions
    from lightship.oci.platform import Platform
    from lightship.store.cache import Cache, make_root

    shaped = parse_link(link)
    cache = Cache(make_root(cache_root(cache_dir)))
    where = project if project is not None else Path()
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        options = load_options(where, file=config_file, flags=flags)
        request = BenchRequest(
            references=tuple((text, find_image(text, cache.root, progress=console)) for text in images),
            after=(after, find_image(after, cache.root, progress=console)) if after is not None else None,
            link=shaped,
            rounds=rounds,
            parallel=parallel,
            probe=_probe(options, where),
            launch=LaunchOptions(env=options.probe_env),
            cold=page_cache == "drop",
            unpack_to=unpack_to,
            imports=imports,
            engine=engine,
            platform=Platform.parse(platform) if platform else None,
            access=registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs),
            docker_host=os.environ.get("DOCKER_HOST"),
            environ=dict(os.environ),
            jobs=default_jobs(jobs),
        )
        outcome = bench(request, cache, console)
        if outcome.conditions.probe is None:
            console.note("nothing was started: there is no probe that tells when the images are ready (--probe-http)")
        report = bench_report(outcome)
        if report_file is not None:
            console.talk("\n" + _rendered(report, "text").rstrip("\n"))
        console.deliver(_rendered(report, form), report_file)
    return 1 if report.findings else 0


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


def _rendered(report: "Report", form: str) -> str:
    if form == "json":
        from lightship.report.json import render_json

        return render_json(report)
    if form == "html":
        from lightship.report.html.bench import render_bench_html

        return render_bench_html(report)
    from lightship.report.bench import render_bench_markdown, render_bench_text

    return render_bench_markdown(report) if form == "markdown" else render_bench_text(report)
