"""Which Python a project's image would get, told without asking an archive."""

from pathlib import Path

import pytest
from tests.flows.fit_lock import PURE, write_project

from lightship.config import Options
from lightship.ecosystem.python.project import Project
from lightship.errors import UsageError
from lightship.flows.base_python import PythonChoice, choose_python, full_version
from lightship.oci.platform import Platform

AMD64 = Platform(os="linux", architecture="amd64")
LOCK = """\
version = 1

[amd64]
system-packages = []
missing = []

[[amd64.package]]
name = "python3.12"
version = "3.12.3-1ubuntu0.5"
architecture = "amd64"
source = "python3.12"
suite = "noble"
filename = "pool/p.deb"
sha256 = "{digits}"
size = 1
""".format(digits="0" * 64)


def choose(tmp_path: Path, *, python: str = "auto", requires: str = ">=3.11", suites: str = "") -> PythonChoice:
    project = write_project(tmp_path / "shop", {"pure-lib": [PURE]}, requires_python=requires)
    etc_apt = tmp_path / "apt"
    etc_apt.mkdir()
    if suites:
        (etc_apt / "sources.list").write_text(f"deb http://archive.example/x {suites} main\n")
    return choose_python(Project.discover(project), Options(python=python), AMD64, {}, etc_apt=etc_apt)


def test_what_is_asked_for_counts(tmp_path: Path) -> None:
    assert choose(tmp_path, python="3.12.1").version == "3.12.1"


def test_a_version_gets_its_last_number() -> None:
    assert full_version("3.11").startswith("3.11.")
    assert full_version("3.11") != "3.11.0"
    assert full_version("3.7") == "3.7.0"


def test_the_base_s_lock_counts(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "lightship-base.lock").write_text(LOCK)
    choice = choose(tmp_path, suites="bookworm")
    assert choice.version == "3.12.3"
    assert "lightship-base.lock" in choice.why


def test_a_broken_base_lock_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "lightship-base.lock").write_text("version = 99\n")
    assert choose(tmp_path, suites="noble").version.startswith("3.12.")


@pytest.mark.parametrize(
    ("suites", "requires", "minor"),
    [
        ("bookworm", ">=3.11", "3.11"),
        ("noble-updates", ">=3.11", "3.12"),
        ("bookworm", ">=3.12", "3.13"),
        ("", ">=3.11", "3.13"),
        ("", ">=3.11,<3.13", "3.11"),
        ("", "==3.12.*", "3.12"),
        ("unheard-of", ">=3.14", "3.14"),
    ],
)
def test_auto_is_the_host_s_then_debian_s_then_any(tmp_path: Path, suites: str, requires: str, minor: str) -> None:
    choice = choose(tmp_path, suites=suites, requires=requires)
    assert choice.version.startswith(f"{minor}.")
    assert choice.why


def test_no_python_at_all(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no Python fits"):
        choose(tmp_path, requires="<3")


@pytest.mark.parametrize("python", ["three", "2.7", "3.12.1rc1", "3"])
def test_what_is_no_version(tmp_path: Path, python: str) -> None:
    with pytest.raises(UsageError, match="python not understood"):
        choose(tmp_path, python=python)
