"""A container engine's command-line client: found, called, and its refusals told in one sentence."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import IO

from lightship import proc
from lightship.errors import ToolError
from lightship.proc import DEVNULL, PIPE, Popen
from lightship.values import dataclass

__all__ = ["Client"]

_PATIENCE_S = 120.0
_HINTS = {
    "docker": "start Docker, or set DOCKER_HOST or a context; without --engine no engine is needed",
    "podman": "see what podman info says; without --engine no engine is needed",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """``name`` is docker or podman, ``program`` its path; ``env`` None inherits ours."""

    name: str
    program: str
    env: Mapping[str, str] | None = None

    @classmethod
    def find(cls, name: str, *, env: Mapping[str, str] | None = None) -> "Client":
        """The client on PATH; raise ToolError where there is none."""
        program = proc.which(name)
        if program is None:
            package = {"docker": "docker.io"}.get(name, name)
            raise ToolError(
                f"{name} is not installed: the program {name} was not found", hint=f"sudo apt-get install {package}"
            )
        return cls(name=name, program=program, env=env)

    def argv(self, *words: str) -> list[str]:
        return [self.program, *words]

    def run(
        self,
        *words: str,
        stdin: bytes | None = None,
        more_env: Mapping[str, str] = MappingProxyType({}),
        check: bool = True,
    ) -> str:
        """What it prints; raise ToolError with its complaint where it fails. ``more_env`` is added to `env`, which
        must be known."""
        env = {**self.env, **more_env} if self.env is not None else None
        done = proc.run(self.argv(*words), cwd=Path("/"), env=env, stdin=stdin, timeout_s=_PATIENCE_S, check=False)
        if check and done.returncode != 0:
            raise self._refusal(words[0], done.stderr)
        return done.stdout.decode(errors="replace")

    def spawn(self, *words: str, stdin: int | IO[bytes] | None = DEVNULL) -> "Popen[bytes]":
        """It, running; `check` reads what it says."""
        return proc.spawn(
            self.argv(*words), cwd=Path("/"), env=self.env, stdin=stdin, stdout=DEVNULL, stderr=PIPE, new_session=True
        )

    def check(self, process: "Popen[bytes]", verb: str) -> None:
        """Wait for ``process``; raise ToolError where it failed."""
        said = process.stderr.read() if process.stderr is not None else b""
        if process.wait() != 0:
            raise self._refusal(verb, said)

    def _refusal(self, verb: str, said: bytes) -> ToolError:
        lines = [line.strip() for line in said.decode(errors="replace").splitlines() if line.strip()]
        known = [line for line in lines if not line.startswith(("See '", "time="))] or lines
        reason = (
            known[-1].removeprefix("Error: ").removeprefix("Error response from daemon: ") if known else "no reason"
        )
        return ToolError(f"{self.name} {verb} failed: {reason:.300}", hint=_HINTS.get(self.name))
