import re
from pathlib import Path

import pytest
from tests.ecosystem.python.world import exported, make_wheel, names, run_uv, target, versions, write_project

from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.errors import LockError, UsageError

A, B = "a" * 64, "b" * 64


def _lock(folder: Path, text: str, **others: str) -> Project:
    (folder / "requirements.txt").write_text(text)
    for name, other in others.items():
        path = folder / name.replace("__", "/").replace("_txt", ".txt")
        path.parent.mkdir(exist_ok=True)
        path.write_text(other)
    return Project.discover(folder)


def test_what_uv_exports_is_read_as_uv_reads_it(tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "pretend-timeout", "1.0")
    make_wheel(tmp_path / "wheels", "pretend-other", "1.0")
    make_wheel(
        tmp_path / "wheels",
        "pretend-base",
        "1.0",
        ["pretend-timeout; python_full_version < '3.11.3'", "pretend-other"],
    )
    body = "dependencies = ['pretend-base', 'pretend-other']\n[tool.uv]\nfind-links = ['wheels']\nno-index = true\n"
    run_uv(write_project(tmp_path, body), "lock")
    text = run_uv(tmp_path, "export")
    # uv gives no hashes for wheels that lie in a local folder, so a test has to add them.
    text = re.sub(r"^(pretend-[^\n]*)$", rf"\1 \\\n    --hash=sha256:{A}", text, flags=re.MULTILINE)
    (tmp_path / "requirements.txt").write_text(text)
    for python in ("3.11.2", "3.11.7"):
        selection = select(Project.discover(tmp_path), target(python), lock_name="requirements.txt")
        assert versions(selection) == exported(tmp_path, target(python))
        assert all(len(package.hashes) == 1 for package in selection.packages)
    askers = {package.name: package.required_by for package in selection.packages}
    assert askers == {"pretend-base": ("project",), "pretend-other": ("pretend-base", "project")}


def test_lines_are_joined_and_comments_left_out(tmp_path: Path) -> None:
    text = (
        "\ufeff# head\n--require-hashes\n"
        f"Zope.Interface==1.0 ; python_version >= '3.8' \\\n    --hash=sha256:{A} \\\n    --hash sha256:{B.upper()}\n"
        f"    # via\n    #   -r requirements.in\n    #   other\nother[x,y]==2.0 --hash=sha256:{A}  # a comment\n"
        f"gone==1 ; sys_platform == 'win32' --hash=sha256:{A}\n"
        f"last==1!2.0+cu1 --hash=sha512:{A}{A} --hash=sha256:{B} \\\n# in the middle\n"
    )
    last, other, zope = select(_lock(tmp_path, text), target()).packages
    assert (zope.name, zope.version, zope.hashes) == ("zope-interface", "1.0", (A, B))
    assert zope.required_by == ("other", "project")
    assert (other.name, other.version, other.hashes) == ("other", "2.0", (A,))
    assert (last.version, last.hashes, last.wheels, last.sdist) == ("1!2.0+cu1", (B,), (), None)


def test_annotations_on_the_line(tmp_path: Path) -> None:
    text = f"b==1 --hash=sha256:{A}\na==1 --hash=sha256:{A}  # via b, demo (pyproject.toml), elsewhere\n"
    a, _ = select(_lock(tmp_path, text), target()).packages
    assert a.required_by == ("b", "project")


def test_includes_and_constraints(tmp_path: Path) -> None:
    included = f"b==2 --hash=sha256:{A}\n-r ../requirements.txt\n-c limits.txt\n"
    project = _lock(
        tmp_path,
        f"-r sub/more.txt\na==1 --hash=sha256:{A}\n",
        sub__more_txt=included,
        sub__limits_txt="b<3\nnowhere==1\nb<1; sys_platform == 'win32'\n",
    )
    selection = select(project, target())
    assert names(selection) == ["a", "b"]
    (tmp_path / "sub" / "limits.txt").write_text("b<2\n")
    with pytest.raises(LockError, match=r"limits\.txt:1: b is pinned to 2, want <2"):
        select(project, target())
    before = selection.lock_sha256
    (tmp_path / "sub" / "limits.txt").write_text("b<4\n")
    assert select(project, target()).lock_sha256 != before


def test_options_are_noted_without_secrets(tmp_path: Path) -> None:
    text = (
        "-i https://index.example/simple\n--extra-index-url=https://me:secret@more.example/simple --pre\n"
        f"--find-links wheels\na==1 --hash=sha256:{A}\n"
    )
    selection = select(_lock(tmp_path, text), target())
    assert selection.packages[0].index == "https://index.example/simple"
    assert selection.notes == (
        "requirements.txt asks for --extra-index-url https://…@more.example/simple: set it for pip or uv instead",
        "requirements.txt asks for --find-links wheels: set it for pip or uv instead",
    )


def test_urls_files_and_directories(tmp_path: Path) -> None:
    commit = "1" * 40
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "pyproject.toml").write_text('[project]\nname = "My_Lib"\nversion = "3"\n')
    text = (
        f"a @ https://files.example/a-1.0-py3-none-any.whl#sha256={A}\n"
        f"b @ https://files.example/b-2.0.tar.gz --hash=sha256:{B}\n"
        f"c @ git+https://git.example/c@{commit}#egg=c&subdirectory=x\n"
        f"./d-4.0-py3-none-any.whl --hash=sha256:{A}\n"
        "-e .\n-e ./lib ; sys_platform == 'linux'\n./lib ; sys_platform == 'win32'\n"
    )
    by_name = {package.name: package for package in select(_lock(tmp_path, text), target()).packages}
    assert sorted(by_name) == ["a", "b", "c", "d", "my-lib"]
    assert choose(by_name["a"], target()).sha256 == A
    assert (by_name["b"].version, choose(by_name["b"], target()).url) == ("2.0", "https://files.example/b-2.0.tar.gz")
    assert by_name["c"].url == f"https://git.example/c?subdirectory=x#{commit}"
    assert by_name["d"].wheels[0].path == tmp_path / "d-4.0-py3-none-any.whl"
    assert (by_name["my-lib"].kind, by_name["my-lib"].version) == ("editable", "3")
    assert by_name["my-lib"].directory == tmp_path / "lib"


def test_a_package_may_be_named_twice_when_both_agree(tmp_path: Path) -> None:
    text = f"a==1 --hash=sha256:{A}\na[x]==1 --hash=sha256:{B}\n"
    (package,) = select(_lock(tmp_path, text), target()).packages
    assert package.hashes == (A, B)
    with pytest.raises(LockError, match=r"requirements\.txt:2: a is there twice: 1 and 2"):
        select(_lock(tmp_path, text.replace("]==1", "]==2")), target())


def test_no_hash_and_no_pin_name_the_command(tmp_path: Path) -> None:
    for line in ("a==1", f"a>=1 --hash=sha256:{A}", f"a==1.* --hash=sha256:{A}", f"a==1,<2 --hash=sha256:{A}"):
        with pytest.raises(LockError, match=r"requirements\.txt:1: ") as caught:
            select(_lock(tmp_path, line + "\n"), target())
        assert "--generate-hashes" in (caught.value.hint or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"a==1 --hash=md5:{A}\n", "want a sha256 among the hashes of a"),
        ("a==1 --hash=sha256:12\n", "want sha256: and 64 hex digits, got 'sha256:12'"),
        (f"a==1 --hash=sha256:{A} --config-settings=x=y\n", "option not understood here: --config-settings"),
        ("--moon\n", r"requirements\.txt:1: option not understood: --moon"),
        ("--index-url\n", "--index-url wants a value"),
        ("--find-links 'x\n", "quotes do not match"),
        ("-r\n", "want the path of a file after -r, got ''"),
        ("-r https://elsewhere.example/r.txt\n", "want the path of a file"),
        ("-r ../outside.txt\n", "includes a file outside the project"),
        ("-rgone.txt\n", "includes a file that is not there"),
        ("a b c\n", "want a requirement, got 'a b c'"),
        ("../up\n", "path leads out of the project"),
        ("c @ git+https://git.example/c@main\n", "want a full commit after @"),
        (f"c @ ftp://x.example/c-1.zip --hash=sha256:{A}\n", "want an http, https, file or git"),
        (f"c @ https://x.example/..%2fc --hash=sha256:{A}\n", "want the name of a file"),
        (f"c @ https://x.example/c-1.whl --hash=sha256:{A}\n", "want the name of a wheel"),
        (f"c @ https://x.example/c-1.zip --hash=sha256:{A} --hash=sha256:{B}\n", "want one sha256, got 2"),
        ("-c limits.txt\n", r"limits\.txt:1: want a constraint"),
    ],
)
def test_broken_files(tmp_path: Path, text: str, message: str) -> None:
    project = _lock(tmp_path, text, limits_txt="( x\n")
    with pytest.raises(LockError, match=message):
        select(project, target())


def test_not_utf8(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_bytes(b"a==1 # \xff\n")
    with pytest.raises(LockError, match=r"requirements\.txt is not UTF-8: byte 7"):
        select(Project.discover(tmp_path), target())


def test_groups_and_extras_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"requirements\.txt has no groups and no extras"):
        select(_lock(tmp_path, ""), target(), Wanted(groups=("dev",)))


def test_a_link_out_of_the_project_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "project"
    inside.mkdir()
    (tmp_path / "secret.txt").write_text("x\n")
    (inside / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(LockError, match="includes a file outside the project"):
        select(_lock(inside, "-r link.txt\n"), target())
