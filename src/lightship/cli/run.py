"""``lightship run``: start an image in the embedded sandbox, or in an engine."""

import os
import shlex
import sys
from pathlib import Path

import click

from lightship.cli.console import Console
from lightship.cli.options import (
    VARIABLES,
    common_options,
    engine_option,
    flag,
    platform_option,
    registry_options,
)
from lightship.cli.variables import unknown_variables

__all__ = ["command"]


@click.command(
    name="run",
    short_help="Start an image in the embedded sandbox, or in an engine.",
    context_settings={"allow_interspersed_args": False},
    epilog=f"Options stand before IMAGE; what follows it is the application's. {VARIABLES}",
)
@click.argument("image", metavar="IMAGE")
@click.argument("words", metavar="[CMD]...", nargs=-1, type=click.UNPROCESSED)
@flag("-e", "--env", "env", multiple=True, metavar="NAME=VALUE", help="Set a variable. Repeatable.")
@flag("--volume", multiple=True, metavar="HOST:PATH[:ro]", help="Show a host path inside. Repeatable.")
@flag(
    "--entrypoint",
    metavar="WORDS",
    help="Start this program instead of the image's entrypoint and its arguments. Split as a shell does.",
)
@flag("--user", metavar="UID[:GID]", help="Who runs it. Default: the image's user.")
@flag("--workdir", metavar="PATH", help="Where it starts. Default: the image's directory.")
@flag("--writable", multiple=True, metavar="PATH", help="A further path that may be written to. Repeatable.")
@flag(
    "--network",
    type=click.Choice(["host", "none"]),
    default="host",
    help="The network it sees. Default: host, this machine's.",
)
@engine_option
@platform_option
@registry_options
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
    engine: str | None,
    platform: str | None,
    plain_http: bool,
    ca_file: Path | None,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,
    jobs: int | None,
) -> int:
    """Start IMAGE, with CMD in place of its own arguments.

    IMAGE is the name of an image that lightship build made, or oci:DIR[:TAG], oci-archive:FILE, docker-archive:FILE,
    docker-daemon:REF, containers-storage:REF, docker://REF, or the path of a layout or an archive. A bare name is
    looked for among what was built, then on disk, then in its registry.

    The image is unpacked once, then started under bubblewrap: read-only root, own processes, no new privileges.
    Writable are /tmp, /run, /var/tmp, the user's home, the image's volumes, and what its label or --writable names;
    what is written there ends with it. The host's network is shared unless --network none. The exit status is the
    application's.

    With --engine docker or podman it runs in a container of that engine, which is given the image where it has not got
    it; with --engine runc under that runtime. The container is removed at the end.
    """
    from lightship.config import cache_root, registry_access
    from lightship.errors import UsageError
    from lightship.flows.scratch import scratch
    from lightship.flows.shelf import find_image
    from lightship.launch.command import LaunchOptions, parse_bind
    from lightship.launch.engine import find_engine
    from lightship.launch.processor import check_runs_here
    from lightship.launch.running import run
    from lightship.oci.config import ImageConfig
    from lightship.oci.platform import Platform
    from lightship.oci.reference import TRANSPORTS
    from lightship.store.cache import Cache, make_root
    from lightship.store.open import open_image

    try:
        program = tuple(shlex.split(entrypoint)) if entrypoint is not None else None
    except ValueError as error:
        raise UsageError(f"--entrypoint: want words as for a shell, got {entrypoint!r:.80}: {error}") from error
    options = LaunchOptions(
        command=words,
        entrypoint=program,
        env=_variables(env),
        user=user,
        workdir=workdir,
        writable=writable,
        binds=tuple(parse_bind(text) for text in volume),
        network=network == "host",
    )
    if verbose and ":/" in image and image.partition(":")[0] not in TRANSPORTS:
        raise UsageError(f"-v is --verbose: got {image!r} as the image", hint=f"show a host path with --volume {image}")
    root = make_root(cache_root(cache_dir))
    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        wanted = Platform.parse(platform) if platform else None
        reference = find_image(image, root, progress=console)
        docker_host = os.environ.get("DOCKER_HOST")
        access = registry_access(os.environ, plain_http=plain_http, ca_file=ca_file, jobs=jobs, cache=root)
        from lightship.flows.unpacked import unpacked  # dear, and not needed to say that there is no such image

        with (
            scratch(root) as temporary,
            open_image(reference, wanted, access=access, docker_host=docker_host, temporary=temporary) as opened,
        ):
            config = ImageConfig.parse(opened.raw_config)
            check_runs_here(config.platform)
            sandbox = find_engine(engine, env=os.environ).admit(opened, progress=console)
            rootfs = unpacked(opened, Cache(root), progress=console)
    sys.stdout.flush()
    return run(sandbox, rootfs, config.runtime, options)


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    from lightship.errors import UsageError

    variables = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise UsageError(f"--env: want NAME=VALUE, got {pair!r:.80}")
        variables[name] = value
    return variables
