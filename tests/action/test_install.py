"""The step that installs: what was asked for, in an environment of its own."""

import subprocess
from pathlib import Path

import pytest
from tests.action.conftest import Runner
from tests.build.wheels import make_wheel

from action import install


def test_nothing_asked_is_the_actions_own_project() -> None:
    action = Path(install.__file__).parent
    assert install.requirement("  ", action) == str(action.parent)
    assert (Path(install.requirement("", action)) / "pyproject.toml").is_file()
    assert install.requirement("lightship==1.0", action) == "lightship==1.0"


def test_none_takes_the_program_on_the_path(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_INSTALL", "none")
    assert install.main() == 0
    assert runner.outputs == {"program": "lightship"}


def test_a_wheel_is_installed_in_an_environment_of_its_own(
    runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv(
        "CHECK_INSTALL", str(make_wheel(tmp_path, "pretend_lib", {"pretend_lib/__init__.py": "X = 1\n"}))
    )
    assert install.main() == 0
    folder = Path(runner.outputs["program"]).parent
    assert folder.is_relative_to(runner.folder)
    done = subprocess.run([folder / "python", "-c", "import pretend_lib; print(pretend_lib.X)"], stdout=subprocess.PIPE)  # noqa: PLW1510
    assert done.stdout == b"1\n"
