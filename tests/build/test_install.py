"""Wheels become entries as an installer would write them."""

import csv
import hashlib
import io
import stat
import sys
import zipfile
from pathlib import Path

import pytest
from tests.build.wheels import make_wheel, record_of

from lightship import proc
from lightship.archive.content import Deflated, Inline
from lightship.archive.inflate import Containers, read_content
from lightship.build.install import InstalledWheel, check_hashes, install_wheel, with_record
from lightship.ecosystem.python.interpreter import Scheme
from lightship.errors import ArchiveError, HostileError, MismatchError
from lightship.plan.model import Entry

SCHEME = Scheme(prefix="opt/venv", minor="3.12")
SITE = "opt/venv/lib/python3.12/site-packages"


def install(wheel: Path, scheme: Scheme = SCHEME, direct_url: str | None = None) -> InstalledWheel:
    return install_wheel(wheel, filename=wheel.name, sha256="0" * 64, scheme=scheme, direct_url=direct_url)


def text_of(entry: Entry) -> str:
    assert entry.content is not None
    with Containers() as containers:
        return bytes(read_content(entry.content, containers)).decode()


@pytest.fixture
def full_wheel(tmp_path: Path) -> Path:
    """A wheel with everything an installer must handle."""
    files = {
        "pkg/__init__.py": "def main(): return 0\nclass app:\n    run = main\n" + "# long enough to be deflated\n" * 50,
        "pkg/tool": "#!/bin/sh\n",
        "pkg-1.0.data/purelib/pure.py": "x = 1\n",
        "pkg-1.0.data/platlib/plat.py": "x = 1\n",
        "pkg-1.0.data/scripts/rewritten": "#!python\nprint('hello')\n",
        "pkg-1.0.data/scripts/windowed": "#!pythonw\nprint('hello')\n",
        "pkg-1.0.data/scripts/shell": "#!/bin/sh\necho hello\n",
        "pkg-1.0.data/data/share/pkg/x.json": "{}",
        "pkg-1.0.data/data/lib/python3.12/site-packages/odd.py": "x = 1\n",
        "pkg-1.0.data/headers/pkg.h": "#pragma once\n",
        "pkg-1.0.dist-info/entry_points.txt": (
            "[console_scripts]\nPkg-Run = pkg:app.run\nshell = pkg:main [extra]\n[gui_scripts]\npkg-window = pkg:main\n"
            "[other.plugins]\nodd = not a script at all\n"
        ),
        "pkg-1.0.dist-info/INSTALLER": "somebody",
        "pkg-1.0.dist-info/licenses/LICENSE": "free",
    }
    return make_wheel(tmp_path, "pkg", files, executable=("pkg/tool",))


def test_files_go_where_the_scheme_says(full_wheel: Path) -> None:
    places = {entry.path: entry for entry in with_record(install(full_wheel), install(full_wheel).files)}
    inside = {path.removeprefix("opt/venv/") for path in places}
    site = "lib/python3.12/site-packages"
    assert inside == {
        f"{site}/pkg/__init__.py",
        f"{site}/pkg/tool",
        f"{site}/pure.py",
        f"{site}/plat.py",
        f"{site}/odd.py",
        "bin/rewritten",
        "bin/windowed",
        "bin/shell",
        "bin/Pkg-Run",
        "bin/pkg-window",
        "share/pkg/x.json",
        "include/site/python3.12/pkg/pkg.h",
        *(
            f"{site}/pkg-1.0.dist-info/{name}"
            for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER", "entry_points.txt")
        ),
        f"{site}/pkg-1.0.dist-info/licenses/LICENSE",
    }
    executable = {path for path, entry in places.items() if entry.mode == 0o755}
    assert {entry.mode for entry in places.values()} == {0o644, 0o755}
    assert executable == {f"{SITE}/pkg/tool", *(path for path in places if path.startswith("opt/venv/bin/"))}
    assert {entry.owner for entry in places.values()} == {"wheel:pkg==1.0"}


def test_scripts_name_the_environment(full_wheel: Path) -> None:
    files = install(full_wheel).files
    assert text_of(files["../../../bin/rewritten"]) == "#!/opt/venv/bin/python\nprint('hello')\n"
    assert text_of(files["../../../bin/windowed"]).startswith("#!/opt/venv/bin/python\n")
    run = text_of(files["../../../bin/Pkg-Run"])
    assert run.startswith("#!/opt/venv/bin/python\n")
    assert "from pkg import app\n" in run
    assert run.endswith("sys.exit(app.run())\n")
    assert "from pkg import main" in text_of(files["../../../bin/shell"]), "a generated script replaces a shipped one"
    assert text_of(files["pkg-1.0.dist-info/INSTALLER"]) == "lightship\n"


def test_members_keep_their_deflate_streams(full_wheel: Path) -> None:
    content = install(full_wheel).files["pkg/__init__.py"].content
    assert isinstance(content, Deflated)
    assert content.container == full_wheel


def rows(entries: tuple[Entry, ...]) -> dict[str, tuple[str, str]]:
    record = next(entry for entry in entries if entry.path.endswith("/RECORD"))
    return {path: (digest, size) for path, digest, size in csv.reader(io.StringIO(text_of(record)))}


def test_record_names_what_is_installed_with_true_hashes(full_wheel: Path) -> None:
    entries = with_record(install(full_wheel), install(full_wheel).files)
    found = rows(entries)
    assert len(found) == len(entries)
    assert found.pop("pkg-1.0.dist-info/RECORD") == ("", "")
    by_path = {entry.path: entry for entry in entries}
    for path, (digest, size) in found.items():
        entry = by_path[path.replace("../../../", "opt/venv/") if path.startswith("../") else f"{SITE}/{path}"]
        content = text_of(entry).encode()
        assert int(size) == len(content) == entry.unpacked_bytes
        assert digest == record_of({"x": content}, "").decode().split(",")[1]


def test_record_leaves_out_what_was_dropped_and_rehashes_what_changed(full_wheel: Path) -> None:
    installed = install(full_wheel)
    files = {path: entry for path, entry in installed.files.items() if path != "pure.py"}
    files["plat.py"] = Entry(path=files["plat.py"].path, content=Inline(b"stripped"), owner="wheel:pkg==1.0")
    found = rows(with_record(installed, files))
    assert "pure.py" not in found
    assert found["plat.py"] == (record_of({"x": b"stripped"}, "").decode().split(",")[1], "8")
    assert "pure.py" in rows(with_record(installed, files, shared=["pure.py"]))
    assert with_record(installed, {}) == ()


def test_direct_url_is_installed_and_recorded(full_wheel: Path) -> None:
    installed = install(full_wheel, direct_url='{"url": "file:///pkg"}')
    assert text_of(installed.files["pkg-1.0.dist-info/direct_url.json"]) == '{"url": "file:///pkg"}'
    assert "pkg-1.0.dist-info/direct_url.json" in rows(with_record(installed, installed.files))


def test_the_same_files_as_uv(full_wheel: Path, tmp_path: Path) -> None:
    """Paths, bytes and executable bits are those of ``uv pip install``, installer's notes and shebangs apart."""
    uv = Path(sys.executable).with_name("uv")
    if not uv.exists():
        pytest.skip("uv is not installed beside the interpreter")
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"
    venv = tmp_path / "venv"
    env = {"HOME": str(tmp_path), "UV_CACHE_DIR": str(tmp_path / "cache"), "PATH": "/usr/bin:/bin"}
    proc.run([str(uv), "venv", "--python", sys.executable, str(venv)], env=env, cwd=tmp_path)
    before = {path for path in venv.rglob("*") if not path.is_dir()}
    python = str(venv / "bin/python")
    proc.run(
        [str(uv), "pip", "install", "--offline", "--no-deps", "--python", python, str(full_wheel)],
        env=env,
        cwd=tmp_path,
    )
    notes = {"RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
    theirs = {
        str(path.relative_to(venv)): (path.read_bytes(), bool(path.stat().st_mode & stat.S_IXUSR))
        for path in venv.rglob("*")
        if not path.is_dir() and path not in before and path.name not in notes and ".lock" not in path.name
    }
    scheme = Scheme(prefix=str(venv).strip("/"), minor=minor)
    installed = install(full_wheel, scheme)
    ours = {
        entry.path.removeprefix(scheme.prefix + "/"): (text_of(entry).encode(), bool(entry.mode & 0o100))
        for entry in installed.files.values()
        if Path(entry.path).name not in notes
    }
    # The fixture's data directory names site-packages of 3.12, which is a plain directory for another version.
    assert ours == theirs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"wheel": "Wheel-Version: 2.0\nRoot-Is-Purelib: true\n"}, "want Wheel-Version 1.x, got 2.0"),
        ({"wheel": "Root-Is-Purelib: true\n"}, "want Wheel-Version 1.x, got none"),
        ({"wheel": "Wheel-Version: 1.0\n"}, "want Root-Is-Purelib true or false"),
        ({"metadata": "Name: other\nVersion: 1.0\n"}, "METADATA is of another project: want pkg, got other"),
        ({"metadata": "Name: pkg\nVersion: 1.1\n"}, "METADATA is of another version: want 1.0, got 1.1"),
        ({"dist_info": "other-1.0.dist-info"}, "want its own .dist-info directory"),
        ({"filename": "pkg.whl"}, "not a wheel's file name"),
        ({"record": b"pkg/__init__.py,sha256=x\n"}, "want path, hash and size, got 2 columns"),
        ({"record": b"pkg/__init__.py,md5=x,1\n"}, "not a path, a SHA-2 hash and a size"),
        ({"record": b"pkg/__init__.py,sha256=x,-1\n"}, "not a path, a SHA-2 hash and a size"),
        ({"record": b"a,sha256=x,1\na,sha256=y,1\n"}, "two rows for a"),
        ({"record": b"\xff,sha256=x,1\n"}, "RECORD cannot be read"),
        ({"record": b""}, "RECORD has no hash for pkg/__init__.py and 2 more"),
    ],
)
def test_a_wheel_that_breaks_the_format_is_refused(tmp_path: Path, changes: dict[str, str], message: str) -> None:
    wheel = make_wheel(tmp_path, "pkg", {"pkg/__init__.py": ""}, **changes)  # type: ignore[arg-type]
    with pytest.raises(ArchiveError, match=message):
        install(wheel)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"pkg-1.0.data/elsewhere/x": ""}, "not below purelib, platlib, scripts, data or headers"),
        ({"pkg-1.0.data/x": ""}, "not below purelib, platlib, scripts, data or headers"),
        ({"pkg/x.py": "", "pkg-1.0.data/purelib/pkg/x.py": ""}, "two members are installed as pkg/x.py"),
        ({"../evil.py": ""}, r"path leaves its root"),
        ({"pkg/../../evil.py": ""}, r"path leaves its root"),
        ({"/etc/passwd": ""}, "path is absolute"),
        ({"pkg-1.0.dist-info/record": ""}, "differ by case only"),
        ({"other-2.0.dist-info/METADATA": ""}, "want one .dist-info directory"),
        (
            {"pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\n../evil = pkg:main\n"},
            "script name is no file name",
        ),
        ({"pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\nx = pkg\n"}, "want module:function, got 'pkg'"),
        ({"pkg-1.0.dist-info/entry_points.txt": "[console_scripts]\nx = a:b\nx = c:d\n"}, "entry_points.txt cannot be"),
        ({"pkg-1.0.dist-info/entry_points.txt": "console_scripts\n"}, "entry_points.txt cannot be read"),
    ],
)
def test_a_wheel_that_tries_to_escape_or_confuse_is_refused(
    tmp_path: Path, files: dict[str, str], message: str
) -> None:
    with pytest.raises(ArchiveError, match=message):
        install(make_wheel(tmp_path, "pkg", {"pkg/__init__.py": ""} | files))


def test_record_must_name_only_what_is_there(tmp_path: Path) -> None:
    record = record_of({"pkg/__init__.py": b"", "pkg/gone.py": b""}, "pkg-1.0.dist-info")
    good = make_wheel(tmp_path, "pkg", {"pkg/__init__.py": ""})
    with zipfile.ZipFile(good) as archive:
        true_record = archive.read("pkg-1.0.dist-info/RECORD")
    wheel = make_wheel(tmp_path, "pkg", {"pkg/__init__.py": ""}, record=true_record + record.split(b"\n")[1] + b"\n")
    with pytest.raises(ArchiveError, match=r"RECORD names a file that is not there: pkg/gone.py"):
        install(wheel)


def test_paths_that_differ_by_case_are_two_files_and_a_note(tmp_path: Path) -> None:
    installed = install(make_wheel(tmp_path, "pkg", {"pkg/A.py": "", "pkg/a.py": ""}))
    assert installed.notes == ("pkg-1.0-py3-none-any.whl: pkg/A.py and pkg/a.py differ by case only",)


def test_check_hashes_finds_a_member_that_record_does_not_mean(tmp_path: Path) -> None:
    sound = install(make_wheel(tmp_path, "sound", {"sound/__init__.py": "x = 1\n"}))
    check_hashes(sound)
    lying = record_of({"pkg/__init__.py": b"other"}, "pkg-1.0.dist-info").split(b"\n")[0]
    with zipfile.ZipFile(make_wheel(tmp_path, "pkg", {"pkg/__init__.py": "x = 1\n"})) as archive:
        record = archive.read("pkg-1.0.dist-info/RECORD").split(b"\n")
    wheel = make_wheel(tmp_path, "pkg", {"pkg/__init__.py": "x = 1\n"}, record=b"\n".join([lying, *record[1:]]))
    with pytest.raises(MismatchError, match=r"pkg/__init__.py: want sha256="):
        check_hashes(install(wheel))


def test_names_and_versions_may_be_spelled_in_several_ways(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path, "My.Pkg", {"x.py": ""}, version="1.0+local.1",
        filename="my_pkg-1.0+local.1-1-py2.py3-none-any.whl",
        metadata="Name: my-pkg\nVersion: 1.0+local.1\n\nVersion: 9\n",
    )  # fmt: skip
    installed = install(wheel)
    assert (installed.name, installed.version, installed.tag) == ("my-pkg", "1.0+local.1", "py2.py3-none-any")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() != installed.sha256, "the caller vouches for the hash"


def test_a_wheel_without_metadata_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "pkg-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("pkg-1.0.dist-info/RECORD", "pkg-1.0.dist-info/RECORD,,\n")
    with pytest.raises(ArchiveError, match="no METADATA"):
        install(path)


def test_errors_are_of_the_hostile_branch_where_intent_shows(tmp_path: Path) -> None:
    with pytest.raises(HostileError):
        install(make_wheel(tmp_path, "pkg", {"../evil.py": ""}))


@pytest.mark.parametrize(
    "path",
    [
        "scripts/python",
        f"scripts/python{SCHEME.minor}",
        "data/bin/python3",
        "data/pyvenv.cfg",
        "data/bin/python/x",
        "data/lib64",
    ],
)
def test_no_package_becomes_the_interpreter_of_all_others(tmp_path: Path, path: str) -> None:
    wheel = make_wheel(tmp_path, "pretend", {f"pretend-1.0.data/{path}": "#!/bin/sh\n"})
    with pytest.raises(ArchiveError, match="a part of the environment itself"):
        install(wheel)


def test_no_entry_point_becomes_the_interpreter(tmp_path: Path) -> None:
    points = "[console_scripts]\npython = pretend:main\n"
    wheel = make_wheel(tmp_path, "pretend", {"pretend-1.0.dist-info/entry_points.txt": points})
    with pytest.raises(ArchiveError, match="a part of the environment itself"):
        install(wheel)


@pytest.mark.parametrize("name", ["a\nhint: x", "a\x1b[2J", "a\x7f", "a\r"])
def test_names_with_control_characters_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(HostileError, match="control characters") as caught:
        install(make_wheel(tmp_path, "pretend", {f"pretend/{name}.py": ""}, record=b""))
    assert str(caught.value).isprintable()
