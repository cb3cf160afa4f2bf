"""``lightship assets retarget``: a built front end under another CDN, without building it again."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, default_jobs, examples, flag, platform_option, registry_options
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightship.assets.retarget.prefix import Prefix
    from lightship.findings import Finding

__all__ = ["command"]

_FAIL_ON = {"error": ("error",), "warning": ("error", "warning"), "note": ("error", "warning", "note"), "never": ()}


@click.command(
    name="retarget",
    short_help="Another CDN for what is built, without a build.",
    epilog=examples(
        "lightship assets retarget --placeholder",
        "lightship assets retarget web/out --cdn https://static.example --dry-run",
        "lightship assets retarget web/out --origin",
        "lightship assets retarget oci:built --cdn https://static.example --output oci:moved",
    ),
)
@click.argument("source", metavar="DIR|IMAGE", required=False)
@flag(
    "--cdn",
    metavar="URL",
    help="Where the assets are from then on: https://HOST[:PORT][/PATH]. Empty: the page's own origin.",
)
@flag("--origin", is_flag=True, help="The same as --cdn '': assets come from the page's own origin.")
@flag(
    "--from",
    "present",
    metavar="URL",
    help="What stands in front of the assets. Default: what was remembered here, else the placeholder, else what the "
    "build's own files tell.",
)
@flag(
    "--leave",
    multiple=True,
    metavar="GLOB",
    help="Files in which a mention of the prefix that is not understood stays as it is. Repeatable.",
)
@flag(
    "--output",
    metavar="IMAGE",
    help="Where IMAGE goes with one layer more: oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE, "
    "docker-daemon:REF, containers-storage:REF, docker://REF.",
)
@flag("-t", "--tag", "tags", multiple=True, metavar="NAME", help="Name of the image, with a tag. Repeatable.")
@flag("--path", metavar="PATH", help="The directory in IMAGE. Default: its web root, or where its Next.js build is.")
@platform_option
@flag("--placeholder", is_flag=True, help="Print the prefix to build with, and do nothing else.")
@flag(
    "--fail-on",
    type=click.Choice(list(_FAIL_ON)),
    default="error",
    help="Status 1 for a finding of this severity or above. Default: error.",
)
@flag("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@registry_options
@common_options
def command(
    source: str | None,
    cdn: str | None,
    origin: bool,
    present: str | None,
    leave: tuple[str, ...],
    output: str | None,
    tags: tuple[str, ...],
    path: str | None,
    platform: str | None,
    placeholder: bool,
    fail_on: str,
    dry_run: bool,
    form: str,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Replace the prefix of assets in DIR, which was built with one: the CDN changes, the build does not.

    Of an IMAGE with such a directory, one with a small layer on top is written to --output; its digest is the last line
    of stdout, unless --format json is asked for.

    Build with the placeholder (assetPrefix of Next.js, base of Vite) and name the CDN afterwards, as often as need be.
    The prefix is replaced in whatever form it stands; lengths, digests (integrity, precache lists), compressed forms
    and times that follow from it are made anew. All files change or none. What a CDN needs beside, and what stays with
    the page's own origin, is told with its fix.
    """
    from lightship.assets.retarget.prefix import PLACEHOLDER, Prefix
    from lightship.config import cache_root, registry_access
    from lightship.flows.assets.retarget import RetargetRequest, retarget_assets, retarget_report
    from lightship.flows.assets.retarget_image import ImageRequest, image_document, retarget_image
    from lightship.flows.copy import destination_of
    from lightship.flows.shelf import find_image
    from lightship.oci.platform import Platform
    from lightship.oci.reference import ImageName
    from lightship.report.assets_retarget_text import render_retarget
    from lightship.report.json import render_json
    from lightship.store.cache import Cache, make_root

    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        if placeholder:
            console.data(f"{PLACEHOLDER}\n")
            return 0
        asked, target = _asked(source, cdn, origin=origin)
        request = RetargetRequest(
            target=target,
            source=Prefix.parse(present) if present is not None else None,
            placeholder=Prefix.parse(PLACEHOLDER),
            leave=leave,
            dry_run=dry_run,
        )
        cache = Cache(make_root(cache_root(cache_dir)))
        if output is None:
            _check_directory(asked, tags=tags, path=path, platform=platform)
            report = retarget_report(retarget_assets(Path(asked), request, cache, console, jobs=default_jobs(jobs)))
            console.data(render_json(report) if form == "json" else render_retarget(report, verbose=verbose))
            return _status(report.findings, fail_on)
        access = registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=cache.root)
        image = ImageRequest(
            source=find_image(asked, cache.root),
            destination=destination_of(output),
            retarget=request,
            names=tuple(ImageName.parse(tag) for tag in tags),
            platform=Platform.parse(platform) if platform else None,
            path=path,
            docker_host=os.environ.get("DOCKER_HOST"),
            access=access,
        )
        outcome = retarget_image(image, cache, console, jobs=default_jobs(jobs))
        report = retarget_report(outcome.retarget, image_document(image, outcome))
        if form == "json":
            console.data(render_json(report))
        else:
            console.talk(render_retarget(report, verbose=verbose).rstrip("\n"))
            if outcome.digest is not None:
                console.data(outcome.digest)
    return _status(report.findings, fail_on)


def _asked(source: str | None, cdn: str | None, *, origin: bool) -> "tuple[str, Prefix]":
    from lightship.assets.retarget.prefix import PLACEHOLDER, SAME_ORIGIN, Prefix
    from lightship.errors import UsageError

    if source is None:
        raise UsageError("no directory is named", hint="lightship assets retarget DIR --cdn URL")
    if origin and cdn:
        raise UsageError("--origin and --cdn are two places for the same assets")
    if cdn is None and not origin:
        raise UsageError("where do the assets come from?", hint="--cdn URL, or --origin for the page's own origin")
    target = SAME_ORIGIN if origin or cdn is None else Prefix.parse(cdn)
    if target.host == Prefix.parse(PLACEHOLDER).host:
        raise UsageError(
            f"--cdn {target.text} is the placeholder, which no browser finds",
            hint="name the CDN, or --origin for the page's own origin",
        )
    return source, target


def _check_directory(source: str, **of_images: object) -> None:
    from lightship.errors import UsageError
    from lightship.oci.reference import TRANSPORTS

    given = [name for name, value in of_images.items() if value]
    is_image = source.partition(":")[0] in TRANSPORTS or source.startswith("docker://")
    if not Path(source).exists() and is_image:
        raise UsageError(f"{source} is an image: where does the retargeted one go?", hint="--output IMAGE")
    if given:
        raise UsageError(f"--{given[0].removesuffix('s')} is for images: want --output too")


def _status(findings: "Iterable[Finding]", fail_on: str) -> int:
    return 1 if any(finding.severity in _FAIL_ON[fail_on] for finding in findings) else 0
