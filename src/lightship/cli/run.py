"""``lightship run``: start an image in the embedded sandbox."""

import sys
from pathlib import Path

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options

__all__ = ["command"]


@click.command(
    name="run",
    short_help="Start an image in the embedded sandbox.",
    context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False},
)
@click.argument("image", metavar="IMAGE")
@click.argument("words", metavar="[CMD]...", nargs=-1, type=click.UNPROCESSED)
@click.option("-e", "--env", "env", multiple=True, metavar="NAME=VALUE", help="Set a variable. Repeatable.")
@click.option("-v", "--volume", multiple=True, metavar="HOST:PATH[:ro]", help="Show a host path inside. Repeatable.")
@click.option("--entrypoint", metavar="PROGRAM", help="Replace the image's entrypoint.")
@click.option("--user", metavar="UID[:GID]", help="Who runs it. Default: the image's user.")
@click.option("--workdir", metavar="PATH", help="Where it starts. Default: the image's directory.")
@click.option("--writable", multiple=True, metavar="PATH", help="A further path that may be written to. Repeatable.")
@click.option(
    "--network", type=click.Choice(["host", "none"]), default="host", show_default=True, help="The network it sees."
)
@click.option("--platform", metavar="OS/ARCH", envvar="LIGHTSHIP_PLATFORM", help="Which image of an index.")
@common_options
def command(
    image: str,
    words: tuple[str, ...],
    env: tuple[str, ...],
    volume: tuple[str, ...],
    entrypoint: str | None,
    user: str | None,
    workdir: str | None,
    writable: tuple[str, ...],
    network: str,
    platform: str | None,
    quiet: bool,
    verbose: bool,
    debug: bool,  # noqa: ARG001 - read in main, before commands are known
    cache_dir: Path | None,
    jobs: int | None,  # noqa: ARG001 - every command has it
) -> int:
    """Start IMAGE (oci:DIR, docker-archive:FILE, …), with CMD in place of its own arguments.

    The image is unpacked once, then started under bubblewrap: read-only root, own processes, no new privileges.
    The host's network is shared unless --network none. The exit status is the application's.
    """
    from lightship.config import cache_root
    from lightship.errors import UsageError
    from lightship.flows.launch import LaunchOptions, parse_bind
    from lightship.flows.run import run
    from lightship.oci.config import ImageConfig
    from lightship.oci.platform import Platform
    from lightship.rootfs.unpack import unpack_cached
    from lightship.sandbox.bubblewrap import Bubblewrap
    from lightship.store.open import locate, open_image

    variables = {}
    for pair in env:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--env: want NAME=VALUE, got {pair!r:.80}")
        variables[name] = value
    options = LaunchOptions(
        command=words,
        entrypoint=(entrypoint,) if entrypoint is not None else None,
        env=variables,
        user=user,
        workdir=workdir,
        writable=writable,
        binds=tuple(parse_bind(text) for text in volume),
        network=network == "host",
    )
    with Console(quiet=quiet, verbose=verbose) as console:
        wanted = Platform.parse(platform) if platform else None
        with open_image(locate(image), platform=wanted) as opened:
            runtime = ImageConfig.parse(opened.raw_config).runtime
            rootfs = unpack_cached(opened.layers, cache_root(cache_dir) / "rootfs", progress=console)
    sys.stdout.flush()
    return run(Bubblewrap.find(), rootfs, runtime, options)
