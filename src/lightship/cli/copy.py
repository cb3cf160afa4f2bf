"""``lightship copy``: an image from store to store."""

import os
from pathlib import Path

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    common_options,
    default_jobs,
    flag,
    registry_options,
    report_options,
)
from lightship.cli.variables import unknown_variables

__all__ = ["command"]


@click.command(name="copy", short_help="An image from store to store, recompressed on request.", epilog=VARIABLES)
@click.argument("source", metavar="SRC")
@click.argument("destination", metavar="DST")
@flag("-t", "--tag", "tags", multiple=True, metavar="NAME", help="Name of the image, with a tag. Repeatable.")
@flag(
    "--compression",
    type=click.Choice(["gzip", "zstd", "estargz"]),
    help="Compress layers that have another compression. Default: every layer as it is.",
)
@flag("--level", type=int, metavar="N", help="Compression level of what is compressed here.")
@flag("--recompress", is_flag=True, help="Compress layers anew that have the compression already.")
@flag(
    "--prioritized",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Paths, one a line, that eStargz puts first, for a snapshotter to fetch ahead.",
)
@flag("--platform", metavar="OS/ARCH", help="Copy this image of an index. Default: the whole index.")
@report_options("text", "json", image="DST is named without -o: {}")
@registry_options
@common_options
def command(
    source: str,
    destination: str,
    tags: tuple[str, ...],
    compression: str | None,
    level: int | None,
    recompress: bool,
    prioritized: Path | None,
    platform: str | None,
    form: str,
    report_file: Path | None,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Copy the image SRC to DST.

    SRC is named as for lightship run; DST is oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, docker-daemon:REF,
    containers-storage:REF or docker://REF. DST is complete or as it was, and nothing is sent that it has. The digest
    stays what it was unless layers are compressed otherwise; it is the last line of stdout: DIGEST=$(lightship copy …).
    With --format json and without -o, stdout is the JSON alone, which has the digest.
    """
    from lightship.config import cache_root, registry_access
    from lightship.flows.copied import copy_report
    from lightship.flows.copy import CopyRequest, copy_images, destination_of, read_paths
    from lightship.flows.shelf import find_image
    from lightship.oci.platform import Platform
    from lightship.oci.reference import ImageName
    from lightship.report.copy_text import render_copy
    from lightship.report.json import render_json
    from lightship.store.cache import Cache, make_root

    cache = Cache(make_root(cache_root(cache_dir)))
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        request = CopyRequest(
            source=find_image(source, cache.root),
            destination=destination_of(destination),
            names=tuple(ImageName.parse(tag) for tag in tags),
            platform=Platform.parse(platform) if platform else None,
            compression=compression,
            level=level,
            anew=recompress,
            prioritized=read_paths(prioritized) if prioritized is not None else (),
            docker_host=os.environ.get("DOCKER_HOST"),
            access=registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=cache.root),
            jobs=default_jobs(jobs),
        )
        outcome = copy_images(request, cache, console)
        report = copy_report(outcome)
        if form == "json":
            console.deliver(render_json(report), report_file)
            if report_file is None:
                return 0
        elif report_file is not None:
            console.deliver(render_copy(report, verbose=True), report_file)
        else:
            console.talk(render_copy(report, verbose=verbose).rstrip("\n"))
        console.data(outcome.digest)
    return 0
