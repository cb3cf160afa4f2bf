"""``lightship assets verify``: everything a site refers to is served, and served right."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import check_options, common_options, default_jobs, examples, flag, report_options
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.assets.push.release import Manifest
    from lightship.findings import Report

__all__ = ["command"]


@click.command(
    name="verify",
    short_help="Everything a site refers to is served right.",
    epilog=examples(
        "lightship assets verify web/out",
        "lightship assets verify web/out --nginx web.conf",
        "lightship assets verify https://app.example --cdn https://static.example",
        "lightship assets verify https://app.example --format json -o before.json",
        "lightship assets verify https://app.example --releases before.json",
    ),
)
@click.argument("target", metavar="URL|DIR")
@flag(
    "--nginx",
    "nginx",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Serve DIR with this configuration, by the nginx of this machine, in the sandbox, and ask it. A file for "
    "conf.d, or a whole one.",
)
@flag("--server", default="", metavar="NAME", help="The server of the configuration that is meant, by a name of it.")
@flag("--root", default="", metavar="PATH", help="What the configuration calls DIR. Default: the server's root.")
@flag(
    "--files",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="DIR",
    help="The directory that URL serves: all of it is asked for and compared.",
)
@flag("--base", default="/", metavar="PATH", help="Path at which DIR is served, such as /_next/static. Default: /.")
@flag(
    "--cdn",
    "cdns",
    multiple=True,
    metavar="URL",
    help="Where assets are served besides: its headers are looked at as the site's are. Repeatable.",
)
@flag(
    "--releases",
    multiple=True,
    metavar="WHAT",
    help="What older releases had, and still must answer: a list of addresses, a report of assets verify --format "
    "json, a manifest of assets push, or the store that it pushed to, such as s3://bucket/prefix. Repeatable.",
)
@flag(
    "--header",
    "headers",
    multiple=True,
    metavar="NAME:VALUE",
    help="Sent to the site and to nobody else, such as a token for a staging site. Repeatable.",
)
@check_options
@flag(
    "--fail-on",
    type=click.Choice(["error", "warning", "note"]),
    default="warning",
    help="From which severity on a finding makes the status 1. Default: warning.",
)
@flag("--depth", type=click.IntRange(0, 100), default=2, metavar="N", help="How far links are followed. Default: 2.")
@flag("--max-pages", type=click.IntRange(1, 10_000), default=100, metavar="N", help="Pages of a site. Default: 100.")
@flag(
    "--max-urls",
    type=click.IntRange(1, 1_000_000),
    default=10_000,
    metavar="N",
    help="Addresses in all. Default: 10000.",
)
@flag("--timeout", default="30s", metavar="DURATION", help="How long an answer may be silent. Default: 30s.")
@flag("--connections", type=click.IntRange(1, 64), default=8, metavar="N", help="Requests at once. Default: 8.")
@flag("--endpoint", metavar="URL", help="Address of the interface of the store of --releases, as for assets push.")
@flag("--region", metavar="NAME", help="Region of that store, as for assets push.")
@flag(
    "--ca-file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="Certificates to trust beside the system's: PEM.",
)
@report_options(
    "text",
    "json",
    "markdown",
    "github",
    "sarif",
    said="; github are annotations for GitHub Actions, sarif is for code scanning",
    image="{} is no file",
)
@common_options
def command(
    target: str,
    nginx: Path | None,
    server: str,
    root: str,
    files: Path | None,
    base: str,
    cdns: tuple[str, ...],
    releases: tuple[str, ...],
    headers: tuple[str, ...],
    only: tuple[str, ...],
    skip: tuple[str, ...],
    ignore: tuple[str, ...],
    fail_on: str,
    depth: int,
    max_pages: int,
    max_urls: int,
    timeout: str,
    connections: int,
    endpoint: str | None,
    region: str | None,
    ca_file: Path | None,
    form: str,
    report_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,  # noqa: ARG001 - nothing is cached; the option is every command's
    jobs: int | None,
) -> int:
    """Ask for everything that a site, or a directory under nginx, refers to; the status is 1 where something is wrong.

    Each address is asked for as a client without compression, with gzip and as a browser, with HEAD, with its ETag and
    with another, and for a part. Type, coding, caching, CORS and content must be right, and the same for all. A name
    that nobody has must be 404. A directory alone is read: references lead to files, sidecars hold what their files
    hold, nothing is empty.

    Nothing but the site, its CDNs and what its pages refer to is asked, with GET and HEAD.
    """
    from lightship.assets.verify.reach import Limits
    from lightship.config import registry_access
    from lightship.flows.assets.verify import AssetsVerifyRequest, verify_assets
    from lightship.flows.assets.verify_report import assets_verify_report
    from lightship.units import parse_seconds

    access = registry_access(os.environ, ca_file=ca_file)
    request = AssetsVerifyRequest(
        target=target,
        nginx=nginx,
        nginx_root=root,
        server=server,
        files=files,
        base=base,
        cdns=tuple(cdn.rstrip("/") for cdn in cdns),
        releases=releases,
        manifests=lambda source: _manifests(source, base, endpoint, region, ca_file),
        headers=_headers(headers),
        limits=Limits(
            urls=max_urls, pages=max_pages, depth=depth, timeout_s=parse_seconds(timeout), workers=connections
        ),
        only=only,
        skip=skip,
        ignore=ignore,
        fail_on=fail_on,  # type: ignore[arg-type]  # click has looked that it is one of them
    )
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        outcome = verify_assets(request, access, console, jobs=default_jobs(jobs))
        directory = "" if request.is_site and files is None else str(files or target)
        report = assets_verify_report(outcome)
        console.deliver(_rendered(report, form, directory=directory, verbose=verbose), report_file)
    return 0 if outcome.passed else 1


def _manifests(
    source: str, base: str, endpoint: str | None, region: str | None, ca_file: Path | None
) -> "Iterable[Manifest]":
    from lightship.assets.push.credentials import store_access
    from lightship.flows.assets.verify_releases import store_manifests

    stores = store_access(os.environ, endpoint=endpoint, region=region, ca_file=ca_file)
    return store_manifests(stores, base.strip("/"))(source)


def _headers(lines: tuple[str, ...]) -> dict[str, str]:
    from lightship.errors import UsageError

    found = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon or not name.strip().replace("-", "").replace("_", "").isalnum() or not line.isprintable():
            raise UsageError("--header: want NAME: VALUE")  # what it holds may be a secret
        found[name.strip()] = value.strip()
    return found


def _rendered(report: "Report", form: str, *, directory: str, verbose: bool) -> str:
    if form == "json":
        from lightship.report.json import render_json

        return render_json(report)
    if form == "github":
        from lightship.report.verify_text import render_github

        return render_github(report.findings)
    if form == "sarif":
        from lightship import __version__
        from lightship.report.assets_verify_sarif import render_assets_verify_sarif

        return render_assets_verify_sarif(report, version=__version__, directory=directory)
    from lightship.report.assets_verify_text import render_assets_verify, render_assets_verify_markdown

    return (
        render_assets_verify_markdown(report) if form == "markdown" else render_assets_verify(report, verbose=verbose)
    )
