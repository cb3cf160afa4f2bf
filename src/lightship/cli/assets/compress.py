"""``lightship assets compress``: sidecars for static files, made once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, default_jobs, examples, flag
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.assets.codecs import Encoding, Level
    from lightship.assets.model import Maps, Mode, Times

__all__ = ["command"]


@click.command(
    name="compress",
    short_help="Sidecars for static files, made once.",
    epilog=examples(
        "lightship assets compress web/out",
        "lightship assets compress web/out --level ci --encoding gzip",
        "lightship assets compress web/out --mode gzip-only --maps remove",
        "lightship assets compress web/out --dry-run -v",
    ),
)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@flag(
    "--mode",
    type=click.Choice(["sidecar", "gzip-only"]),
    default="sidecar",
    help="sidecar: app.js.gz and app.js.br beside app.js. gzip-only: app.js.gz instead of app.js, for nginx with "
    "gunzip. Default: sidecar.",
)
@flag(
    "--level",
    type=click.Choice(["ci", "release"]),
    default="release",
    help="ci: brotli 5, libdeflate 6. release: brotli 11, libdeflate 9, and 12 where gzip is all that is made. "
    "Default: release.",
)
@flag(
    "--encoding",
    "encodings",
    multiple=True,
    type=click.Choice(["gzip", "br", "zstd"]),
    help="Sidecars to make. Default: gzip and br. Repeatable.",
)
@flag(
    "--maps",
    type=click.Choice(["keep", "remove"]),
    default="keep",
    help="Source maps: kept, with a .gz; or removed. Default: keep.",
)
@flag(
    "--mtimes",
    type=click.Choice(["content", "keep"]),
    default="content",
    help="Times of all files: made from their content, so that an ETag of time and size is right whatever wrote the "
    "files; or as they are. Default: content.",
)
@flag("--force", is_flag=True, help="Make sidecars anew that are there and fresh.")
@flag("--dry-run", is_flag=True, help="Say what would become of each file, and change none.")
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@common_options
def command(
    directory: Path,
    mode: "Mode",
    level: "Level",
    encodings: "tuple[Encoding, ...]",
    maps: "Maps",
    mtimes: "Times",
    force: bool,
    dry_run: bool,
    form: str,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Compress the text files in DIR, once, for a server that sends them as they lie there.

    Text and whatever else has no compression of its own (scripts, styles, pages, JSON, SVG, WebAssembly, plain fonts)
    from 1 KiB on gets a sidecar where that is at least 5 % smaller. One that is there and decompresses to its file is
    kept; one that does not is removed. Names may be anything; links are not followed. A file that cannot be read, or
    changes meanwhile, is left alone and named, and the status is 1. What was compressed once is found in the cache by
    its content.
    """
    from lightship.assets.model import CompressOptions
    from lightship.config import cache_root
    from lightship.errors import UsageError
    from lightship.flows.assets.compress import assets_report, compress_assets
    from lightship.report.assets_text import render_assets
    from lightship.report.json import render_json
    from lightship.store.cache import Cache, make_root

    if mode == "gzip-only" and set(encodings) - {"gzip"}:
        raise UsageError("--mode gzip-only makes gzip alone: --encoding has no use")
    options = CompressOptions(
        mode=mode,
        level=level,
        encodings=tuple(dict.fromkeys(encodings)) or ("gzip", "br"),
        maps=maps,
        times=mtimes,
        force=force,
        dry_run=dry_run,
    )
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        cache = Cache(make_root(cache_root(cache_dir)))
        outcome = compress_assets(directory, options, cache, console, jobs=default_jobs(jobs))
        report = assets_report(outcome)
        console.data(render_json(report) if form == "json" else render_assets(report, verbose=verbose))
    return 0 if outcome.good else 1
