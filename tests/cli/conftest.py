"""The real entry point as a process, and a pretend world that it can build from: an archive and wheels on loopback."""

import datetime
import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.base.pretend import PretendArchive, distribution, served
from tests.build.wheels import make_wheel

__all__ = ["Lightship", "Said", "World", "make_project"]

_PROGRAM = Path(sys.executable).parent / "lightship"


@dataclass(frozen=True, slots=True)
class Said:
    """What a process left: exit status and what it wrote."""

    status: int
    stdout: str
    stderr: str

    @property
    def error(self) -> str:
        """The one line of stderr that begins with ``error: ``, without that."""
        lines = [line for line in self.stderr.splitlines() if line.startswith("error: ")]
        assert len(lines) == 1, self.stderr
        return lines[0].removeprefix("error: ")

    @property
    def hint(self) -> str:
        lines = [line for line in self.stderr.splitlines() if line.startswith("hint: ")]
        return lines[0].removeprefix("hint: ") if lines else ""


@dataclass(frozen=True, slots=True)
class Lightship:
    """``.venv/bin/lightship`` with a home, a cache and an environment of its own."""

    home: Path
    cache: Path

    def environ(self, more: Mapping[str, str] | None = None) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1",
            "PIP_FIND_LINKS": str(self.home / "wheels"),
            "LIGHTSHIP_CACHE_DIR": str(self.cache),
            **(more or {}),
        }

    def __call__(self, *words: str | Path, **more: str) -> Said:
        """Run to its end; ``more`` are further variables."""
        done = subprocess.run(
            [_PROGRAM, *words],
            cwd=self.home,
            env=self.environ(more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def begin(self, *words: str | Path, **more: str) -> "subprocess.Popen[str]":
        """Start it as a shell does in the foreground: interrupts are not ignored, whatever started the tests."""
        return subprocess.Popen(
            ["env", "--default-signal=INT", _PROGRAM, *words],
            cwd=self.home,
            env=self.environ(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )


@dataclass(frozen=True, slots=True)
class World:
    """A project of one locked wheel; the archive that its base comes from; ``asked`` are the archive's requests."""

    project: Path
    flags: tuple[str, ...]
    asked: list[str]


def make_project(home: Path) -> Path:
    """A project whose only requirement is a wheel, which pip's find-links has."""
    (home / "wheels").mkdir()
    files = {
        "pretend_lib/__init__.py": "VALUE = 1\n",
        "pretend_lib/tests/test_value.py": "def test_value():\n    pass\n",
    }
    wheel = make_wheel(home / "wheels", "pretend_lib", files)
    sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
    project = home / "shop"
    project.mkdir()
    (project / "app.py").write_text("import pretend_lib\nprint(pretend_lib.VALUE)\n")
    (project / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\ndependencies = ["pretend-lib"]\n')
    (project / "requirements.txt").write_text(f"pretend-lib==1.0 --hash=sha256:{sha256}\n")
    (project / "lightship.toml").write_text('[image]\nentrypoint = ["python", "app.py"]\n[build]\nbytecode = "none"\n')
    return project


@pytest.fixture
def lightship(tmp_path: Path) -> Lightship:
    home = tmp_path / "home"
    home.mkdir()
    return Lightship(home=home, cache=tmp_path / "cache")


@pytest.fixture(scope="session")
def archive_flags(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """A served archive and the options that name it; made once."""
    archive = PretendArchive(tmp_path_factory.mktemp("archive"))
    archive.date = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    archive.valid_until = None
    archive.add(*distribution())
    archive.write()
    with served(archive.root) as (uri, asked):
        flags = ("--archive-uri", uri, "--archive-suite", archive.codename, "--archive-keyring", str(archive.keyring))
        yield flags, asked


@pytest.fixture
def world(archive_flags: tuple[tuple[str, ...], list[str]], lightship: Lightship) -> World:
    flags, asked = archive_flags
    return World(make_project(lightship.home), ("--platform", "linux/amd64", *flags), asked)
