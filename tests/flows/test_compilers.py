"""Compilers that start early and end late."""

import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest

from lightship import proc
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.errors import ToolError
from lightship.flows.compilers import Compilers
from lightship.oci.platform import Platform
from lightship.proc import Popen
from lightship.sandbox.protocol import Command


@dataclass
class OpenSandbox:
    """Starts the interpreter of the tests, and holds what it started."""

    started: "list[Popen[bytes]]" = field(default_factory=list)

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "Popen[bytes]":
        argv = (sys.executable, *command.argv[1:])
        process = proc.spawn(argv, cwd=Path("/"), env=command.env, stdin=stdin, stdout=stdout, stderr=stderr)
        self.started.append(process)
        return process


def compilers(sandbox: OpenSandbox) -> Compilers:
    version = ".".join(map(str, sys.version_info[:3]))
    target = Target(python=version, platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))
    interpreter = Interpreter(executable="usr/bin/python3", stdlib=(), target=target)
    return Compilers(interpreter, lambda: Path("/"), lambda: sandbox)


def test_the_one_that_was_prepared_is_taken_once() -> None:
    sandbox = OpenSandbox()
    with compilers(sandbox) as made:
        made.prepare()
        made.prepare()
        with made.take() as first, made.take() as second:
            assert first is not second
            assert [each.pyc is not None for each in first.compile([("a.py", b"x = 1")])] == [True]
    assert [process.returncode for process in sandbox.started] == [0, 0]


def test_what_was_prepared_and_not_taken_ends() -> None:
    sandbox = OpenSandbox()
    with compilers(sandbox) as made:
        made.prepare()
    assert [process.returncode for process in sandbox.started] == [0]


def test_nothing_starts_unasked() -> None:
    sandbox = OpenSandbox()
    with compilers(sandbox):
        pass
    assert sandbox.started == []


def test_one_that_cannot_start_is_told_to_who_takes_it_and_to_nobody_else() -> None:
    def refuse() -> OpenSandbox:
        raise ToolError("no sandbox")

    broken = Compilers(compilers(OpenSandbox()).interpreter, lambda: Path("/"), refuse)
    with broken:
        broken.prepare()
        with pytest.raises(ToolError, match="no sandbox"):
            broken.take()
    with broken:
        broken.prepare()


def test_closing_one_does_not_wait_for_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    sandbox = OpenSandbox()
    with compilers(sandbox) as made:
        taken = made.take()
        (process,) = sandbox.started
        may_end = threading.Event()
        wait = process.wait

        def held(timeout: float | None = None) -> int:
            may_end.wait()
            return wait(timeout)

        monkeypatch.setattr(process, "wait", held)
        taken.close()
        may_end.set()
    assert process.returncode == 0
