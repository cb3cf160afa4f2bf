"""Other ways to name what goes in: uv's lock, the project as a wheel, local packages, an interpreter's folder."""

import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
from tests.flows.world import MINOR, World, listing, opened
from tests.flows.world_archive import stdlib_files

pytestmark = pytest.mark.conformance

SITE = f"opt/venv/lib/python{MINOR}/site-packages"

_BACKEND = """
import base64, hashlib, zipfile
NAME = "{name}-2.0-py3-none-any.whl"
INFO = "{name}-2.0.dist-info/"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    with open("{name}.py") as source:
        files = {{"{name}.py": source.read()}}
    files[INFO + "METADATA"] = "Metadata-Version: 2.1\\nName: {name}\\nVersion: 2.0\\n"
    files[INFO + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    rows = [INFO + "RECORD,,\\n"]
    with zipfile.ZipFile(folder + "/" + NAME, "w") as wheel:
        for name, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            rows.append(f"{{name}},sha256={{digest}},{{len(text)}}\\n")
            wheel.writestr(name, text)
        wheel.writestr(INFO + "RECORD", "".join(rows))
    return NAME
"""


def _source(folder: Path, name: str, text: str, *, dependencies: str = "[]", more: str = "") -> None:
    """A project that is its own build backend."""
    (folder / "backend").mkdir(parents=True, exist_ok=True)
    (folder / "backend" / "inner.py").write_text(_BACKEND.format(name=name))
    (folder / f"{name}.py").write_text(text)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "{name}"\nversion = "2.0"\nrequires-python = ">=3.9"\ndependencies = {dependencies}\n'
        f'[build-system]\nrequires = []\nbuild-backend = "inner"\nbackend-path = ["backend"]\n{more}'
    )


def _uv_lock(world: World) -> None:
    program = str(Path(sys.executable).parent / "uv")
    argv = [program, "lock", "--no-index", "--python", sys.executable]
    done = subprocess.run(argv, cwd=world.project, env=world.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (world.project / "requirements.txt").unlink(missing_ok=True)


def test_a_uv_lock(world: World, tmp_path: Path) -> None:
    _source(world.project, "pretend_own", "", dependencies='["pretend-lib", "pretend-native", "pretend-rival"]')
    _uv_lock(world)
    outcome = world.build(tmp_path / "out", entrypoint=("python", "app.py"))
    assert world.launch(tmp_path / "out").startswith("hello 42 pretend_rival")
    world.asked.clear()
    world.links.asked.clear()
    assert world.build(tmp_path / "out").digest == outcome.digest
    assert world.asked == world.links.asked == []


def test_the_project_as_a_wheel(world: World, tmp_path: Path) -> None:
    _source(world.project, "pretend_own", "VALUE = 1\n", dependencies='["pretend-lib"]')
    _uv_lock(world)
    options: dict[str, Any] = {
        "application": "wheel", "entrypoint": ("python", "-c", "import pretend_own; print(pretend_own.VALUE)"),
    }  # fmt: skip
    first = world.build(tmp_path / "out", **options)
    assert world.launch(tmp_path / "out") == "1\n"
    with opened(tmp_path / "out") as image:
        paths = listing(image)
    assert f"{SITE}/pretend_own-2.0.dist-info/RECORD" in paths
    assert not [path for path, member in paths.items() if path.startswith("app/") and member.type == "file"]
    again = world.build(tmp_path / "out", **options)
    assert again.digest == first.digest
    assert again.seconds.keys() == {"plan", "write"}
    (world.project / "pretend_own.py").write_text("VALUE = 2\n")
    assert world.build(tmp_path / "out", **options).digest != first.digest
    assert world.launch(tmp_path / "out") == "2\n"


def test_a_local_package(world: World, tmp_path: Path) -> None:
    """A path dependency outside of the project changes without the lock."""
    local = tmp_path / "local"
    _source(local, "pretend_local", "VALUE = 1\n")
    more = '[tool.uv.sources]\npretend-local = { path = "../local" }\n'
    _source(world.project, "pretend_own", "", dependencies='["pretend-lib", "pretend-local"]', more=more)
    _uv_lock(world)
    command = ("python", "-c", "import pretend_local; print(pretend_local.VALUE)")
    first = world.build(tmp_path / "out", entrypoint=command)
    assert world.launch(tmp_path / "out") == "1\n"
    assert world.build(tmp_path / "out", entrypoint=command).seconds.keys() == {"plan", "write"}
    (local / "pretend_local.py").write_text("VALUE = 2\n")
    assert world.build(tmp_path / "out", entrypoint=command).digest != first.digest
    assert world.launch(tmp_path / "out") == "2\n"


def _cpython(folder: Path) -> Path:
    """An installed interpreter, as far as it is needed here."""
    place = folder / "lib" / f"python{MINOR}"
    for file in stdlib_files():
        target = place / file.relative_to(sysconfig.get_path("stdlib"))
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, target)
    (folder / "bin").mkdir()
    shutil.copy(Path(sys.executable).resolve(), folder / "bin" / f"python{MINOR}")
    header = folder / "include" / f"python{MINOR}" / "patchlevel.h"
    header.parent.mkdir(parents=True)
    header.write_text(f'#define PY_VERSION "{platform.python_version()}"\n')
    return folder


def test_an_installed_interpreter(world: World, tmp_path: Path) -> None:
    """It is looked at each time: a module that was changed in place counts."""
    folder = _cpython(tmp_path / "cpython")
    (world.project / "lightship-base.lock").unlink()
    python = str(folder)
    first = world.build(tmp_path / "out", python=python)
    assert world.launch(tmp_path / "out").startswith("hello 42")
    with opened(tmp_path / "out") as image:
        paths = listing(image)
    assert f"usr/local/bin/python{MINOR}" in paths
    assert f"usr/bin/python{MINOR}" not in paths
    assert world.build(tmp_path / "out", python=python).seconds.keys() == {"plan", "write"}
    module = folder / "lib" / f"python{MINOR}" / "json" / "__init__.py"
    module.write_text(module.read_text() + "\nPATCHED = True\n")
    after = world.build(tmp_path / "out", python=python)
    assert after.digest != first.digest
    command = ("--entrypoint", "python")
    assert world.launch(tmp_path / "out", "-c", "import json; print(json.PATCHED)", options=command) == "True\n"
