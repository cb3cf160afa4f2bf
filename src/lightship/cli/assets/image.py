"""``lightship assets image``: static files behind nginx, or a Node server, as an OCI image."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    common_options,
    default_jobs,
    examples,
    flag,
    output_options,
    registry_options,
    report_options,
    settings_of,
)
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.assets.codecs import Level
    from lightship.assets.model import Maps, Mode
    from lightship.flows.assets.image_request import ServerKind

__all__ = ["command"]

_SETTINGS = (
    "image.env", "image.labels", "image.writable", "image.system-packages", "archive.uri", "archive.suites",
    "archive.components", "archive.keyring", "build.compression", "build.level", "build.strip", "probe.http",
    "probe.timeout",
)  # fmt: skip
_USER = "1001:1001"


@click.command(
    name="image",
    short_help="An image of nginx and static files, or of a Node server.",
    epilog=examples(
        "lightship assets image web/out -t web:1 --compress release",
        "lightship assets image web/.next/standalone -t web:1 --output oci:web",
    ),
)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@output_options
@flag(
    "--platform",
    "platforms",
    multiple=True,
    metavar="OS/ARCH",
    help="What the image is for. Default: linux on this machine's processor. Of several, with commas or one each time, "
    "an index is made.",
)
@flag(
    "--server",
    type=click.Choice(["nginx", "node"]),
    help="What answers. Default: Node where DIR has a server.js or what other frameworks write, else nginx.",
)
@flag(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="N",
    help="Where it listens. Default: 8080 of nginx, 3000 of Node.",
)
@flag("--user", default=_USER, metavar="UID[:GID]", help=f"Whom it runs as; any uid will do. Default: {_USER}.")
@flag("--keep", multiple=True, metavar="PATTERN", help="Paths that go in although they look like secrets. Repeatable.")
@flag(
    "--base-lock",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Where lightship-base.lock is, which names the packages. Default: here.",
)
@flag("--update-base", is_flag=True, help="Lock this server's packages anew.")
@flag(
    "--compress",
    type=click.Choice(["ci", "release"]),
    help="nginx: make sidecars first, on a copy, at this level of assets compress: .gz, and .br with --brotli.",
)
@flag(
    "--mode",
    type=click.Choice(["sidecar", "gzip-only"]),
    default="sidecar",
    help="nginx, with --compress: .gz beside the plain file, or instead of it. Default: sidecar.",
)
@flag(
    "--maps",
    type=click.Choice(["keep", "remove"]),
    default="keep",
    help="nginx, with --compress: source maps kept or left out. Default: keep.",
)
@flag("--brotli", is_flag=True, help="nginx: with Debian's module that sends sidecars of brotli.")
@flag(
    "--fallback/--no-fallback",
    default=None,
    help="nginx: answer routes of a single page with /index.html. Default: when DIR has one.",
)
@flag(
    "--csp",
    metavar="TEXT",
    help="nginx: Content-Security-Policy to send. Default: one that limits neither scripts nor styles.",
)
@flag(
    "--workers",
    type=click.IntRange(1, 512),
    default=2,
    metavar="N",
    help="nginx: worker processes. Default: 2.",
)
@flag(
    "--nginx",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    metavar="FILE",
    help="nginx: this configuration: of conf.d, or a whole one where it has an http block. Default: as assets nginx "
    "writes it. DIR is in /usr/share/nginx/html.",
)
@flag(
    "--node",
    default="auto",
    metavar="VERSION",
    help="Node: its version, such as 22 or 22.20.0: Debian's own (or debian), else that of a wheel of your package "
    "index. Default: Debian's where its project supports it, else the newest with long support.",
)
@flag("--entry", metavar="FILE", help="Node: the file that is started. Default: server.js, or what frameworks write.")
@flag(
    "--init/--no-init",
    default=None,
    help="Node: tini as process 1, which hands signals on. Default: but for Next.js, which listens for them.",
)
@flag(
    "--static",
    type=click.Choice(["keep", "moved"]),
    help="Next.js: keep takes in .next/static and public from beside .next/standalone; moved leaves both to a CDN or "
    "another server. Default: keep, but for .next/static where assetPrefix names a CDN.",
)
@report_options("text", "json", image="the image goes to --output {}")
@settings_of(*_SETTINGS)
@registry_options
@common_options
def command(
    directory: Path,
    tags: tuple[str, ...],
    outputs: tuple[str, ...],
    platforms: tuple[str, ...],
    server: "ServerKind | None",
    port: int | None,
    user: str,
    keep: tuple[str, ...],
    base_lock: Path | None,
    update_base: bool,
    compress: "Level | None",
    mode: "Mode",
    maps: "Maps",
    brotli: bool,
    fallback: bool | None,
    csp: str | None,
    workers: int,
    nginx: Path | None,
    node: str,
    entry: str | None,
    init: bool | None,
    static: str | None,
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
    """Build an OCI image of DIR, which a front end's build wrote: static files behind nginx, or a Node server.

    nginx and what Node needs are a closure of Debian's packages, as a base of lightship build: no shell, no package
    manager. It runs as any user on a read-only root. Files have times of their contents, so that ETags do not lie. No
    container engine, no root; the manifest's digest is the last line of stdout.
    """
    from lightship.assets.nginx import DEFAULT_POLICY
    from lightship.config import cache_root, load_options, registry_access, source_date_epoch
    from lightship.flows.assets.image import build_assets_image
    from lightship.flows.assets.image_report import assets_image_report
    from lightship.flows.assets.image_request import AssetsImageRequest
    from lightship.flows.deliver import check_request
    from lightship.flows.request import BuildRequest
    from lightship.report.assets_image_text import render_assets_image
    from lightship.report.json import render_json
    from lightship.store.cache import Cache, make_root

    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        # no configuration file: what stands in one is of the Python project beside
        options = load_options(directory, file=Path(os.devnull), flags={**flags, "user": user})
        build = BuildRequest(
            project=(base_lock or Path()).absolute(),
            options=options,
            tags=tags,
            outputs=outputs,
            platform=",".join(platforms) or None,
            update_base=update_base,
            epoch=source_date_epoch(os.environ),
            environ=dict(os.environ),
            access=registry_access(
                os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=cache_root(cache_dir)
            ),
            jobs=default_jobs(jobs),
        )
        check_request(build)
        request = AssetsImageRequest(
            directory=directory,
            build=build,
            server=server,
            port=port,
            keep=keep,
            nginx=nginx,
            brotli=brotli,
            fallback=fallback,
            policy=csp if csp is not None else DEFAULT_POLICY,
            workers=workers,
            compress=compress,
            mode=mode,
            maps=maps,
            node=node,
            entry=entry,
            init=init,
            static=None if static is None else static == "keep",
        )
        outcome = build_assets_image(request, Cache(make_root(cache_root(cache_dir))), console)
        report = assets_image_report(outcome)
        if form == "json":
            console.deliver(render_json(report), report_file)
            if report_file is None:
                return 0
        elif report_file is not None:
            console.deliver(render_assets_image(report, verbose=True), report_file)
        else:
            console.talk("\n" + render_assets_image(report, verbose=verbose).rstrip("\n"))
        if not outputs and outcome.build.reference:
            console.talk(f"\nstart it: lightship run {outcome.build.reference}")
        console.data(outcome.build.digest)
    return 0
