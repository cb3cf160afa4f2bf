"""``lightship assets standalone``: a Next.js server without what it does not need."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lightship.cli.console import Console
from lightship.cli.options import common_options, default_jobs, examples, flag
from lightship.cli.variables import unknown_variables

if TYPE_CHECKING:
    from lightship.assets.standalone.model import Images, Libc, Static
    from lightship.findings import Safety

__all__ = ["command"]


@click.command(
    name="standalone",
    short_help="A Next.js server without what it does not need.",
    epilog=examples(
        "lightship assets standalone web/.next/standalone",
        "lightship assets standalone web/.next/standalone --static moved --output slim",
        "lightship assets standalone web/.next/standalone --write",
        "lightship assets standalone web/.next/standalone --restore",
    ),
)
@click.argument("directory", type=click.Path(path_type=Path), metavar="DIR")
@flag("--output", type=click.Path(path_type=Path), metavar="DIR2", help="Write the smaller tree to DIR2.")
@flag("--write", is_flag=True, help="Make DIR itself smaller. What goes is set aside in DIR.left-out.")
@flag("--restore", is_flag=True, help="Bring back what --write set aside, and do nothing else.")
@flag(
    "--static",
    type=click.Choice(["keep", "moved"]),
    default="keep",
    help="moved: a CDN or another server has public and the build's static files. Default: keep.",
)
@flag(
    "--images",
    type=click.Choice(["keep", "off"]),
    default="keep",
    help="off: nobody asks this server for /_next/image, so sharp goes. Default: keep, as the build has it.",
)
@flag(
    "--safety",
    type=click.Choice(["lossless", "safe", "closure", "traced"]),
    default="safe",
    help="How far to go. closure: what no name in the sources leads to; traced: what a run of every route did not "
    "open. Default: safe.",
)
@flag("--keep", multiple=True, metavar="PATTERN", help="Paths that stay, such as 'node_modules/next/**'. Repeatable.")
@flag("--off", multiple=True, metavar="RULE", help="A rule that is not asked. Repeatable.")
@flag("--platform", metavar="OS/ARCH", help="Where it will run. Default: any processor, on Linux.")
@flag("--libc", type=click.Choice(["glibc", "musl"]), help="What it will run on: musl is Alpine. Default: either.")
@flag(
    "--verify/--no-verify",
    default=None,
    help="Start the whole and the smaller server in the sandbox, and compare every answer. Default: when something is "
    "written.",
)
@flag("--node", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Node.js. Default: on the PATH.")
@flag("-e", "--env", "env", multiple=True, metavar="NAME=VALUE", help="A variable of the server. Repeatable.")
@flag("--ask", multiple=True, metavar="PATH", help="A further path to ask for, beside every route. Repeatable.")
@flag("--timeout", default="2 min", metavar="DURATION", help="How long a start may take. Default: 2 min.")
@flag("--format", "form", type=click.Choice(["text", "json"]), default="text", help="Of the report. Default: text.")
@common_options
def command(
    directory: Path,
    output: Path | None,
    write: bool,
    restore: bool,
    static: "Static",
    images: "Images",
    safety: "Safety",
    keep: tuple[str, ...],
    off: tuple[str, ...],
    platform: str | None,
    libc: "Libc | None",
    verify: bool | None,
    node: Path | None,
    env: tuple[str, ...],
    ask: tuple[str, ...],
    timeout: str,
    form: str,
    quiet: bool,
    verbose: bool,
    cache_dir: Path | None,  # noqa: ARG001 - nothing is cached; the option is every command's
    jobs: int | None,
) -> int:
    """Say what DIR, the output of Next.js with output: "standalone", does without, and why; leave it out on request.

    Without --output and --write nothing is changed. What is written was tried: both servers are started in the
    sandbox, without a network, and asked for every page and route of the build; where one answers otherwise nothing is
    written, and the status is 1.
    """
    from lightship.assets.standalone.model import StandaloneOptions
    from lightship.errors import UsageError
    from lightship.flows.assets.standalone import StandaloneRequest, restore_standalone, slim_standalone
    from lightship.flows.assets.standalone_report import standalone_report
    from lightship.report.assets_standalone_text import render_standalone
    from lightship.report.json import render_json
    from lightship.units import parse_seconds

    with Console(quiet=quiet, verbose=verbose) as console:
        for note in unknown_variables(os.environ, click.get_current_context()):
            console.note(note)
        if restore:
            if write or output is not None:
                raise UsageError("--restore brings back what --write took: it goes alone")
            console.data(f"{restore_standalone(directory)} paths are back in {directory}")
            return 0
        options = StandaloneOptions(
            static=static,
            images=images,
            architecture=_architecture(platform) if platform else None,
            libc=libc,
            max_safety=safety,
            keep=keep,
            off=off,
        )
        request = StandaloneRequest(
            directory=directory,
            options=options,
            output=output,
            write=write,
            verify=verify,
            node=node,
            env=_variables(env),
            ask=ask,
            ready_s=parse_seconds(timeout),
        )
        outcome = slim_standalone(request, console, jobs=default_jobs(jobs))
        report = standalone_report(outcome)
        console.data(render_json(report) if form == "json" else render_standalone(report, verbose=verbose))
    return 1 if outcome.verified is False else 0


def _architecture(text: str) -> str:
    from lightship.errors import UsageError
    from lightship.oci.platform import Platform

    platform = Platform.parse(text)
    if platform.os != "linux":
        raise UsageError(f"--platform: want linux/ARCH, got {text!r}")
    return platform.architecture


def _variables(pairs: tuple[str, ...]) -> dict[str, str]:
    from lightship.errors import UsageError

    found = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not name or not equals:
            raise UsageError(f"--env: want NAME=VALUE, got {pair!r:.80}")
        found[name] = value
    return found
