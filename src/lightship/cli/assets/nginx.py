"""``lightship assets nginx``: the nginx configuration that serves static files right."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, examples, flag
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.assets.model import Mode

__all__ = ["command"]

_DEFAULT_PORT = 8080


@click.command(
    name="nginx",
    short_help="An nginx configuration for static files.",
    epilog=examples(
        "lightship assets nginx web/out --root /usr/share/nginx/html -o web.conf",
        "lightship assets nginx web/out --brotli --proxy /api=http://api:5001",
    ),
)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@flag(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the configuration to FILE. Default: print it.",
)
@flag(
    "--root",
    metavar="PATH",
    help="Where the server has the files, such as /usr/share/nginx/html in its image. Default: DIR.",
)
@flag(
    "--mode",
    type=click.Choice(["sidecar", "gzip-only"]),
    help="What DIR was compressed to. Default: as it looks.",
)
@flag("--brotli", is_flag=True, help="Send sidecars of brotli: the server has the module brotli_static.")
@flag(
    "--fallback/--no-fallback",
    default=None,
    help="Answer routes of a single page with /index.html. Default: when DIR has one.",
)
@flag(
    "--port",
    type=click.IntRange(1, 65535),
    default=_DEFAULT_PORT,
    metavar="N",
    help=f"Where it listens. Default: {_DEFAULT_PORT}.",
)
@flag(
    "--csp",
    metavar="TEXT",
    help="Content-Security-Policy to send. Default: one that limits neither scripts nor styles.",
)
@flag(
    "--proxy",
    "proxies",
    multiple=True,
    metavar="PREFIX=URL",
    help="What an application answers, before any file: /api=http://api:5001. Repeatable.",
)
@common_options
def command(
    directory: Path,
    output: Path | None,
    root: str | None,
    mode: "Mode | None",
    brotli: bool,
    fallback: bool | None,
    port: int,
    csp: str | None,
    proxies: tuple[str, ...],
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,  # noqa: ARG001 - nothing is cached; the option is every command's
    jobs: int | None,  # noqa: ARG001
) -> int:
    """Write a configuration for conf.d that serves DIR.

    Sidecars go out as they are, with Vary. Files with a hash in their name are kept for a year, all others asked for
    again; which names have one is told from their form and from their neighbours. Scripts that are gone are 404, routes
    of a single page are not. Types are right for .mjs and .wasm.
    """
    from lightship.assets.nginx import DEFAULT_POLICY, Proxy
    from lightship.flows.assets.compress import NginxRequest, configure_nginx
    from lightship.flows.assets.placeholder import not_retargeted

    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        request = NginxRequest(
            directory=directory,
            root=root,
            mode=mode,
            brotli=brotli,
            fallback=fallback,
            port=port,
            policy=csp if csp is not None else DEFAULT_POLICY,
            proxies=tuple(Proxy.parse(text) for text in proxies),
        )
        text, notes = configure_nginx(request)
        for note in notes:
            console.note(note)
        if (warning := not_retargeted(directory)) is not None:
            console.talk(f"warning: {warning}")
        console.deliver(text, output)
    return 0
