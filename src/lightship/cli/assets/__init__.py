"""``lightship assets``: static files of a front end, from the build to the browser; one module a command."""

import importlib

import click

from lightship.cli.options import VARIABLES

__all__ = ["command"]

_COMMANDS = {
    "compress": "sidecars for static files, made once",
    "push": "a release into an object store: only what is new, old releases stay",
    "releases": "the releases in an object store, and what of them is there",
    "retarget": "another CDN for what is built, without a build",
    "standalone": "a Next.js server without what it does not need",
    "nginx": "an nginx configuration for static files",
    "image": "an OCI image of nginx and static files, or of a Node server",
    "verify": "everything a site refers to is there, and served right",
}
"""What each does, in the order of the work; their modules are imported when asked for."""


class _LazyGroup(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        found = importlib.import_module(f"lightship.cli.assets.{cmd_name}").command
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(name="assets", cls=_LazyGroup, epilog=VARIABLES)
def command() -> None:
    """Static files of a front end, from the build to the browser.

    Give them the folder that a build wrote (out, dist, .next/static), not the project. Served by nginx: compress, then
    nginx or image. On a CDN: push, with retarget where the build names another. Then verify.
    """
