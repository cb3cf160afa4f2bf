"""``lightship assets push``: static files as a release in a store of objects, behind a CDN."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, default_jobs, examples, flag
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.assets.push.release import Coding
    from lightship.flows.assets.push_request import Maps

__all__ = ["command"]

_CONNECTIONS = 16


@click.command(
    name="push",
    short_help="A release into an object store.",
    epilog=examples(
        "lightship assets push web/out --to s3://bucket/site --cdn https://static.example --dry-run",
        "lightship assets push web/.next/static --base /_next/static --to s3://bucket/site",
        "lightship assets push web/out --to s3://bucket --endpoint https://minio.example:9000",
        "lightship assets push web/out --to ./served",
    ),
)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@flag(
    "--to",
    required=True,
    metavar="URL",
    help="s3://bucket/prefix, oss://, cos://, r2://, gs://, az://, or a directory: ./served, a mounted volume.",
)
@flag(
    "--cdn", metavar="URL", help="Where browsers ask, such as https://static.example: the address whose origin is --to."
)
@flag(
    "--base", default="/", metavar="PATH", help="Path of DIR below --to and --cdn, such as /_next/static. Default: /."
)
@flag(
    "--keep",
    type=click.IntRange(1, 1000),
    default=5,
    metavar="N",
    help="Releases that stay, with this one: for open tabs and rolling updates. Default: 5.",
)
@flag(
    "--encoding",
    type=click.Choice(["gzip", "br", "identity"]),
    help="How text is stored, since a store negotiates nothing; identity for a CDN that compresses. Default: gzip; "
    "identity for a directory.",
)
@flag(
    "--maps",
    type=click.Choice(["skip", "push"]),
    default="skip",
    help="Source maps: left out, or pushed for all to read. Default: skip.",
)
@flag("--maps-to", metavar="URL", help="Push source maps there instead, as their own releases: as --to.")
@flag(
    "--purge",
    metavar="CDN",
    help="cloudfront:ID or aliyun: the CDN is told to forget names without a hash whose content changed. none: what "
    "earlier pushes did not get purged is forgotten.",
)
@flag("--overwrite", is_flag=True, help="Write over a name with a hash that has another content in a kept release.")
@flag(
    "--take-over",
    is_flag=True,
    help="Go on after two minutes where another push is deleting old releases, instead of waiting for it: it was "
    "killed. One that lives stops deleting.",
)
@flag("--dry-run", is_flag=True, help="Print the plan; send and delete nothing.")
@flag(
    "--endpoint",
    metavar="URL",
    help="Address of the store's interface, such as https://minio.example:9000: MinIO, Ceph, Swift and others that "
    "speak S3. Default: AWS_ENDPOINT_URL, else its owner's.",
)
@flag(
    "--region",
    metavar="NAME",
    help="Region of the bucket. Default: AWS_REGION, OSS_REGION or COS_REGION, or AWS's profile.",
)
@flag("--purge-endpoint", metavar="URL", help="Address of the CDN's interface. Default: its owner's.")
@flag(
    "--ca-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Certificates to trust beside the system's: PEM.",
)
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@common_options
def command(
    directory: Path,
    to: str,
    cdn: str | None,
    base: str,
    keep: int,
    encoding: "Coding | None",
    maps: "Maps",
    maps_to: str | None,
    purge: str | None,
    overwrite: bool,
    take_over: bool,
    dry_run: bool,
    endpoint: str | None,
    region: str | None,
    purge_endpoint: str | None,
    ca_file: Path | None,
    form: str,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Push the files in DIR as a release: to S3 and what speaks like it, Google, Azure, or a directory.

    Only what is new is sent, what pages lead to before the pages. Names with a hash are kept for a year, all others
    asked for again. The last releases stay, so that tabs that are open go on working; what no kept release needs is
    deleted, and nothing that lightship did not put there. A push that was aborted leaves the site whole, and goes on
    when it is repeated. Hidden files are not sent. --jobs says how many connections there are too, 16 without it.
    """
    from lightship.assets.push.credentials import store_access
    from lightship.assets.push.purge import parse_purge
    from lightship.assets.push.target import check_address, parse_base, parse_target
    from lightship.assets.push.upload import open_bucket
    from lightship.config import cache_root
    from lightship.flows.assets.push import push_assets
    from lightship.flows.assets.push_report import push_report
    from lightship.flows.assets.push_request import PushRequest
    from lightship.report.assets_push_text import render_push
    from lightship.report.json import render_json
    from lightship.store.cache import Cache, make_root

    access = store_access(os.environ, endpoint=endpoint, region=region, purge_endpoint=purge_endpoint, ca_file=ca_file)
    address = check_address(cdn, "--cdn") if cdn else ""
    request = PushRequest(
        directory=directory,
        target=parse_target(to),
        base=parse_base(base),
        cdn=address,
        keep=keep,
        encoding=encoding,
        maps=maps,
        maps_target=parse_target(maps_to) if maps_to else None,
        overwrite=overwrite,
        take_over=take_over,
        dry_run=dry_run,
        purge=parse_purge(purge, address, access) if purge and purge != "none" else None,
        waive=purge == "none",
        jobs=default_jobs(jobs),
        connections=jobs if jobs is not None else _CONNECTIONS,
    )
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        cache = Cache(make_root(cache_root(cache_dir)))
        outcome = push_assets(request, lambda target: open_bucket(target, access, create=not dry_run), cache, console)
        report = push_report(outcome)
        console.data(render_json(report) if form == "json" else render_push(report, verbose=verbose))
    return 0
