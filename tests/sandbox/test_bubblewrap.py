"""What bubblewrap says when it cannot start, as a sentence for the user. The programs here pretend to be it."""

from pathlib import Path

import pytest

from lightship.errors import ToolError
from lightship.proc import DEVNULL
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Command


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "rootfs").mkdir()
    return tmp_path / "rootfs"


def _pretend(tmp_path: Path, script: str) -> Bubblewrap:
    program = tmp_path / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return Bubblewrap(program=str(program), version=(0, 8, 0))


@pytest.mark.parametrize(
    "said",
    [
        "setting up uid map: Permission denied",
        "No permissions to create new namespace, likely because the kernel does not allow …",
        "Creating new namespace failed: Operation not permitted",
        "loopback: Failed RTM_NEWADDR: Operation not permitted",
        "Can't mount proc on /newroot/proc: Operation not permitted",
    ],
)
def test_a_system_that_forbids_sandboxes_is_named(root: Path, tmp_path: Path, said: str) -> None:
    sandbox = _pretend(tmp_path, f"echo 'bwrap: {said.replace(chr(39), '')}' >&2; exit 1")
    with pytest.raises(ToolError, match="the system does not let this user make a sandbox: bubblewrap says") as caught:
        sandbox.start(Command(rootfs=root, argv=("true",)), stderr=DEVNULL)
    assert caught.value.hint


def test_other_faults_are_told_as_they_are(root: Path, tmp_path: Path) -> None:
    sandbox = _pretend(tmp_path, "echo 'bwrap: Unknown option --unheard-of' >&2; exit 1")
    with pytest.raises(ToolError, match=r"^bubblewrap could not start: Unknown option --unheard-of$"):
        sandbox.start(Command(rootfs=root, argv=("true",)), stderr=DEVNULL)


def test_silence_is_an_error_as_well(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="bubblewrap could not start: bubblewrap did not start"):
        _pretend(tmp_path, "exit 1").start(Command(rootfs=root, argv=("true",)))


def test_a_program_that_is_gone_is_an_error(root: Path, tmp_path: Path) -> None:
    with pytest.raises(ToolError, match="bubblewrap cannot be started: No such file or directory"):
        Bubblewrap(program=str(tmp_path / "none"), version=(0, 8)).start(Command(rootfs=root, argv=("true",)))


def test_an_old_bubblewrap_is_not_asked_for_what_it_lacks(root: Path, tmp_path: Path) -> None:
    (tmp_path / "none").touch()
    for version, asked in (((0, 6, 1), False), ((0, 8, 0), True)):
        seen = tmp_path / "seen"
        _pretend(tmp_path, f"tr '\\0' '\\n' <&$2 >{seen}; exit 1")
        sandbox = Bubblewrap(program=str(tmp_path / "bwrap"), version=version)
        with pytest.raises(ToolError):
            sandbox.start(Command(rootfs=root, argv=("true",)))
        options = seen.read_text().splitlines()
        assert ("--disable-userns" in options) is asked
        assert "--unshare-user" in options
