"""What is to be done when this process lets go of something, or is no more."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from lightship.sandbox.reaper import Reaper


def _appears(path: Path) -> bool:
    limit = time.monotonic() + 60
    while not path.exists() and time.monotonic() < limit:
        time.sleep(0.01)
    return path.exists()


def test_it_works_when_it_is_released_and_once(tmp_path: Path) -> None:
    directory = tmp_path / "a directory"
    (directory / "below").mkdir(parents=True)
    odd = "$(touch wrong); 'quoted'"
    reaper = Reaper(["/bin/sh", "-c", 'echo "$1" >>"$0"', str(tmp_path / "done"), odd], directory=directory)
    assert directory.exists()
    assert not (tmp_path / "done").exists()
    reaper.release()
    reaper.release()
    assert (tmp_path / "done").read_text() == f"{odd}\n"
    assert not directory.exists()


def test_a_failure_does_not_keep_the_directory(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    Reaper(["/nonexistent/program"], directory=tmp_path / "directory").release()
    assert not (tmp_path / "directory").exists()


def test_it_works_when_its_owner_is_killed(tmp_path: Path) -> None:
    code = f"""
import time
from lightship.sandbox.reaper import Reaper
reaper = Reaper(["touch", {str(tmp_path / "done")!r}])
print("up", flush=True)
time.sleep(60)
"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"up\n"
        assert not (tmp_path / "done").exists()
        os.kill(owner.pid, signal.SIGKILL)
    assert _appears(tmp_path / "done")
