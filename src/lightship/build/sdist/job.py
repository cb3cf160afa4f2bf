"""One build in its workplace: what is mounted where, the two hooks, and how little of the outcome is believed."""

import contextlib
import json
import os
import shutil
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from packaging.requirements import Requirement

from lightship import proc
from lightship.build.sdist.requires import Pin, parse_requirements
from lightship.build.sdist.source import BuildSystem
from lightship.build.sdist.workplace import remove_tree
from lightship.errors import ToolError
from lightship.paths import storage_errors
from lightship.sandbox.protocol import Bind, Command, Sandbox

if TYPE_CHECKING:
    from lightship.build.sdist.build import BuildSite

__all__ = ["Job"]

_LOG_LINES = 30
_MAX_ANSWER_BYTES = 2**20
_EPOCH = "315532800"  # 1980-01-01, the first time that a zip can say


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One build. ``work`` holds ``env``, ``out``, ``home`` and ``wheels``; ``log`` is where the output of a failed
    build is kept; ``resolve`` turns build requirements into wheels on this machine."""

    project: str
    site: "BuildSite"
    sandbox: Sandbox
    work: Path
    log: Path
    variables: Mapping[str, str]
    timeout_s: float
    resolve: Callable[[Sequence[Requirement]], tuple[Pin, ...]]

    def run(self, source: Path, system: BuildSystem) -> tuple[Path, tuple[Pin, ...]]:
        """Both hooks. Return the wheel in the workplace, which is a file and no link, and what it was built with."""
        request = {"backend": system.backend, "backend_path": system.backend_path}
        with storage_errors("prepare a build"):
            (self.work / "request.json").write_text(json.dumps(request))
            shutil.copyfile(Path(__file__).with_name("inside.py"), self.work / "inside.py")
        static = parse_requirements(system.requires, "pyproject.toml: build-system.requires")
        pins = self._provide(static)
        asked = self._hook("requires", source).get("requires")
        if not isinstance(asked, list) or not all(isinstance(text, str) for text in asked):
            raise ToolError(f"{self.project}: its build backend does not say what it requires")
        further = parse_requirements(asked, f"{self.project}: what its build backend requires")
        if further:
            pins = self._provide((*static, *further))
        name = self._hook("wheel", source).get("wheel")
        if not isinstance(name, str) or "/" in name or not name.endswith(".whl"):
            raise ToolError(f"{self.project}: its build backend does not name the wheel it made")
        wheel = self.work / "out" / name
        if not _is_plain_file(wheel):
            raise ToolError(f"{self.project}: its build backend names a wheel that it did not make: {name[:200]}")
        return wheel, pins

    def _provide(self, requirements: Sequence[Requirement]) -> tuple[Pin, ...]:
        """Resolve and lay out wheels; the environment is made anew, so that nothing of an earlier choice stays."""
        pins = self.resolve(requirements)
        with storage_errors("prepare a build"):
            self._empty("wheels", "env")
            for pin in pins:
                target = self.work / "wheels" / Path(pin.filename).name
                try:
                    os.link(pin.fetched.path, target)
                except OSError:  # another file system, or one without links
                    shutil.copyfile(pin.fetched.path, target)
        return pins

    def _empty(self, *names: str) -> None:
        for name in names:
            remove_tree(self.work / name)
            (self.work / name).mkdir(mode=0o755)

    def _hook(self, hook: str, source: Path) -> dict[str, object]:
        output = self.work / "log"
        with storage_errors("prepare a build"):
            self._empty("out", "home")
        with output.open("ab") as stream:
            process = self._start(self._command(hook, source), stream)
            try:
                status = process.wait(self.timeout_s)
            except proc.TimeoutExpired as error:
                raise self._failed(f"did not end within {self.timeout_s:g} s", output) from error
            finally:
                if process.poll() is None:
                    process.kill()
                    process.wait()
        if status != 0:
            raise self._failed(f"failed with status {status}", output)
        try:
            found = json.loads(_read_plain(self.work / "out/answer.json", _MAX_ANSWER_BYTES))
        except (OSError, ValueError, RecursionError) as error:
            raise self._failed("gave no answer", output) from error
        return found if isinstance(found, dict) else {}

    def _start(self, command: Command, output: BinaryIO) -> "proc.Popen[bytes]":
        try:
            return self.sandbox.start(command, stdin=proc.DEVNULL, stdout=output, stderr=output)
        except ToolError as error:
            want, here = self.site.interpreter.target.platform.machine, os.uname().machine
            if want == here:
                raise
            raise ToolError(
                f"{self.project} has only sources, and its wheel for {want} cannot be built on this {here} machine",
                hint=f"build on a {want} machine, or put the wheel into a directory of find-links",
            ) from error

    def _command(self, hook: str, source: Path) -> Command:
        # Each is a mount of its own: a build cannot put a link where the host will look for a directory.
        mounts = [
            (source, "src", True),
            *((self.work / name, name, name != "wheels") for name in ("env", "out", "home", "wheels")),
            *((self.work / name, name, False) for name in ("inside.py", "request.json")),
        ]
        return Command(
            rootfs=self.site.rootfs,
            argv=(f"/{self.site.interpreter.executable}", "-I", "-S", "/build/inside.py", "prepare", hook),
            env=self._environment(),
            cwd="/",
            binds=tuple(
                Bind(source=path, target=f"/build/{name}", writable=writable) for path, name, writable in mounts
            ),
            writable=("/build", "/tmp"),  # noqa: S108 - paths inside the sandbox
        )

    def _environment(self) -> dict[str, str]:
        fixed = {
            "PATH": "/build/env/bin:/usr/local/bin:/usr/bin:/bin",
            "HOME": "/build/home",
            "TMPDIR": "/tmp",  # noqa: S108 - a path inside the sandbox
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "TZ": "UTC",
            "USER": "builder",  # the user has no entry in the root's passwd
            "LOGNAME": "builder",
            "SOURCE_DATE_EPOCH": _EPOCH,
            "PYTHONHASHSEED": "0",
            "PYTHONNOUSERSITE": "1",
            "PYTHONPYCACHEPREFIX": "/build/env/bytecode",  # none beside the sources; the second hook finds the first's
            "VIRTUAL_ENV": "/build/env",
        }
        libraries = self.site.interpreter.library_path
        if libraries:
            fixed["LD_LIBRARY_PATH"] = ":".join(libraries)
        return {**fixed, **self.variables}

    def _failed(self, what: str, output: Path) -> ToolError:
        with storage_errors("keep the log of a build"):
            self.log.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(output, self.log)
            with output.open("rb") as stream:
                stream.seek(max(0, output.stat().st_size - 65536))
                lines = stream.read().decode(errors="replace").splitlines()
        said = "\n".join(lines[-_LOG_LINES:])
        last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
        return ToolError(
            f"{self.project}: building its wheel {what}: {last[:300]}", hint=f"{_remedy(said)}all of it: {self.log}"
        )


_REMEDIES = (
    ("No module named 'pkg_resources'", "it needs an older setuptools: add `setuptools<81` to the build constraints; "),
    ("No module named 'distutils'", "it needs setuptools at build time, or a Python before 3.12; "),
    ("fatal error: Python.h", "the build root lacks the interpreter's headers (python3-dev); "),
    ("command 'gcc' failed: No such file", "the build root lacks a C compiler; "),
    ("Temporary failure in name resolution", "it wants the network, which a build does not get; "),
    ("setuptools-scm was unable to detect version", "name the version: SETUPTOOLS_SCM_PRETEND_VERSION; "),
)


def _remedy(said: str) -> str:
    return next((remedy for sign, remedy in _REMEDIES if sign in said), "")


def _is_plain_file(path: Path) -> bool:
    with contextlib.suppress(OSError):
        return stat.S_ISREG(path.lstat().st_mode)
    return False


def _read_plain(path: Path, limit_bytes: int) -> bytes:
    """A file that a build wrote, which might be a link, a pipe or endless."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(stream.fileno()).st_mode):
            raise ValueError("not a file")
        return stream.read(limit_bytes)
