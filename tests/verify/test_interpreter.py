"""Which Python an image runs, told by its files."""

from pathlib import Path

import pytest

from lightship.oci.config import Runtime
from lightship.verify.interpreter import find_python


def _runtime(*entrypoint: str) -> Runtime:
    return Runtime(entrypoint=entrypoint)


def test_a_program_of_hundreds_of_megabytes_is_no_script_and_no_fault(tmp_path: Path) -> None:
    program = tmp_path / "usr/local/bin/node"
    program.parent.mkdir(parents=True)
    with program.open("wb") as stream:
        stream.write(b"\x7fELF")
        stream.truncate(1 << 30)
    assert find_python(tmp_path, _runtime("/usr/local/bin/node", "server.js")) is None


@pytest.mark.parametrize("line", [b"#!/opt/venv/bin/python\n", b"#!/usr/bin/env -S python -I\n"])
def test_a_script_says_which(tmp_path: Path, line: bytes) -> None:
    place = tmp_path / "opt/venv/bin"
    place.mkdir(parents=True)
    (place / "python").write_bytes(b"\x7fELF")
    (place / "serve").write_bytes(line + b"import app\n" * 100)
    assert find_python(tmp_path, _runtime("/opt/venv/bin/serve")) == "/opt/venv/bin/python"
