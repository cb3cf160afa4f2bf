"""A process is told by its number and its begin: one that is over is never taken for another, or another for it."""

import os
import subprocess
import sys

import pytest

from lightship.flows.assets.push_owner import is_over, owner_of


def test_a_process_is_over_when_it_is_and_not_before() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        owner = owner_of(process.pid)
        assert owner
        assert not is_over(owner)
        process.kill()
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert is_over(owner)  # nobody has asked for its status yet
    assert is_over(owner)
    assert owner_of(process.pid) == ""


def test_a_number_that_another_process_has_is_not_the_same_process() -> None:
    space, pid, began = owner_of(os.getpid()).split(":")
    assert is_over(f"{space}:{pid}:{int(began) + 1}")
    assert not is_over(f"{space}:{pid}:{began}")


@pytest.mark.parametrize("owner", ["", "nobody", "0123456789abcdef:1:2", "0123456789abcdef:-1:2"])
def test_what_cannot_be_told_is_not_over(owner: str) -> None:
    assert not is_over(owner)


def test_a_number_that_no_system_gives_is_no_process() -> None:
    space = owner_of(os.getpid()).partition(":")[0]
    assert is_over(f"{space}:9999999999:1")
