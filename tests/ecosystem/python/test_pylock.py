from pathlib import Path

import pytest
from tests.ecosystem.python.world import exported, make_wheel, names, run_uv, target, versions, write_project

from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.errors import LockError, UsageError

HEAD = 'lock-version = "1.0"\ncreated-by = "a test"\nrequires-python = ">=3.11"\n'
SHA = "0" * 64


def _lock(folder: Path, text: str) -> Project:
    (folder / "pylock.toml").write_text(text)
    return Project.discover(folder)


def _wheel(name: str, filename: str = "", extra: str = "") -> str:
    filename = filename or f"{name}-1-py3-none-any.whl"
    return (
        f'[[packages]]\nname = "{name}"\nversion = "1"\n{extra}'
        f'wheels = [{{name = "{filename}", url = "https://files.example/{filename}", hashes = {{sha256 = "{SHA}"}}}}]\n'
    )


def test_what_uv_exports_is_read_as_uv_reads_it(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "pretend-timeout", "1.0")
    make_wheel(tmp_path / "wheels", "pretend-base", "1.0", ["pretend-timeout; python_full_version < '3.11.3'"])
    write_project(tmp_path, "dependencies = ['pretend-base']\n[tool.uv]\nfind-links = ['wheels']\nno-index = true\n")
    run_uv(tmp_path, "lock")
    run_uv(tmp_path, "export", "--format", "pylock.toml", "-o", "pylock.toml")
    for python in ("3.11.2", "3.11.7"):
        selection = select(Project.discover(tmp_path), target(python), lock_name="pylock.toml")
        assert versions(selection) == exported(tmp_path, target(python))
        assert all(choose(package, target(python)).sha256 for package in selection.packages)
    assert "pretend-timeout" not in names(selection)


GROUPS = HEAD + 'extras = ["web"]\ndependency-groups = ["dev", "Job"]\ndefault-groups = ["dev", "Job"]\n'
MARKED = (
    GROUPS
    + _wheel("base")
    + _wheel("flask", extra="marker = \"'web' in extras\"\n")
    + _wheel("tester", extra="marker = \"'dev' in dependency_groups\"\n")
    + _wheel("jobs", extra="marker = \"'Job' in dependency_groups\"\n")
)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), ["base", "jobs"]),
        (Wanted(default_groups=False), ["base"]),
        (Wanted(default_groups=False, groups=("job",)), ["base", "jobs"]),
        (Wanted(groups=("dev",), extras=("Web",)), ["base", "flask", "jobs", "tester"]),
        (Wanted(all_groups=True, all_extras=True), ["base", "flask", "jobs", "tester"]),
    ],
)
def test_groups_and_extras(tmp_path: Path, wanted: Wanted, expected: list[str]) -> None:
    selection = select(_lock(tmp_path, MARKED), target(), wanted)
    assert names(selection) == expected
    assert bool(selection.notes) == ("tester" not in expected and wanted.default_groups)


def test_unknown_names_are_refused(tmp_path: Path) -> None:
    project = _lock(tmp_path, MARKED)
    with pytest.raises(UsageError, match="no extra 'x': want one of web"):
        select(project, target(), Wanted(extras=("x",)))
    with pytest.raises(UsageError, match="no group 'x': want one of Job, dev"):
        select(project, target(), Wanted(groups=("x",)))


def test_sources_and_askers(tmp_path: Path) -> None:
    text = (
        HEAD
        + _wheel("a", extra='index = "https://index.example/simple"\ndependencies = [{name = "b"}]\n')
        + '[[packages]]\nname = "b"\n[packages.vcs]\ntype = "git"\nurl = "https://git.example/b"\ncommit-id = "12"\n'
        + '[[packages]]\nname = "c"\n[packages.directory]\npath = "lib/c"\neditable = true\n'
        + f'[[packages]]\nname = "d"\n[packages.archive]\nurl = "https://files/d-1.zip"\nhashes.sha256 = "{SHA}"\n'
        + '[[packages]]\nname = "me"\n[packages.directory]\npath = "."\n'
    )
    a, b, c, d = select(_lock(tmp_path, text), target()).packages
    assert (a.kind, a.index, a.wheels[0].sha256) == ("index", "https://index.example/simple", SHA)
    assert (b.kind, b.url, b.required_by) == ("git", "https://git.example/b#12", ("a",))
    assert (c.kind, c.directory) == ("editable", tmp_path / "lib" / "c")
    assert d.sdist is not None
    assert (d.kind, d.sdist.filename) == ("url", "d-1.zip")


def test_a_wheel_that_does_not_fit_is_left_to_choose(tmp_path: Path) -> None:
    selection = select(_lock(tmp_path, HEAD + _wheel("a", "a-1-cp312-cp312-win_amd64.whl")), target())
    with pytest.raises(LockError, match="a 1 has no wheel for"):
        choose(selection.packages[0], target())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lock-version = '9.0'\ncreated-by = 'x'\npackages = []\n", r"pylock\.toml: want lock-version 1\.0"),
        ("created-by = 'x'\npackages = []\n", r"pylock\.toml: .*lock-version"),
        (HEAD + "packages = 3\n", r"pylock\.toml: .*packages"),
        (HEAD.replace("3.11", "3.13") + "packages = []\n", r"pylock\.toml: .*requirement"),
        (HEAD + "environments = [\"sys_platform == 'win32'\"]\npackages = []\n", "any of the environments"),
        (HEAD + _wheel("a") + _wheel("a"), "Multiple packages with the name 'a'"),
        (HEAD + _wheel("a", "a-1.whl"), "Invalid wheel filename"),
        (HEAD + _wheel("a").replace(SHA, "12"), "want 64 hex digits as sha256 of a-1"),
    ],
)
def test_broken_locks(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LockError, match=message):
        select(_lock(tmp_path, text), target())
