"""The words that engines are given, and what is not left to be seen."""

from pathlib import Path

import pytest

from lightship.errors import UsageError
from lightship.sandbox.container import create_options, handed_variables
from lightship.sandbox.mounts import plan_mounts
from lightship.sandbox.protocol import Bind, Command


def _options(command: Command, engine: str) -> list[str]:
    return create_options(engine, command, plan_mounts(command))[0]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "root/tmp").mkdir(parents=True)
    return tmp_path / "root"


@pytest.mark.parametrize("engine", ["docker", "podman"])
@pytest.mark.parametrize("network", [True, False])
def test_a_container_is_shut_in_as_a_sandbox_is(root: Path, engine: str, network: bool) -> None:
    options = _options(Command(rootfs=root, argv=("x",), user=(7, 8), network=network), engine)
    wanted = {"--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges", "--user=7:8", "--pull=never"}
    assert wanted <= set(options)
    assert f"--network={'host' if network else 'none'}" in options
    assert options[options.index("--label") + 1] == "dev.lightship=run"


def test_writable_paths_belong_to_the_user(root: Path) -> None:
    (root / "tmp").chmod(0o1777)
    command = Command(rootfs=root, argv=("x",), user=(7, 8))
    docker, podman = (_options(command, engine) for engine in ("docker", "podman"))
    assert "--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,uid=7,gid=8" in docker
    assert "--tmpfs=/tmp:rw,exec,nosuid,nodev,mode=1777,U" in podman


def test_binds_by_their_origin(root: Path, tmp_path: Path) -> None:
    given, copy, hosts = tmp_path / 'given, "odd"', tmp_path / "copy", tmp_path / "hosts"
    given.mkdir()
    copy.mkdir()
    hosts.touch()
    binds = (
        Bind(source=given, target="/given"),
        Bind(source=given, target="/both", writable=True),
        Bind(source=copy, target="/data", writable=True, origin="copy"),
        Bind(source=hosts, target="/etc/hosts", origin="host"),
    )
    command = Command(rootfs=root, argv=("x",), binds=binds, writable=())
    mounts = [option for option in _options(command, "docker") if option.startswith("--mount")]
    quoted = str(given).replace('"', '""')
    assert mounts == [
        f'--mount=type=bind,"source={quoted}",destination=/both',
        "--mount=type=volume,destination=/data,volume-nocopy=true",
        f'--mount=type=bind,"source={quoted}",destination=/given,readonly=true',
    ]
    assert not any("nocopy" in option for option in _options(command, "podman"))


def test_secrets_do_not_stand_in_the_command_line(root: Path) -> None:
    env = {"TOKEN": "s3cret=#x ", "EMPTY": "", "LINES": "a\nb", "odd name": "1", "#x": "2", "PATH": "/image"}
    command = Command(rootfs=root, argv=("x",), env=env)
    options, variables = create_options("docker", command, plan_mounts(command))
    assert not any("s3cret" in option for option in options)
    assert variables == b"EMPTY=\nPATH=/image\nTOKEN=s3cret=#x \n"
    assert "--env-file=/dev/stdin" in options
    assert [option for option in options if option.startswith("--env=")] == [
        "--env=#x=2", "--env=LINES=a\nb", "--env=odd name=1",
    ]  # fmt: skip


def test_a_secret_of_several_lines_goes_through_the_clients_environment(root: Path) -> None:
    env = {"KEY": "-----BEGIN\nS3CRET", "OF_IMAGE": "a\nb", "LD_PRELOAD": "/x\n", "HOST": "a\nb", "odd name": "1\n"}
    handed = handed_variables(env, {"OF_IMAGE": "a\nb", "KEY": "none"}, {"HOST": "h"})
    assert handed == {"KEY": env["KEY"]}, "one that overrides the image's own too"
    command = Command(rootfs=root, argv=("x",), env=env)
    options, variables = create_options("docker", command, plan_mounts(command), handed=handed)
    assert "--env=KEY" in options
    assert "S3CRET" not in f"{options}{variables!r}"


def test_a_path_that_no_word_can_hold_is_refused(root: Path) -> None:
    with pytest.raises(UsageError, match="an engine cannot mount at /a:b: the path holds a colon"):
        _options(Command(rootfs=root, argv=("x",), writable=("/a:b",)), "docker")
