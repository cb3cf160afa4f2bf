"""What the image starts is in the image: told by the layers' explanations, before anything is written."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lightship.archive.content import Inline
from lightship.config import Options
from lightship.errors import InputError
from lightship.flows.entrypoint import check_entrypoint
from lightship.plan.explain import explain_layer
from lightship.plan.model import Dropped, Entry, LayerPlan

SITE = "opt/venv/lib/python3.12/site-packages"


def file(path: str, *, mode: int = 0o644) -> Entry:
    return Entry(path=path, mode=mode, content=Inline(b"x"), owner="wheel:x==1", why='locked, required by "}{"')


def link(path: str, target: str) -> Entry:
    return Entry(path=path, type="symlink", mode=0o777, link_target=target, owner="application", why="")


BASE = (
    file("usr/bin/dash", mode=0o755), link("usr/bin/sh", "dash"), link("bin", "usr/bin"),
    file("usr/bin/python3.12", mode=0o755), file("usr/lib/python3.12/runpy.py"),
)  # fmt: skip
PACKAGES = (
    link("opt/venv/bin/python", "/usr/bin/python3.12"),
    file("opt/venv/bin/uvicorn", mode=0o755), file("opt/venv/bin/gunicorn", mode=0o755),
    file(f"{SITE}/uvicorn/__main__.py"), file(f"{SITE}/single.py"), file(f"{SITE}/native.cpython-312.so"),
)  # fmt: skip
APPLICATION = (
    file("app/run.sh", mode=0o755), file("app/plain.sh"), file("app/é/run", mode=0o755),
    Entry(path="app/folder", type="dir", mode=0o755), link("app/current", "releases/one"),
    file("app/releases/one/start", mode=0o755), link("app/loop", "loop"), file("app/main.py"), file("app/ours/a.py"),
)  # fmt: skip
GONE = Dropped(
    path=f"{SITE}/pip/__main__.py", owner="pip", rule="build-tools", safety="safe", reason="", unpacked_bytes=1
)


@pytest.fixture
def explanations(tmp_path: Path) -> list[Path]:
    layers = [("base", BASE), ("packages", PACKAGES), ("application", APPLICATION)]
    found = []
    for name, entries in layers:
        plan = LayerPlan(name=name, key=name, entries=entries, dropped=(GONE,), created_by=name)
        found.append(tmp_path / f"{name}.json")
        found[-1].write_text(json.dumps(explain_layer(plan), separators=(",", ":")))
    return found


def options(*entrypoint: str, **more: Any) -> Options:
    return Options(entrypoint=entrypoint, **more)


@pytest.mark.parametrize(
    "entrypoint",
    [
        ["uvicorn", "app:app"], ["/opt/venv/bin/uvicorn"], ["python"], ["python3.12", "-m", "uvicorn"],
        ["sh", "-c", "x"], ["/bin/sh"], ["./run.sh"], ["/app/run.sh"], ["é/run"], ["current/start"],
        ["/app/current//./start"], ["python", "-u", "-X", "dev", "-m", "single"], ["python", "-m", "native"],
        ["python", "-m", "ours.a"], ["python", "-m", "http.server"], ["python", "-m", "runpy"],
        ["python", "nowhere.py", "-m", "gone"], ["python", "-c", "import gone", "-m", "gone"],
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_is_there_is_quiet(explanations: list[Path], entrypoint: Sequence[str]) -> None:
    assert check_entrypoint(options(*entrypoint), explanations) == ()


@pytest.mark.parametrize(
    ("entrypoint", "sentence", "hint"),
    [
        (["uvcorn"], "want uvcorn on PATH, got nothing there", "did you mean uvicorn?"),
        (["celery"], "want celery on PATH", "lock the package that has it"),
        (["/opt/venv/bin/gunicorm"], "want /opt/venv/bin/gunicorm", "did you mean gunicorn?"),
        (["./gone.sh"], "want /app/gone.sh", "the project's files are in /app"),
        (["run.sh"], "want run.sh on PATH", "not on PATH: ./run.sh"),
        (["/usr/bin/tini"], "want /usr/bin/tini", "system-packages"),
        (["./loop"], "want /app/loop", "the project's files are in /app"),
        (["./plain.sh"], r"want an executable file, got ./plain.sh of mode 0644", "chmod"),
        (["./folder"], "is a directory", ""),
        (["python", "-m", "gone"], "want gone, got nothing of that name", "modules of the project are found in /app"),
        (["python", "-m", "pip"], "want pip, got nothing of that name", "lock the package"),
        (["python", "-um", "gone", "-m"], "", ""),
    ],
)
def test_what_is_not_there_is_refused(
    explanations: list[Path], entrypoint: Sequence[str], sentence: str, hint: str
) -> None:
    if not sentence:
        assert check_entrypoint(options(*entrypoint), explanations) == (), "only what is sure is refused"
        return
    with pytest.raises(InputError, match=sentence) as caught:
        check_entrypoint(options(*entrypoint), explanations)
    assert hint in (caught.value.hint or "")


def test_the_command_starts_where_there_is_no_entrypoint(explanations: list[Path]) -> None:
    assert check_entrypoint(Options(cmd=("uvicorn", "app:app")), explanations) == ()
    with pytest.raises(InputError, match="want nothing-such on PATH"):
        check_entrypoint(Options(cmd=("nothing-such",)), explanations)


def test_path_and_module_path_are_those_of_the_image(explanations: list[Path]) -> None:
    assert check_entrypoint(options("run.sh", env={"PATH": "/opt/venv/bin:/app"}), explanations) == ()
    with pytest.raises(InputError, match="want uvicorn on PATH"):
        check_entrypoint(options("uvicorn", env={"PATH": "/app"}), explanations)
    assert check_entrypoint(options("start"), explanations, base_path="/usr/bin:/app/current") == ()
    mounted = options("python", "-m", "gone", env={"PYTHONPATH": "/mnt/code.zip"})
    assert check_entrypoint(mounted, explanations) == ()


def test_a_base_image_is_looked_into(explanations: list[Path], tmp_path: Path) -> None:
    root = tmp_path / "rootfs"
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/local/bin/tini").write_text("")
    (root / "usr/local/bin/tini").chmod(0o755)
    (root / "sbin").symlink_to("/usr/local/bin")
    for program in ("tini", "/sbin/tini", "/usr/local/bin/tini"):
        assert check_entrypoint(options(program), explanations, image_rootfs=root) == ()
    with pytest.raises(InputError, match="want tini on PATH"):
        check_entrypoint(options("tini"), explanations)
    assert check_entrypoint(options("python", "-m", "theirs"), explanations, image_rootfs=root) == ()


def test_an_upper_layer_hides_a_lower_one(explanations: list[Path], tmp_path: Path) -> None:
    plan = LayerPlan(name="top", key="top", entries=(file("opt/venv/bin/uvicorn", mode=0o644),), created_by="")
    (tmp_path / "top.json").write_text(json.dumps(explain_layer(plan), separators=(",", ":")))
    with pytest.raises(InputError, match="of mode 0644"):
        check_entrypoint(options("uvicorn"), [*explanations, tmp_path / "top.json"])


def test_no_command_is_told_with_what_would_be_one(explanations: list[Path], tmp_path: Path) -> None:
    (finding,) = check_entrypoint(Options(), explanations, project=tmp_path)
    assert (finding.code, finding.severity) == ("no-entrypoint", "warning")
    assert finding.fix == 'entrypoint = ["python", "main.py"] in [image] of lightship.toml'
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\ngunicorn = "x:y"\naa = "x:y"\n')
    (finding,) = check_entrypoint(Options(), explanations, project=tmp_path)
    assert finding.fix == 'entrypoint = ["gunicorn"] in [image] of lightship.toml', "aa is not in the image"
    (finding,) = check_entrypoint(Options(), explanations[:1], project=tmp_path)
    assert finding.fix is None


def test_a_script_of_the_project_needs_a_wheel(explanations: list[Path], tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nserve = "x:y"\n')
    with pytest.raises(InputError, match="want serve on PATH") as caught:
        check_entrypoint(options("serve"), explanations, project=tmp_path)
    assert caught.value.hint is not None
    assert "--application wheel" in caught.value.hint
