"""Names of engines."""

from pathlib import Path

import click
import pytest

from lightship.cli.options import engine_option
from lightship.errors import ToolError, UsageError
from lightship.launch.engine import ENGINES, find_engine


def test_the_command_line_takes_every_engine() -> None:
    @click.command()
    @engine_option
    def command(engine: str | None) -> None: ...

    (option,) = command.params
    assert isinstance(option.type, click.Choice)
    assert tuple(option.type.choices) == ENGINES
    assert option.envvar == "LIGHTSHIP_ENGINE"


def test_another_name_is_refused() -> None:
    with pytest.raises(UsageError, match="engine not understood: want one of docker, podman, runc, got 'lxc'"):
        find_engine("lxc")


@pytest.mark.parametrize("name", [None, "docker", "podman"])
def test_a_missing_engine_is_a_tool_error(name: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolError, match=f"{name or 'bubblewrap'} is not installed"):
        find_engine(name)


@pytest.mark.parametrize("name", ["docker", "podman"])
def test_finding_an_engine_starts_nothing(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / name).write_text("#!/bin/sh\ntouch $0.called\n")
    (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_engine(name).name == name
    assert not (tmp_path / f"{name}.called").exists()
