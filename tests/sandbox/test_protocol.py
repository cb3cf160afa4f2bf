from pathlib import Path

import pytest

from lightship.errors import UsageError
from lightship.sandbox.protocol import Bind, Command

ROOT = Path("/nowhere")


def test_an_empty_command_is_refused() -> None:
    with pytest.raises(UsageError, match="the command is empty"):
        Command(rootfs=ROOT, argv=())


@pytest.mark.parametrize("path", ["tmp", "", "../tmp", "/t\0mp"])
def test_paths_inside_are_absolute(path: str) -> None:
    with pytest.raises(UsageError, match="want an absolute path"):
        Command(rootfs=ROOT, argv=("true",), writable=(path,))
    with pytest.raises(UsageError, match="want an absolute path"):
        Command(rootfs=ROOT, argv=("true",), cwd=path)
    with pytest.raises(UsageError, match="want an absolute path"):
        Bind(source=Path("/data"), target=path)


@pytest.mark.parametrize("name", ["", "A=B"])
def test_a_variable_has_a_name(name: str) -> None:
    with pytest.raises(UsageError, match="want NAME=VALUE"):
        Command(rootfs=ROOT, argv=("true",), env={name: "x"})


def test_a_nul_byte_cannot_smuggle_an_option() -> None:
    with pytest.raises(UsageError, match="NUL"):
        Command(rootfs=ROOT, argv=("true",), env={"A": "x\0--bind\0/\0/host"})


@pytest.mark.parametrize("user", [(-1, 0), (0, 2**32 - 1)])
def test_a_user_is_two_numbers_the_kernel_can_map(user: tuple[int, int]) -> None:
    with pytest.raises(UsageError, match="user not understood"):
        Command(rootfs=ROOT, argv=("true",), user=user)
