"""A whole build says at once what would not start, and takes the code of a src layout along."""

import subprocess
import sys
from pathlib import Path

import pytest
from tests.flows.test_build_locks import SITE
from tests.flows.world import World, listing, opened

from lightship.errors import InputError

pytestmark = pytest.mark.conformance

_BACKEND = """
import base64, hashlib, os, zipfile
INFO = "pretend_own-2.0.dist-info/"
def build_wheel(folder, config_settings=None, metadata_directory=None):
    files = {INFO + "METADATA": "Metadata-Version: 2.1\\nName: pretend_own\\nVersion: 2.0\\n"}
    files[INFO + "WHEEL"] = "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[INFO + "entry_points.txt"] = "[console_scripts]\\npretend-own = pretend_own:main\\n"
    for name in sorted(os.listdir("src/pretend_own")):
        with open("src/pretend_own/" + name) as source:
            files["pretend_own/" + name] = source.read()
    rows = [INFO + "RECORD,,\\n"]
    with zipfile.ZipFile(folder + "/pretend_own-2.0-py3-none-any.whl", "w") as wheel:
        for name, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")
            rows.append(f"{name},sha256={digest},{len(text)}\\n")
            wheel.writestr(name, text)
        wheel.writestr(INFO + "RECORD", "".join(rows))
    return "pretend_own-2.0-py3-none-any.whl"
"""


def _src_layout(world: World) -> None:
    package = world.project / "src" / "pretend_own"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text('def main():\n    print("from src")\n')
    (world.project / "backend").mkdir()
    (world.project / "backend" / "inner.py").write_text(_BACKEND)
    (world.project / "pyproject.toml").write_text(
        '[project]\nname = "pretend-own"\nversion = "2.0"\nrequires-python = ">=3.9"\n'
        'dependencies = ["pretend-lib"]\n[project.scripts]\npretend-own = "pretend_own:main"\n'
        '[build-system]\nrequires = []\nbuild-backend = "inner"\nbackend-path = ["backend"]\n'
    )
    argv = [str(Path(sys.executable).parent / "uv"), "lock", "--no-index", "--python", sys.executable]
    subprocess.run(argv, cwd=world.project, env=world.environment, capture_output=True, check=True)
    (world.project / "requirements.txt").unlink()


def test_code_in_src_becomes_a_wheel_unasked(world: World, tmp_path: Path) -> None:
    _src_layout(world)
    out = tmp_path / "out"
    first = world.build(out, entrypoint=("pretend-own",))
    assert world.launch(out) == "from src\n"
    assert "application-wheel" in {finding.code for finding in first.findings}
    with opened(out) as image:
        paths = listing(image)
    assert f"{SITE}/pretend_own/__init__.py" in paths
    assert not [path for path, member in paths.items() if path.startswith("app/") and member.type == "file"]
    assert world.build(out, entrypoint=("pretend-own",)).seconds.keys() == {"plan", "write"}
    (world.project / "plan.json").write_text(world.plan(entrypoint=("pretend-own",)))
    assert world.build(out, entrypoint=("pretend-own",)).digest == first.digest, "a plan is nobody's input"
    (world.project / "src/pretend_own/__init__.py").write_text('def main():\n    print("changed")\n')
    world.build(out, entrypoint=("pretend-own",))
    assert world.launch(out) == "changed\n"


def test_a_layout_that_changes_changes_the_image(world: World, tmp_path: Path) -> None:
    """From copied files to a wheel and back, with options and locks as they were."""
    _src_layout(world)
    (world.project / "src").rename(tmp_path / "src")
    flat = world.build(tmp_path / "out", entrypoint=("pretend-say",))
    (tmp_path / "src").rename(world.project / "src")
    assert world.build(tmp_path / "out", entrypoint=("pretend-say",)).digest != flat.digest
    (world.project / "src").rename(tmp_path / "src")
    assert world.build(tmp_path / "out", entrypoint=("pretend-say",)).digest == flat.digest


def test_a_program_that_is_not_there_is_refused_and_nothing_is_written(world: World, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="want pretend-sya on PATH") as caught:
        world.build(tmp_path / "out", entrypoint=("pretend-sya",))
    assert caught.value.hint == "did you mean pretend-say?"
    assert not (tmp_path / "out").exists()
    with pytest.raises(InputError, match="want nowhere, got nothing of that name"):
        world.build(tmp_path / "out", entrypoint=("python", "-m", "nowhere"))


@pytest.mark.parametrize(
    "entrypoint",
    [("pretend-say",), ("./run.sh",), ("python3", "-m", "pretend_lib.inner"),
     ("/opt/venv/bin/python", "app.py"), ("python", "-m", "helper.text")],
    ids=" ".join,
)  # fmt: skip
def test_a_program_that_is_there_is_quiet(world: World, tmp_path: Path, entrypoint: tuple[str, ...]) -> None:
    outcome = world.build(tmp_path / "out", entrypoint=entrypoint)
    assert "no-entrypoint" not in {finding.code for finding in outcome.findings}


def test_no_command_and_unused_patterns_are_told(world: World, tmp_path: Path) -> None:
    (world.project / "lightship.toml").unlink()
    outcome = world.build(tmp_path / "out", keep=("pretend_lib/tests/**",), drop=("pretend_libs/**",))
    told = {finding.code: finding for finding in outcome.findings}
    assert told["no-entrypoint"].fix == 'entrypoint = ["python", "app.py"] in [image] of lightship.toml'
    assert told["pattern-unused"].location == "pretend_libs/**"
    assert told["pattern-unused"].fix == "did you mean pretend_lib/**?"
    assert [finding.code for finding in outcome.findings].count("pattern-unused") == 1
