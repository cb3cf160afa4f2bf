"""Locks of real packages, made by ``uv lock`` and compared with what ``uv sync`` would do on this host."""

import os
import platform
import re
import sys
from pathlib import Path

import pytest
from tests.ecosystem.python.world import target, versions
from uv import find_uv_bin

from lightship import proc
from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.oci.platform import MACHINES

pytestmark = pytest.mark.network

PYPROJECT = """
[project]
name = "pretend-app"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["requests[socks]", "sqlalchemy", "numpy<2.3", "celery[redis]", "colorama; sys_platform == 'win32'"]
[project.optional-dependencies]
web = ["flask[async]", "uvicorn[standard]"]
[dependency-groups]
dev = ["iniconfig"]
"""


def _uv(folder: Path, *arguments: str) -> str:
    environment = dict(os.environ) | {"UV_PYTHON": sys.executable, "UV_NO_PROGRESS": "1"}
    done = proc.run([find_uv_bin(), *arguments], cwd=folder, env=environment, timeout_s=300)
    return done.stdout.decode() + done.stderr.decode()


def test_set_and_files_are_those_of_uv_sync(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT)
    _uv(tmp_path, "lock")
    architecture = next(name for name, machine in MACHINES.items() if machine == platform.machine())
    major, minor = (int(part) for part in platform.libc_ver()[1].split(".")[:2])
    here = target(platform.python_version(), f"linux/{architecture}", libc_version=(major, minor))
    for wanted, arguments in ((Wanted(), ["--no-dev"]), (Wanted(groups=("dev",), all_extras=True), ["--all-extras"])):
        said = _uv(tmp_path, "sync", "--locked", "--dry-run", *arguments)
        expected = dict(re.findall(r"^ \+ (\S+)==(\S+)", said, re.MULTILINE))
        selection = select(Project.discover(tmp_path), here, wanted)
        assert versions(selection) == expected
        assert all(choose(package, here).sha256 for package in selection.packages)
