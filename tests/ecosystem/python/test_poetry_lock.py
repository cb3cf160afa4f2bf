import shutil
from pathlib import Path

import pytest
from tests.ecosystem.python.world import names, target

from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.errors import LockError, UsageError

DATA = Path(__file__).parent / "data" / "poetry"
MAIN = "certifi charset-normalizer idna pysocks requests urllib3"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    shutil.copytree(DATA, tmp_path, dirs_exist_ok=True)
    return Project.discover(tmp_path)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(), MAIN),
        (Wanted(extras=("web",)), f"blinker click flask itsdangerous jinja2 markupsafe werkzeug {MAIN}"),
        (Wanted(groups=("docs",)), f"markdown markupsafe {MAIN}"),
        (Wanted(groups=("job",), extras=("Fast",)), f"six ujson {MAIN}"),
        (
            Wanted(all_groups=True, all_extras=True),
            f"blinker click flask iniconfig itsdangerous jinja2 markdown markupsafe six ujson werkzeug {MAIN}",
        ),
    ],
)
def test_set_is_that_of_poetry(project: Project, wanted: Wanted, expected: str) -> None:
    assert names(select(project, target("3.11.7"), wanted)) == sorted(expected.split())


def test_full_version_decides(project: Project) -> None:
    assert "async-timeout" in names(select(project, target("3.11.2")))


def test_files_and_askers(project: Project) -> None:
    by_name = {package.name: package for package in select(project, target("3.12.1")).packages}
    assert by_name["requests"].required_by == ("project",)
    assert by_name["urllib3"].required_by == ("requests",)
    chosen = choose(by_name["charset-normalizer"], target("3.12.1"))
    assert "cp312" in chosen.filename
    assert chosen.sha256 is not None
    sdist = by_name["charset-normalizer"].sdist
    assert sdist is not None
    assert sdist.filename.endswith(".tar.gz")


def test_unknown_names_are_refused(project: Project) -> None:
    with pytest.raises(UsageError, match="no group 'nix': want one of dev, docs, job"):
        select(project, target(), Wanted(groups=("nix",)))
    with pytest.raises(UsageError, match="no extra 'nix': want one of fast, web"):
        select(project, target(), Wanted(extras=("nix",)))


def test_python_outside_the_range(project: Project) -> None:
    with pytest.raises(LockError, match=r"needs Python >=3\.11,<4\.0"):
        select(project, target("3.10.2"))


TAIL = '[metadata]\nlock-version = "2.1"\npython-versions = "^3.11"\ncontent-hash = "x"\n'
PACKAGE = '[[package]]\nname = "a"\nversion = "1"\ngroups = ["main"]\nfiles = []\n'


def _lock(folder: Path, text: str) -> Project:
    (folder / "poetry.lock").write_text(text)
    return Project.discover(folder)


def test_sources(tmp_path: Path) -> None:
    text = ""
    for name, source in (
        ("a", 'type = "git"\nurl = "https://git.example/a"\nresolved_reference = "12ab"\nsubdirectory = "s"'),
        ("b", 'type = "directory"\nurl = "lib/b"'),
        ("c", 'type = "file"\nurl = "c-1-py3-none-any.whl"'),
        ("d", 'type = "legacy"\nurl = "https://index.example/simple"\nreference = "x"'),
        ("e", 'type = "url"\nurl = "https://files.example/e-1.tar.gz"'),
    ):
        files = {"c": "c-1-py3-none-any.whl", "e": "e-1.tar.gz"}.get(name)
        listed = f'[{{file = "{files}", hash = "sha256:{"0" * 64}"}}]' if files else "[]"
        text += PACKAGE.replace('"a"', f'"{name}"').replace("[]", listed) + f"[package.source]\n{source}\n"
    git, directory, file, index, url = select(_lock(tmp_path, text + TAIL), target()).packages
    assert git.url == "https://git.example/a?subdirectory=s#12ab"
    assert (directory.kind, directory.directory) == ("directory", tmp_path / "lib" / "b")
    assert (file.kind, file.wheels[0].path) == ("path", tmp_path / "c-1-py3-none-any.whl")
    assert (index.kind, index.index) == ("index", "https://index.example/simple")
    assert url.sdist is not None
    assert url.sdist.url == "https://files.example/e-1.tar.gz"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[metadata]\nlock-version = "2.0"\n', r"want lock-version 2\.1 or a later 2\.x, got '2\.0'"),
        ('[metadata]\nlock-version = "3.0"\n', "want lock-version 2"),
        ("", r"metadata\.lock-version: want a string, got nothing"),
        (PACKAGE + PACKAGE.replace('"1"', '"2"') + TAIL, "gives a twice for this target: 1 and 2"),
        (PACKAGE + 'markers = "x =="\n' + TAIL, r"package\[0\]\.markers: want an environment marker"),
        (PACKAGE + '[package.source]\ntype = "moon"\nurl = "x"\n' + TAIL, r"source\.type: want one of legacy, git"),
        (
            PACKAGE.replace("[]", '[{file = "../x", hash = "sha256:0"}]') + TAIL,
            "want the name of a file, got '",
        ),
    ],
)
def test_broken_locks(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LockError, match=message):
        select(_lock(tmp_path, text), target())
