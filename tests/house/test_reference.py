"""docs/reference says what the code says; every option has its variable; the schemas are schemas."""

import json
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from jsonschema import Draft202012Validator
from tools.reference import REFERENCE, option_variable, pages, sample_toml

from lightship.cli.main import COMMANDS, cli
from lightship.config import Options, load_options
from lightship.settings import SETTINGS

PAGES = pages()


def options() -> Iterator[tuple[str, click.Option]]:
    context = click.Context(cli)
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        yield from options_of(name, command)


def options_of(name: str, command: click.Command) -> Iterator[tuple[str, click.Option]]:
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield name, parameter
    for inner, below in (command.commands if isinstance(command, click.Group) else {}).items():
        yield from options_of(f"{name} {inner}", below)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_a_page_is_as_generated(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == PAGES[path], "run: make docs"


def test_every_option_has_its_variable() -> None:
    for command, option in options():
        long = next(name for name in option.opts if name.startswith("--"))
        wanted = "LIGHTSHIP_" + long.removeprefix("--").replace("-", "_").upper()
        assert option_variable(option) == wanted, f"{command} {long}"


def test_every_option_and_variable_is_on_the_page() -> None:
    page = PAGES[REFERENCE / "cli.md"]
    for command, option in options():
        section = page.partition(f"## lightship {command}\n")[2].partition("\n## ")[0]
        for name in option.opts:
            assert f"`{name}`" in section, f"{command} {name}"
        assert f"`{option_variable(option)}`" in section


def test_the_variables_of_settings_are_those_of_their_flags() -> None:
    found = {option.name: option_variable(option) for command, option in options() if command == "build"}
    assert {setting.name: setting.variable for setting in SETTINGS}.items() <= found.items()


def test_options_explain_themselves() -> None:
    for command, option in options():
        assert option.help, f"{command} {option.name}"
        assert option.help.endswith("."), f"{command} {option.name}: {option.help}"


def test_the_sample_is_a_configuration(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text(sample_toml(commented=False))
    loaded = load_options(tmp_path, file=None, flags={})
    assert loaded.entrypoint == ("gunicorn", "-b", "0.0.0.0:5001", "app:app")
    assert loaded.probe_timeout == Options().probe_timeout
    keys = {f"{table}.{key}" for table, values in tomllib.loads(sample_toml(commented=False)).items() for key in values}
    assert keys == {setting.key for setting in SETTINGS}


def test_the_commented_sample_says_nothing_until_it_is_uncommented(tmp_path: Path) -> None:
    text = sample_toml(commented=True)
    (tmp_path / "lightship.toml").write_text(text)
    assert load_options(tmp_path, file=None, flags={}) == Options()
    lines = [line.removeprefix("# ") if " = " in line else line for line in text.splitlines() if "auto (" not in line]
    assert tomllib.loads("\n".join(lines)) == tomllib.loads(sample_toml(commented=False))


@pytest.mark.parametrize("name", ["analyze", "build", "check", "copy", "diff", "plan"])
def test_schemas_are_schemas(name: str) -> None:
    schema = json.loads(PAGES[REFERENCE / "schemas" / f"{name}.schema.json"])
    Draft202012Validator.check_schema(schema)
    assert not Draft202012Validator(schema).is_valid({"schema": f"lightship/{name}/1"})
