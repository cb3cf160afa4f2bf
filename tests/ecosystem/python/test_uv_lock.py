"""uv.lock is read as uv itself reads it: the sets are compared with ``uv export`` of locks that uv wrote."""

import itertools
import random
from pathlib import Path

import pytest
from tests.ecosystem.python.world import exported, make_wheel, names, run_uv, target, versions, write_project

from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.errors import InputError, LockError, UsageError

DIFY = Path(__file__).parents[4] / "shared" / "data" / "dify"

BODY = """
dependencies = [
    "pretend-http[socks]",
    "pretend-timeout; python_full_version < '3.11.3'",
    "pretend-num<2; python_version < '3.12'",
    "pretend-num>=2; python_version >= '3.12'",
    "pretend-win; sys_platform == 'win32'",
    "pretend-arm; platform_machine == 'aarch64'",
]
[project.optional-dependencies]
web = ["pretend-flask"]
cpu = ["pretend-markup==1.0"]
gpu = ["pretend-markup==2.0"]
all = ["pretend-app[web]"]
nothing = []
[dependency-groups]
dev = ["pretend-test"]
job = ["pretend-markup==1.0"]
more = [{include-group = "dev"}, "pretend-attrs"]
[tool.uv]
find-links = ["wheels"]
no-index = true
conflicts = [[{extra = "cpu"}, {extra = "gpu"}], [{group = "job"}, {extra = "gpu"}]]
"""


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("app")
    wheels = folder / "wheels"
    make_wheel(
        wheels, "pretend-http", "1.0", ["pretend-certs", "pretend-socks; extra == 'socks'"], extras=["socks", "speed"]
    )
    make_wheel(wheels, "pretend-flask", "3.0", ["pretend-jinja"])
    make_wheel(wheels, "pretend-jinja", "3.1", ["pretend-markup"])
    for name in ("certs", "socks", "timeout", "win", "arm", "test", "attrs"):
        make_wheel(wheels, f"pretend-{name}", "1.0")
    for version in ("1.0", "2.0"):
        make_wheel(wheels, "pretend-markup", version)
        make_wheel(wheels, "pretend-num", version)
    write_project(folder, BODY)
    run_uv(folder, "lock")
    return folder


@pytest.mark.parametrize("groups", [(), ("dev",), ("job", "more")])
@pytest.mark.parametrize("extras", [(), ("web",), ("cpu",), ("all", "gpu"), ("cpu", "web")])
def test_set_is_that_of_uv_export(app: Path, groups: tuple[str, ...], extras: tuple[str, ...]) -> None:
    if "gpu" in extras:
        groups = tuple(group for group in groups if group != "job")  # they are declared as conflicting
    arguments = [*(f"--extra={extra}" for extra in extras), *(f"--group={group}" for group in groups)]
    for python in ("3.11.2", "3.11.7", "3.12.1"):
        expected = exported(app, target(python), "--no-default-groups", *arguments)
        assert versions(select(Project.discover(app), target(python), Wanted(extras=extras, groups=groups))) == expected


def test_full_version_and_platform_decide(app: Path) -> None:
    project = Project.discover(app)
    assert "pretend-timeout" in names(select(project, target("3.11.2")))
    assert "pretend-timeout" not in names(select(project, target("3.11.7")))
    assert versions(select(project, target("3.11.7")))["pretend-num"] == "1.0"
    assert versions(select(project, target("3.12.1")))["pretend-num"] == "2.0"
    assert "pretend-arm" in names(select(project, target(platform="linux/arm64")))
    assert "pretend-win" not in names(select(project, target()))


def test_askers_hashes_and_files(app: Path) -> None:
    selection = select(Project.discover(app), target(), Wanted(extras=("all",)))
    by_name = {package.name: package for package in selection.packages}
    assert names(selection) == sorted(by_name)
    assert by_name["pretend-http"].required_by == ("project",)
    assert by_name["pretend-socks"].required_by == ("pretend-http",)
    assert by_name["pretend-jinja"].required_by == ("pretend-flask",)
    wheel = by_name["pretend-http"].wheels[0]
    assert wheel.filename == "pretend_http-1.0-py3-none-any.whl"
    assert wheel.path == app / "wheels" / wheel.filename


@pytest.mark.parametrize(
    "wanted",
    [Wanted(extras=("cpu", "gpu")), Wanted(groups=("job",), extras=("gpu",)), Wanted(all_extras=True)],
)
def test_conflicts_are_refused(app: Path, wanted: Wanted) -> None:
    with pytest.raises(UsageError, match=r"declares .* as conflicting"):
        select(Project.discover(app), target(), wanted)


def test_unknown_names_are_refused(app: Path) -> None:
    project = Project.discover(app)
    with pytest.raises(UsageError, match=r"no extra 'wep': want one of all, cpu, gpu, nothing, web"):
        select(project, target(), Wanted(extras=("wep",)))
    with pytest.raises(UsageError, match=r"no group 'dove': want one of dev, job, more"):
        select(project, target(), Wanted(groups=("dove",)))
    assert names(select(project, target(), Wanted(extras=("Nothing",)))) == names(select(project, target()))


def test_stale_lock_is_refused_unless_frozen(app: Path, tmp_path: Path) -> None:
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).write_bytes((app / name).read_bytes())
    pyproject = tmp_path / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('"pretend-flask"', '"pretend-flask", "pretend-more"'))
    with pytest.raises(LockError, match="out of date: the project requires pretend-more") as stale:
        select(Project.discover(tmp_path), target())
    assert stale.value.hint == "run: uv lock"
    assert select(Project.discover(tmp_path), target(), Wanted(frozen=True)).packages
    pyproject.write_text(BODY_HEAD + BODY.replace("pretend-num>=2", "pretend-num>=2.0.1"))
    with pytest.raises(LockError, match=r"requires pretend-num .*>=2\.0\.1"):
        select(Project.discover(tmp_path), target())
    pyproject.write_text(BODY_HEAD + BODY.replace("\"pretend-win; sys_platform == 'win32'\",", ""))
    with pytest.raises(LockError, match="no longer requires pretend-win"):
        select(Project.discover(tmp_path), target())


def test_a_stale_group_matters_when_it_is_chosen(app: Path, tmp_path: Path) -> None:
    (tmp_path / "uv.lock").write_bytes((app / "uv.lock").read_bytes())
    (tmp_path / "pyproject.toml").write_text(
        BODY_HEAD + BODY.replace('"pretend-attrs"]', '"pretend-attrs", "pretend-new"]')
    )
    project = Project.discover(tmp_path)
    assert select(project, target(), Wanted(groups=("dev",))).packages
    with pytest.raises(LockError, match=r"requires \(group more\) pretend-new, which the lock does not know"):
        select(project, target(), Wanted(groups=("more",)))
    (tmp_path / "pyproject.toml").write_text(BODY_HEAD + BODY.replace('include-group = "dev"', 'include-group = "x"'))
    with pytest.raises(InputError, match=r"dependency-groups\.more cannot be resolved"):
        select(Project.discover(tmp_path), target(), Wanted(groups=("more",)))


BODY_HEAD = '[project]\nname = "pretend-app"\nversion = "1.0"\nrequires-python = ">=3.11"\n'


def test_python_outside_the_range_is_refused(app: Path, tmp_path: Path) -> None:
    with pytest.raises(LockError, match=r"needs Python >=3\.11, the image has 3\.10\.4"):
        select(Project.discover(app), target("3.10.4"))
    assert select(Project.discover(app), target("3.13.0rc1")).packages


def test_default_groups_come_without_dev(tmp_path: Path) -> None:
    for name in ("base", "store", "test"):
        make_wheel(tmp_path / "wheels", f"pretend-{name}", "1.0")
    body = """
dependencies = ["pretend-base"]
[dependency-groups]
dev = ["pretend-test"]
store = ["pretend-store"]
[tool.uv]
find-links = ["wheels"]
no-index = true
default-groups = ["dev", "store"]
"""
    run_uv(write_project(tmp_path, body), "lock")
    project = Project.discover(tmp_path)
    selection = select(project, target())
    assert names(selection) == ["pretend-base", "pretend-store"]
    assert selection.notes == ("the default group dev is left out of the image; --group dev brings it back",)
    assert names(select(project, target(), Wanted(default_groups=False))) == ["pretend-base"]
    everything = select(project, target(), Wanted(all_groups=True))
    assert names(everything) == ["pretend-base", "pretend-store", "pretend-test"]
    assert not everything.notes


def _workspace(folder: Path) -> Path:
    make_wheel(folder / "wheels", "pretend-base", "1.0")
    make_wheel(folder / "wheels", "pretend-shared", "1.0")
    direct = make_wheel(folder / "direct", "pretend-direct", "2.0", ["pretend-base"])
    for member, requires in (("one", '"pretend-two"'), ("two", '"pretend-shared"')):
        package = folder / "packages" / member
        package.mkdir(parents=True)
        (package / "pyproject.toml").write_text(
            f'[project]\nname = "pretend-{member}"\nversion = "0.{len(member)}"\nrequires-python = ">=3.11"\n'
            f"dependencies = [{requires}]\n"
            "[tool.uv]\npackage = true\n[tool.uv.sources]\npretend-two = {workspace = true}\n"
        )
    body = f"""
dependencies = ["pretend-one", "pretend-direct"]
[tool.uv]
find-links = ["wheels"]
no-index = true
[tool.uv.workspace]
members = ["packages/*"]
[tool.uv.sources]
pretend-one = {{workspace = true}}
pretend-direct = {{path = "direct/{direct.name}"}}
"""
    run_uv(write_project(folder, body), "lock")
    return folder


def test_workspace_root_and_members(tmp_path: Path) -> None:
    root = _workspace(tmp_path)
    by_name = {package.name: package for package in select(Project.discover(root), target()).packages}
    assert sorted(by_name) == ["pretend-base", "pretend-direct", "pretend-one", "pretend-shared", "pretend-two"]
    assert by_name["pretend-one"].kind == "editable"
    assert by_name["pretend-two"].directory == root / "packages" / "two"
    assert by_name["pretend-direct"].kind == "path"
    direct = by_name["pretend-direct"].wheels[0]
    assert direct.path is not None
    assert direct.path.is_file()
    assert direct.sha256 is not None
    member = select(Project.discover(root / "packages" / "one"), target())
    assert names(member) == ["pretend-shared", "pretend-two"]


def test_workspace_whose_root_is_no_project(tmp_path: Path) -> None:
    _workspace(tmp_path)
    make_wheel(tmp_path / "wheels", "pretend-tool", "1.0")
    (tmp_path / "pyproject.toml").write_text(
        "[dependency-groups]\ntools = ['pretend-tool']\ndev = []\n"
        "[tool.uv]\nfind-links = ['wheels']\nno-index = true\n[tool.uv.workspace]\nmembers = ['packages/*']\n"
    )
    run_uv(tmp_path, "lock")
    for wanted, arguments in ((Wanted(), []), (Wanted(groups=("tools",)), ["--group=tools"])):
        selection = select(Project.discover(tmp_path), target(), wanted)
        assert versions(selection) == exported(tmp_path, target(), "--no-emit-workspace", *arguments)


def test_random_graphs_are_walked_as_uv_walks_them(tmp_path: Path) -> None:
    """Ten packages, three versions of Python, extras that ask for extras in circles, forks by marker."""
    markers = ["", "; python_full_version < '3.11.3'", "; python_version >= '3.12'", "; sys_platform == 'linux'"]
    for seed in range(3):
        dice = random.Random(seed)  # noqa: S311 - a test's choice, nothing secret
        folder = tmp_path / str(seed)
        packages = [f"pretend-{letter}" for letter in "abcdefghij"]
        for name in packages:
            requires = []
            for other in dice.sample(packages, 3):
                asked = dice.choice(["", "[x]", "[x,y]"])
                condition = dice.choice([*markers, "; extra == 'x'", "; extra == 'y' and python_version < '3.12'"])
                requires += [f"{other}{asked}{condition}"] if other != name else []
            for version in ("1.0", "2.0"):
                make_wheel(folder / "wheels", name, version, requires, extras=["x", "y"])
        wanted = [f'"{name}{dice.choice(["", "[x]"])}{dice.choice(markers)}"' for name in dice.sample(packages, 3)]
        wanted += ["\"pretend-a<2; python_version < '3.12'\"", "\"pretend-a>=2; python_version >= '3.12'\""]
        write_project(
            folder,
            f'dependencies = [{", ".join(wanted)}]\n[project.optional-dependencies]\nweb = ["pretend-j[y]"]\n'
            "[tool.uv]\nfind-links = ['wheels']\nno-index = true\n",
        )
        run_uv(folder, "lock")
        project = Project.discover(folder)
        for python, extras in itertools.product(("3.11.2", "3.11.7", "3.12.1"), ((), ("web",))):
            expected = exported(folder, target(python), *(f"--extra={extra}" for extra in extras))
            assert versions(select(project, target(python), Wanted(extras=extras))) == expected


HEAD = 'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "pretend-app"\nsource = { virtual = "." }\n'


def _lock(folder: Path, text: str) -> Project:
    (folder / "uv.lock").write_text(text)
    return Project.discover(folder)


def test_git_url_and_index_sources(tmp_path: Path) -> None:
    digest = "ab" * 32
    project = _lock(
        tmp_path,
        HEAD
        + 'dependencies = [{ name = "g" }, { name = "u" }, { name = "i" }]\n'
        + '[[package]]\nname = "g"\nversion = "1"\nsource = { git = "https://git.example/g?rev=v1#0123" }\n'
        + '[[package]]\nname = "u"\nversion = "1"\nsource = { url = "https://files.example/u-1-py3-none-any.whl" }\n'
        + f'wheels = [{{ url = "https://files.example/u-1-py3-none-any.whl", hash = "sha256:{digest}" }}]\n'
        + '[[package]]\nname = "i"\nversion = "1+cpu"\nsource = { registry = "https://index.example/simple" }\n'
        + f'sdist = {{ url = "https://files.example/i-1%2Bcpu.tar.gz", hash = "sha256:{digest}", size = 7 }}\n',
    )
    git, index, url = select(project, target()).packages
    assert (git.kind, git.url) == ("git", "https://git.example/g?rev=v1#0123")
    assert (url.kind, url.wheels[0].sha256) == ("url", digest)
    assert index.index == "https://index.example/simple"
    assert index.sdist is not None
    assert (index.sdist.filename, index.sdist.size_bytes) == ("i-1+cpu.tar.gz", 7)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("version = 2\n", "uv.lock: want version 1, got 2"),
        ("version = [", "uv.lock is not TOML"),
        ("version = 1\npackage = 3\n", "uv.lock: package: want an array of tables, got an integer"),
        ("version = 1\n[[package]]\nversion = '1'\n", r"uv.lock: package\[0\].name: want a string, got nothing"),
        ("version = 1\nrequires-python = 'three'\n", "uv.lock: want a version specifier, got 'three'"),
        (HEAD + "dependencies = [{ name = 'a' }]\n", r"package\[0\].dependencies\[0\]: a is not in the lock"),
        (HEAD + "dependencies = [{ name = 5 }]\n", r"dependencies\[0\].name: want a string, got an integer"),
        (
            HEAD + "dependencies = [{ name = 'pretend-app', marker = 'os ==' }]\n",
            r"dependencies\[0\].marker: want an environment marker, got 'os =='",
        ),
        (
            HEAD + "dependencies = [{ name = 'a' }]\n[[package]]\nname = 'a'\nsource = { moon = 'x' }\n",
            r"package\[1\].source: want registry, url, path, git or a directory",
        ),
        (
            HEAD + "dependencies = [{ name = 'a' }]\n" + "[[package]]\nname = 'a'\nsource = { registry = 'w' }\n" * 2,
            "a fits 2 packages of the lock",
        ),
        (
            HEAD + "dependencies = [{ name = 'a' }]\n[[package]]\nname = 'a'\nsource = { registry = 'https://i' }\n"
            "wheels = [{ url = 'https://f/..%2F..%2Fetc' }]\n",
            r"wheels\[0\]: want the name of a file, got '../../etc'",
        ),
        (
            HEAD + "dependencies = [{ name = 'a' }]\n[[package]]\nname = 'a'\nsource = { registry = 'https://i' }\n"
            "wheels = [{ url = 'https://f/a-1-py3-none-any.whl', hash = 'sha256:12' }]\n",
            "want sha256: and 64 hex digits, got 'sha256:12'",
        ),
        (HEAD.replace("[[", "supported-markers = [\"sys_platform == 'win32'\"]\n[[", 1), "is only for sys_platform"),
        ("version = 1\nconflicts = 3\n", "conflicts: want an array of arrays"),
    ],
)
def test_broken_locks_end_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LockError, match=message):
        select(_lock(tmp_path, text), target())


def test_lock_of_another_project(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "other"\nversion = "1"\n')
    with pytest.raises(LockError, match="no package for the project 'other'"):
        select(_lock(tmp_path, HEAD), target())


@pytest.mark.skipif(not DIFY.is_dir(), reason="Dify's lock is not here")
@pytest.mark.parametrize(("python", "count"), [("3.11.2", 385), ("3.11.7", 384), ("3.12.1", 384)])
def test_dify(tmp_path: Path, python: str, count: int) -> None:
    for name in ("pyproject.toml", "uv.lock"):
        (tmp_path / name).write_bytes((DIFY / name).read_bytes())
    selection = select(Project.discover(tmp_path), target(python))
    assert len(selection.packages) == count
    assert versions(selection) == exported(tmp_path, target(python), "--no-dev")
    assert ("async-timeout" in names(selection)) == (python == "3.11.2")
