"""The help of ``lightship assets``: examples that can be copied, each tried as it stands."""

import re
import shlex
from pathlib import Path

import click
import pytest
from tests.cli.conftest import Lightship

from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.cli.assets import command as assets

LOCAL = {
    "lightship assets compress web/out": 0,
    "lightship assets compress web/out --level ci --encoding gzip": 0,
    "lightship assets compress web/out --mode gzip-only --maps remove": 0,
    "lightship assets compress web/out --dry-run -v": 0,
    "lightship assets nginx web/out --root /usr/share/nginx/html -o web.conf": 0,
    "lightship assets nginx web/out --brotli --proxy /api=http://api:5001": 0,
    "lightship assets push web/out --to ./served": 0,
    "lightship assets releases ./served": 2,
    "lightship assets retarget --placeholder": 0,
    "lightship assets retarget web/out --cdn https://static.example --dry-run": 0,
    "lightship assets retarget web/out --origin": 0,
    "lightship assets verify web/out": 0,
}
"""What needs neither a network nor a sandbox, and its status in a home where nothing was done before."""


PAGE = "<!doctype html><script type=module src=/assets/app.js></script><link rel=stylesheet href=/assets/app.css>"


def commands() -> list[str]:
    return assets.list_commands(click.Context(assets))  # type: ignore[no-any-return, unused-ignore]


def subcommand(name: str) -> click.Command:
    found = assets.get_command(click.Context(assets), name)
    assert found is not None
    return found


def examples(name: str) -> list[str]:
    epilog = subcommand(name).epilog or ""
    return re.findall(r"^  (lightship .+)$", epilog, re.MULTILINE)


@pytest.fixture
def home(lightship: Lightship) -> Path:
    """A home with all that the examples name."""
    out = lightship.home / "web/out"
    (out / "assets").mkdir(parents=True)
    (out / "index.html").write_text(PAGE)
    (out / "assets/app.js").write_text("export const answer = 42;\n" * 100)
    (out / "assets/app.css").write_text("p { color: red }\n" * 100)
    (lightship.home / "web.conf").write_text("server { listen 8080; root /srv; }\n")
    (lightship.home / "before.json").write_text("{}")
    return lightship.home


def test_every_local_example_is_one_of_a_help() -> None:
    assert set(LOCAL) <= {line for name in commands() for line in examples(name)}


@pytest.mark.parametrize("name", commands())
def test_every_help_ends_with_examples_that_are_understood(
    name: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(home)
    assert examples(name)
    for line in examples(name):
        assert len(line) <= 96, "it is not wrapped"
        program, group, command, *words = shlex.split(line)
        assert (program, group, command) == ("lightship", "assets", name)
        subcommand(name).make_context(name, list(words))


@pytest.mark.parametrize(("line", "status"), LOCAL.items())
def test_an_example_does_what_it_says(lightship: Lightship, home: Path, line: str, status: int) -> None:
    if " retarget " in line:
        (home / "web/out/index.html").write_text(PAGE.replace("src=", f"src={PLACEHOLDER}"))
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    said = lightship(*shlex.split(line)[1:])
    assert said.status == status, said.stderr
    if "--dry-run" in line:
        assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


def test_every_option_says_what_it_does() -> None:
    for name in commands():
        for parameter in subcommand(name).params:
            if isinstance(parameter, click.Option):
                assert parameter.help, f"{name}: {parameter.name}"
                assert parameter.help.endswith("."), f"{name}: {parameter.name}"
