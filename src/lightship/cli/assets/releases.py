"""``lightship assets releases``: the releases in a store of objects."""

import os
from pathlib import Path

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, examples, flag
from lightship.cli.variables import unknown_variables

__all__ = ["command"]


@click.command(
    name="releases",
    short_help="The releases in a store.",
    epilog=examples(
        "lightship assets releases s3://bucket/site --base /_next/static",
        "lightship assets releases s3://bucket --endpoint https://minio.example:9000",
        "lightship assets releases ./served",
    ),
)
@click.argument("store", metavar="URL")
@flag("--base", default="/", metavar="PATH", help="As it was given to assets push. Default: /.")
@flag("--endpoint", metavar="URL", help="Address of the store's interface, as for assets push.")
@flag("--region", metavar="NAME", help="Region of the bucket, as for assets push.")
@flag(
    "--ca-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Certificates to trust beside the system's: PEM.",
)
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@common_options
def command(
    store: str,
    base: str,
    endpoint: str | None,
    region: str | None,
    ca_file: Path | None,
    form: str,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,  # noqa: ARG001 - nothing is cached; the option is every command's
    jobs: int | None,  # noqa: ARG001
) -> int:
    """List the releases that `assets push` made at URL, newest first: their objects, what each alone takes, and whether
    all of it is there. Pushes that are under way, or were aborted, are told too.

    The status is 1 where a name with a hash is missing, or a manifest is not understood; 2 where nothing tells
    of any push. To go back, push the older build again: what is there is not sent.
    """
    from lightship.assets.push.credentials import store_access
    from lightship.assets.push.target import parse_base, parse_target
    from lightship.assets.push.upload import open_bucket
    from lightship.flows.assets.releases import list_releases, releases_report
    from lightship.report.assets_releases_text import render_releases
    from lightship.report.json import render_json

    access = store_access(os.environ, endpoint=endpoint, region=region, ca_file=ca_file)
    target = parse_target(store)
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        outcome = list_releases(open_bucket(target, access, create=False), target, parse_base(base))
        report = releases_report(outcome)
        console.data(render_json(report) if form == "json" else render_releases(report))
    return 0 if outcome.good else 1
