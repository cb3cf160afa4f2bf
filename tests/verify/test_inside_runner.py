"""What comes out of an image is data: read with care, and told when it is none."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightship.oci.config import Runtime
from lightship.rootfs.removal import remove
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.verify.inside_runner import Inside, InsideError
from lightship.verify.interpreter import ask_python, find_python

_ASKED = "import json, os, sys; asked, answer = sys.argv[-2:]\n"


@pytest.fixture
def liar(python_root: Path, sandbox: Bubblewrap, tmp_path: Path) -> Any:
    """An `Inside` whose Python is a script with the given text."""
    root = tmp_path / "rootfs"
    shutil.copytree(python_root, root, symlinks=True, copy_function=os.link)
    (root / "liar").mkdir()

    def make(text: str) -> Inside:
        (root / "liar/python").write_text(f"#!/usr/bin/python3\n{_ASKED}{text}\n")
        (root / "liar/python").chmod(0o755)
        return Inside(sandbox=sandbox, rootfs=root, runtime=Runtime(env=("PATH=/usr/bin",), user="1001"))

    yield make
    remove(root)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("pass", "ended with status 0: it said nothing"),
        ("sys.exit('no such thing')", "ended with status 1: no such thing"),
        ("os.kill(os.getpid(), 11)", "ended with status 139"),
        ("open(answer, 'w').write('{')", "something else than JSON"),
        ("open(answer, 'w').write('[' * 100000)", "something else than JSON"),
        ("open(answer, 'w').write('[]')", "in another shape"),
        ("open(answer, 'w').write('{\"version\": 3}')", "in another shape"),
        ("os.symlink('/etc/shadow', answer)", "ended with status 0"),
        ("os.mkfifo(answer)", "ended with status 0"),
    ],
)
def test_an_answer_that_is_none(liar: Callable[[str], Inside], text: str, said: str) -> None:
    with pytest.raises(InsideError, match=r"^(the image's Python|/liar/python of the image) ") as caught:
        ask_python(liar(text), "/liar/python")
    assert said in str(caught.value)


def test_one_that_does_not_end_is_ended(liar: Callable[[str], Inside]) -> None:
    inside = liar("import time; time.sleep(60)")
    with pytest.raises(InsideError, match=r"was not done after 0\.2 s"):
        inside.run("facts_worker.py", "/liar/python", {}, timeout_s=0.2, parse=dict)


def test_a_python_that_is_not_there(liar: Callable[[str], Inside]) -> None:
    with pytest.raises(InsideError, match="cannot be started"):
        liar("").run("facts_worker.py", "/gone/python", {}, timeout_s=5, parse=dict)


def test_the_python_of_the_command_is_found_first(tmp_path: Path) -> None:
    for path in ("usr/bin/python3.9", "usr/bin/python3.11", "opt/app/bin/python3", "usr/local/bin/serve"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    (tmp_path / "usr/local/bin/serve").write_text("#!/opt/app/bin/python3 -I\n")
    env = ("PATH=/usr/local/bin:/usr/bin",)
    assert find_python(tmp_path, Runtime(entrypoint=("serve",), env=env)) == "/opt/app/bin/python3"
    assert find_python(tmp_path, Runtime(cmd=("python3.9", "-m", "x"), env=env)) == "/usr/bin/python3.9"
    assert find_python(tmp_path, Runtime(cmd=("sh",), env=env)) == "/usr/bin/python3.11"
    assert find_python(tmp_path / "usr/local", Runtime(env=("PATH=/nowhere",))) is None


def test_what_a_build_adds_for_a_quick_start_is_off(liar: Callable[[str], Inside]) -> None:
    inside = liar("json.dump(os.environ['LIGHTSHIP_START'], open(answer, 'w'))")
    assert inside.run("facts_worker.py", "/liar/python", {}, timeout_s=30, parse=str) == "0"
