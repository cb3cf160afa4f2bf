"""A slip in a variable is told; what any command knows is quiet."""

import click

from lightship.cli.build import command as build
from lightship.cli.main import cli
from lightship.cli.variables import unknown_variables

ROOT = click.Context(cli, info_name="lightship")
BUILD = click.Context(build, info_name="build", parent=ROOT)


def test_a_slip_is_told_with_what_was_likely_meant() -> None:
    environ = {"LIGHTSHIP_OUTPT": "oci:out", "LIGHTSHIP_XYZZY": "1", "OTHER_OUTPT": "1"}
    assert unknown_variables(environ, BUILD) == (
        "LIGHTSHIP_OUTPT is no variable of lightship (did you mean LIGHTSHIP_OUTPUT?)",
        "LIGHTSHIP_XYZZY is no variable of lightship",
    )


def test_what_any_command_knows_is_quiet() -> None:
    environ = {"LIGHTSHIP_OUTPUT": "x", "LIGHTSHIP_CACHE_DIR": "x", "LIGHTSHIP_NETWORK": "none", "HOME": "x"}
    assert unknown_variables(environ, BUILD) == ()
