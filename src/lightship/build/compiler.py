"""The target's interpreter at work in the sandbox: one process, fed over pipes, that compiles what it is sent.

The other end is ``_compile_worker.py``, whose docstring holds the protocol.
"""

import contextlib
import os
import struct
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from lightship import proc
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import ToolError
from lightship.sandbox.protocol import Command, Sandbox
from lightship.values import dataclass

__all__ = ["Compiled", "Compiler", "CompilerFacts", "DiedError", "worker_source"]

_HEAD = struct.Struct("<IcI")
_END = 0xFFFFFFFF
_ANSWER_LIMIT_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class CompilerFacts:
    """What the interpreter says of itself: ``magic`` in hex, ``cache_tag`` such as ``cpython-311``, full version."""

    magic: str
    cache_tag: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiled:
    """The answer for the source at ``index``: ``pyc``, or None with the reason and its line (0 when unknown)."""

    index: int
    pyc: bytes | None
    line: int = 0
    message: str = ""


class DiedError(ToolError):
    """The fork that served a request died: ``served`` answers had come before."""

    def __init__(self, status: str, served: int) -> None:
        super().__init__(f"the compiler died with wait status {status}")
        self.served = served


@cache
def worker_source() -> str:
    """The program that runs inside. Before it imports anything it forgets the working directory."""
    return "import sys; sys.path.remove('')\n" + Path(__file__).with_name("_compile_worker.py").read_text("utf-8")


class Compiler:
    """A running interpreter. A context manager; for one thread. Raise ToolError where it cannot start.

    Options: no ``site``, no bytecode written, isolated from the working directory; the hash seed is fixed. ``later``
    is given what waits for the end of an idle interpreter that is closed, to call it at another time.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        rootfs: Path,
        interpreter: Interpreter,
        *,
        later: Callable[[Callable[[], None]], object] | None = None,
    ) -> None:
        environment = {"PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8", "PYTHONUTF8": "1"}
        if interpreter.library_path:
            environment["LD_LIBRARY_PATH"] = ":".join(interpreter.library_path)
        self._idle = False
        self._later = later
        self._stderr = os.fdopen(os.memfd_create("lightship-compiler"), "w+b")
        try:
            self._process = sandbox.start(
                Command(
                    rootfs=rootfs,
                    argv=(f"/{interpreter.executable}", "-s", "-S", "-B", "-c", worker_source()),
                    env=environment,
                ),
                stdin=proc.PIPE,
                stdout=proc.PIPE,
                stderr=self._stderr,
            )
        except BaseException:
            self._stderr.close()
            raise
        try:
            self.facts = self._hello()
            self._idle = True
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the interpreter: an idle one by the end of its input, so that its CPU time is counted; else at once."""
        if self._idle and self._process.stdin is not None:
            with contextlib.suppress(OSError):  # it has ended already
                self._process.stdin.close()
            if self._later is not None:
                self._later(self._wait)
                return
        else:
            self._process.kill()
        self._wait()

    def _wait(self) -> None:
        if self._idle:
            _pipe(self._process.stdout).read()
        with self._process:  # closes the pipes and waits
            pass
        self._stderr.close()

    def compile(self, sources: Sequence[tuple[str, bytes]], *, optimize: int = 0) -> list[Compiled]:
        """Compile (path, source) pairs; answers come in order. Raise DiedError when the compiler crashes on one."""
        files = (field for path, source in sources for field in (path, str(len(source))))
        request = "\0".join((str(optimize), *files)).encode()
        stdin = _pipe(self._process.stdin)
        self._idle = False
        try:
            stdin.write(b"u" + struct.pack("<I", len(request)) + request)
            stdin.writelines(source for _, source in sources)
            stdin.flush()
        except OSError as error:
            raise self._ended() from error
        answers: list[Compiled] = []
        while True:
            index, kind, body = self._answer()
            if index == _END:
                self._idle = True
                if kind != b"d" or len(answers) != len(sources):
                    raise DiedError(body.decode("ascii", "replace"), len(answers))
                return answers
            if kind == b"c":
                answers.append(Compiled(index=index, pyc=body))
            else:
                line, _, message = body.decode(errors="replace").partition("\0")
                answers.append(
                    Compiled(index=index, pyc=None, line=int(line) if line.isdecimal() else 0, message=message)
                )

    def _hello(self) -> CompilerFacts:
        _, kind, body = self._answer()
        said = body.decode(errors="replace").split("\0") if kind == b"h" else []
        if len(said) != 4 or said[3] != "cpython":
            raise ToolError(f"interpreter not supported: want cpython, got {said[3:] or 'nothing that it says'}")
        return CompilerFacts(magic=said[0], cache_tag=said[1], version=said[2])

    def _answer(self) -> tuple[int, bytes, bytes]:
        stdout = _pipe(self._process.stdout)
        head = stdout.read(_HEAD.size)
        if len(head) != _HEAD.size:
            raise self._ended()
        index, kind, length = _HEAD.unpack(head)
        if length > _ANSWER_LIMIT_BYTES:
            raise ToolError(f"the compiler's answer is too large: {length} bytes")
        body = stdout.read(length)
        if len(body) != length:
            raise self._ended()
        return index, kind, body

    def _ended(self) -> ToolError:
        """The process has ended: say its last words."""
        status = self._process.wait()
        self._stderr.seek(0)
        said = self._stderr.read(65_536).decode(errors="replace").strip().splitlines()
        return ToolError(f"the target's interpreter ended with status {status}: {said[-1] if said else 'no message'}")


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        raise ToolError("the sandbox gave no pipe")
    return stream
