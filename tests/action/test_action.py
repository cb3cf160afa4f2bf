"""The files of the action and of the hooks say what the scripts read, and never paste an input into a shell."""

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
import yaml

from lightship.cli.check import command

ROOT = Path(__file__).parents[2]
ACTION = yaml.safe_load((ROOT / "action" / "action.yml").read_text(encoding="utf-8"))


def steps() -> Iterator[dict[str, object]]:
    yield from ACTION["runs"]["steps"]


def test_no_expression_stands_in_a_shell() -> None:
    assert ACTION["runs"]["using"] == "composite"
    for step in steps():
        assert "${{" not in str(step["run"]), "an input in a shell is a command"
        assert step["shell"] == "bash"


def test_every_input_is_read_by_a_script_under_its_variable() -> None:
    given: dict[str, str] = {}
    for step in steps():
        env = step["env"]
        assert isinstance(env, dict)
        script = re.search(r"/(\w+\.py)", str(step["run"]))
        assert script is not None
        text = (ROOT / "action" / script[1]).read_text(encoding="utf-8")
        made = {"CHECK_" + name.upper().replace("-", "_") for name in re.findall(r'"([a-z-]+)"', text)}
        for name, value in env.items():
            assert f'"{name}"' in text or name in made, f"{script[1]} does not read {name}"
            given[str(value)] = name
    inputs = {match[1] for value in given if (match := re.fullmatch(r"\$\{\{ inputs\.([a-z-]+) \}\}", value))}
    assert inputs == set(ACTION["inputs"])


def test_outputs_are_those_of_the_step() -> None:
    assert {value["value"] for value in ACTION["outputs"].values()} == {
        f"${{{{ steps.check.outputs.{name} }}}}" for name in ("passed", "report", "sarif")
    }


@pytest.mark.parametrize("flag", ["baseline", "config", "timings", "explain", "platform", "max", "max-growth"])
def test_what_the_script_passes_on_is_an_option(flag: str) -> None:
    options = {name for param in command.params if isinstance(param, click.Option) for name in param.opts}
    assert {f"--{flag}", "--ratchet", "--also"} <= options


def test_hooks_name_commands_and_what_they_are_given() -> None:
    check, lint = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    assert check["id"] == "lightship-check"
    assert (check["entry"], check["pass_filenames"], check["language"]) == ("lightship check", False, "python")
    assert (lint["id"], lint["entry"], lint["language"]) == ("lightship-lint", "lightship lint", "python")
    given = [
        name
        for name in ("Dockerfile", "api/Dockerfile.gpu", "web.Dockerfile", "Containerfile", "Dockerfile.dockerignore",
                     "src/dockerfile/parse.py", "Dockerfile.j2")
        if re.search(lint["files"], name) and not re.search(lint["exclude"], name)
    ]  # fmt: skip
    assert given == ["Dockerfile", "api/Dockerfile.gpu", "web.Dockerfile", "Containerfile"]
