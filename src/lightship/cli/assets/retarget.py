"""``lightship assets retarget``: a built front end under another CDN, without building it again."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import VARIABLES, common_options, default_jobs, flag
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lightship.assets.retargeting.prefix import Prefix
    from lightship.findings import Finding

__all__ = ["command"]

_FAIL_ON = {"error": ("error",), "warning": ("error", "warning"), "note": ("error", "warning", "note"), "never": ()}


@click.command(name="retarget", short_help="Another CDN for what is built, without a build.", epilog=VARIABLES)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR", required=False)
@flag(
    "--cdn",
    metavar="URL",
    help="Where the assets are from then on: https://HOST[:PORT][/PATH]. Empty: the page's own origin.",
)
@flag("--origin", is_flag=True, help="The same as --cdn '': assets come from the page's own origin.")
@flag(
    "--from",
    "source",
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
@flag("--placeholder", is_flag=True, help="Print the prefix to build with, and do nothing else.")
@flag(
    "--fail-on",
    type=click.Choice(list(_FAIL_ON)),
    default="error",
    help="Status 1 for a finding of this severity or above. Default: error.",
)
@flag("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@common_options
def command(
    directory: Path | None,
    cdn: str | None,
    origin: bool,
    source: str | None,
    leave: tuple[str, ...],
    placeholder: bool,
    fail_on: str,
    dry_run: bool,
    form: str,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Replace the prefix of assets in DIR, which was built with one: the CDN changes, the build does not.

    Build with the placeholder (assetPrefix of Next.js, base of Vite) and name the CDN afterwards, as often as need be.
    The prefix is replaced in whatever form it stands; lengths, digests (integrity, precache lists), compressed forms
    and times that follow from it are made anew. All files change or none. What a CDN needs beside, and what stays with
    the page's own origin, is told with its fix.
    """
    from lightship.assets.retargeting.prefix import PLACEHOLDER, Prefix
    from lightship.config import cache_root
    from lightship.flows.assets_retarget import RetargetRequest, retarget_assets, retarget_report
    from lightship.report.assets_retarget_text import render_retarget
    from lightship.report.json import render_json
    from lightship.store.cache import Cache, make_root

    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        if placeholder:
            console.data(f"{PLACEHOLDER}\n")
            return 0
        root, target = _asked(directory, cdn, origin=origin)
        request = RetargetRequest(
            target=target,
            source=Prefix.parse(source) if source is not None else None,
            placeholder=Prefix.parse(PLACEHOLDER),
            leave=leave,
            dry_run=dry_run,
        )
        cache = Cache(make_root(cache_root(cache_dir)))
        outcome = retarget_assets(root, request, cache, console, jobs=default_jobs(jobs))
        report = retarget_report(outcome)
        console.data(render_json(report) if form == "json" else render_retarget(report, verbose=verbose))
    return _status(report.findings, fail_on)


def _asked(directory: Path | None, cdn: str | None, *, origin: bool) -> "tuple[Path, Prefix]":
    from lightship.assets.retargeting.prefix import SAME_ORIGIN, Prefix
    from lightship.errors import UsageError

    if directory is None:
        raise UsageError("no directory is named", hint="lightship assets retarget DIR --cdn URL")
    if origin and cdn:
        raise UsageError("--origin and --cdn are two places for the same assets")
    if cdn is None and not origin:
        raise UsageError("where do the assets come from?", hint="--cdn URL, or --origin for the page's own origin")
    return directory, SAME_ORIGIN if origin or cdn is None else Prefix.parse(cdn)


def _status(findings: "Iterable[Finding]", fail_on: str) -> int:
    return 1 if any(finding.severity in _FAIL_ON[fail_on] for finding in findings) else 0
