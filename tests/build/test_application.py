"""The project's own files: what is copied, how, and what is left out."""

import hashlib
import io
import os
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lightship.archive.content import Stored
from lightship.build.application import Application, read_application
from lightship.errors import InputError, LightshipError
from lightship.store.cache import Cache

PRIVATE = "-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\n"
PUBLIC = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"


def write(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def paths(application: Application) -> set[str]:
    return {entry.path for entry in application.entries}


def test_files_are_copied_with_canonical_modes(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "x = 1\n", "start.sh": "#!/bin/sh\n", "pkg/data/x.bin": "123"})
    (tmp_path / "start.sh").chmod(0o700)
    (tmp_path / "app.py").chmod(0o666)
    application = read_application(tmp_path)
    assert {entry.path: entry.mode for entry in application.entries} == {
        "app/app.py": 0o644,
        "app/start.sh": 0o755,
        "app/pkg/data/x.bin": 0o644,
    }
    assert {(entry.owner, entry.uid, entry.gid) for entry in application.entries} == {("application", 0, 0)}
    content = application.entries[0].content
    assert isinstance(content, Stored)
    assert content.sha256 is not None
    assert content.unpacked_bytes == 6


def test_dockerignore_and_defaults_decide(tmp_path: Path) -> None:
    files = {
        ".dockerignore": "*.log\nnotes\n!notes/keep.txt\n!.git/hooks\n",
        "app.py": "", "a.log": "", "notes/x.txt": "", "notes/keep.txt": "", "__pycache__/app.cpython-311.pyc": "",
        ".git/HEAD": "", ".venv/bin/python": "", "node_modules/x.js": "", "tests/test_app.py": "",
    }  # fmt: skip
    assert paths(read_application(write(tmp_path, files), prefix="srv/app")) == {
        "srv/app/app.py",
        "srv/app/notes/keep.txt",
        "srv/app/tests/test_app.py",
    }


SECRETS = {
    ".env": "TOKEN=1",
    "deploy/.env.production": "TOKEN=1",
    ".netrc": "machine x",
    "keys/id_rsa": PRIVATE,
    "keys/server.pem": PUBLIC + PRIVATE,
    "keys/server.key": PRIVATE,
    "keys/store.p12": "binary",
    "gcp.json": '{"type": "service_account", "private_key": "-----BEGIN PRIVATE KEY-----"}',
    "front/.npmrc": "//registry.example/:_authToken=abcdefgh",
}
HARMLESS = {
    ".env.example": "TOKEN=",
    "keys/ca.pem": PUBLIC,
    "locale/en.key": "title",
    "schema/credentials.json": '{"private_key": "", "client_secret": "the name of a field"}',
    "front/.npmrc2": "",
    "environment.py": "",
    "private_key.py": PRIVATE,
}


def test_what_looks_like_a_secret_is_left_out_and_told(tmp_path: Path) -> None:
    application = read_application(write(tmp_path, SECRETS | HARMLESS))
    assert paths(application) == {f"app/{path}" for path in HARMLESS}
    told = {finding.location for finding in application.findings if finding.code == "secret"}
    assert told == set(SECRETS) - {".env", "deploy/.env.production"}, ".env is left out by default, as documented"
    assert all("TOKEN" not in finding.message and "abcdefgh" not in finding.message for finding in application.findings)


def test_a_secret_can_be_asked_for(tmp_path: Path) -> None:
    write(tmp_path, SECRETS | {".dockerignore": "!keys/server.key\n!.env\n"})
    assert paths(read_application(tmp_path)) == {"app/keys/server.key", "app/.env"}
    (tmp_path / ".dockerignore").unlink()
    assert paths(read_application(tmp_path, with_secrets=True)) == {
        f"app/{path}" for path in SECRETS if ".env" not in path
    }


def test_links_stay_when_they_stay_inside(tmp_path: Path) -> None:
    root = write(tmp_path / "project", {"pkg/a.py": ""})
    (tmp_path / "outside").write_text("")
    for name, target in {
        "inside": "pkg/a.py", "directory": "pkg", "pkg/up": "../pkg/a.py", "dangling": "gone",
        "out": "../outside", "absolute": str(root / "pkg/a.py"), "chain": "out", "through": "pkg/../../outside",
    }.items():  # fmt: skip
        (root / name).symlink_to(target)
    application = read_application(root)
    links = {entry.path: entry.link_target for entry in application.entries if entry.type == "symlink"}
    assert links == {
        "app/inside": "pkg/a.py",
        "app/directory": "pkg",
        "app/pkg/up": "../pkg/a.py",
        "app/dangling": "gone",
    }
    left = {finding.location for finding in application.findings}
    assert left == {"out", "absolute", "chain", "through"}


def test_a_link_through_the_project_s_own_name_does_not_stay(tmp_path: Path) -> None:
    """``../project/a.py`` is inside here and outside below ``/app``."""
    root = write(tmp_path / "project", {"a.py": ""})
    (root / "again").symlink_to("../project/a.py")
    assert paths(read_application(root)) == {"app/a.py"}


def test_what_is_no_file_is_left_out_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"app.py": ""})
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)  # the path of a socket has at most 108 bytes
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    application = read_application(tmp_path)
    assert paths(application) == {"app/app.py"}
    assert {finding.location for finding in application.findings} == {"pipe", "socket"}


def test_the_build_s_own_output_stays_out(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "", "out/oci-layout": "{}", "out/blobs/sha256/x": "", "api.tar": "", "cache/x": ""})
    application = read_application(tmp_path, leave_out=[tmp_path / "api.tar", tmp_path / "cache"])
    assert paths(application) == {"app/app.py"}
    assert [finding.location for finding in application.findings] == ["out"]


def test_the_key_names_paths_modes_and_bytes_and_nothing_else(tmp_path: Path) -> None:
    def key(name: str, files: dict[str, str], mode: int = 0o644, mtime: int = 0) -> str:
        root = write(tmp_path / name, files)
        for path in files:
            (root / path).chmod(mode)
            os.utime(root / path, (mtime, mtime))
        return read_application(root).key

    first = key("one", {"a.py": "1", "b.py": "2"})
    assert key("two", {"b.py": "2", "a.py": "1"}, mode=0o600, mtime=9) == first
    others = {
        key("three", {"a.py": "1"}),
        key("four", {"a.py": "2", "b.py": "1"}),
        key("five", {"a.py": "1", "b.py": "2"}, 0o755),
    }
    assert len({first, *others}) == 4


def test_imports_of_packages_tests_are_found(tmp_path: Path) -> None:
    write(tmp_path, {"a.py": "from numpy.tests.util import x\nimport os\n", "b.py": "if 1:\n    import pkg.test\n"})
    assert read_application(tmp_path).imports == ("numpy.tests.util", "pkg.test")


def test_bad_projects_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="project is not a directory"):
        read_application(tmp_path / "gone")
    with pytest.raises(LightshipError):
        read_application(tmp_path, prefix="../out")
    (tmp_path / ".dockerignore").write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match="not UTF-8"):
        read_application(tmp_path)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py"))).write_text("")
    except OSError:
        pytest.skip("this file system refuses such names itself")
    with pytest.raises(InputError, match="path is not UTF-8"):
        read_application(tmp_path)


def test_an_unreadable_file_is_an_error_of_the_world(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": ""})
    (tmp_path / "app.py").chmod(0)
    if os.access(tmp_path / "app.py", os.R_OK):
        pytest.skip("root reads everything")
    with pytest.raises(LightshipError, match="cannot read the project"):
        read_application(tmp_path)


def test_a_name_with_a_line_end_hides_no_secret(tmp_path: Path) -> None:
    write(tmp_path, {"a\nb/id_rsa": "x", "a\nb/server.key": PRIVATE, "a\nb/app.py": ""})
    assert paths(read_application(tmp_path)) == {"app/a\nb/app.py"}


@pytest.mark.parametrize("becomes", ["link", "pipe"])
def test_what_is_no_longer_a_file_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, becomes: str) -> None:
    """Another process changes the project between the listing and the reading."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    outside.write_text("SECRET")
    write(project, {"app.py": "x"})
    changed = os.scandir

    def scandir(path: Path) -> object:
        found = [each for each in changed(path) if each.stat(follow_symlinks=False)]
        (project / "app.py").unlink()
        if becomes == "link":
            (project / "app.py").symlink_to(outside)
        else:
            os.mkfifo(project / "app.py")

        class Listing:
            def __enter__(self) -> list[os.DirEntry[str]]:
                return found

            def __exit__(self, *_: object) -> None:
                pass

        return Listing()

    monkeypatch.setattr("lightship.build.project_walk.os.scandir", scandir)
    try:
        application = read_application(project)
    except LightshipError:
        return
    assert [entry.unpacked_bytes for entry in application.entries] == [0]


def test_a_file_that_is_read_in_small_portions_is_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As file systems of networks give them."""
    write(tmp_path, {"big.bin": "0123456789" * 1000})
    monkeypatch.setattr("lightship.build.project_walk._CHUNK_BYTES", 777)
    real = io.FileIO.read

    class Short(io.FileIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return real(self, min(size or 0, 100))

    def opened(path: Path, *_: object, **__: object) -> io.FileIO:
        return Short(str(path))

    monkeypatch.setattr("lightship.build.application.open", opened, raising=False)
    (entry,) = read_application(tmp_path).entries
    assert isinstance(entry.content, Stored)
    assert entry.content.unpacked_bytes == 10_000
    assert entry.content.sha256 == hashlib.sha256(b"0123456789" * 1000).hexdigest()


def test_a_name_that_is_not_utf8_may_be_left_out(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "", "odd/x": ""})
    (tmp_path / "odd" / os.fsdecode(b"\xff")).write_text("")
    with pytest.raises(InputError, match="not UTF-8") as caught:
        read_application(tmp_path)
    assert ".dockerignore" in str(caught.value.hint)
    write(tmp_path, {".dockerignore": "odd\n"})
    assert paths(read_application(tmp_path)) == {"app/app.py"}


def test_what_a_build_wrote_is_left_out_and_told(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "", "out/report": '{\n "schema": "lightship/build/1"}', "mine.json": '{"schema": "x"}'})
    with tarfile.open(tmp_path / "old", "w") as writing:
        writing.addfile(tarfile.TarInfo("blobs/sha256/" + "a" * 64))
    application = read_application(tmp_path)
    assert paths(application) == {"app/app.py", "app/mine.json"}
    told = {(finding.code, finding.location, finding.severity) for finding in application.findings}
    assert told == {("image-in-project", "old", "note"), ("report-in-project", "out/report", "note")}
    (tmp_path / ".dockerignore").write_text("!old\n")
    assert paths(read_application(tmp_path)) == {"app/app.py", "app/mine.json", "app/old"}


def test_a_large_file_is_copied_and_told(tmp_path: Path) -> None:
    with (tmp_path / "model.bin").open("wb") as stream:
        stream.truncate(20_000_001)
    with (tmp_path / "small.bin").open("wb") as stream:
        stream.truncate(20_000_000)
    application = read_application(tmp_path)
    assert paths(application) == {"app/model.bin", "app/small.bin"}
    (finding,) = application.findings
    assert (finding.code, finding.severity, finding.location) == ("large-file", "note", "model.bin")
    assert finding.message == "model.bin adds 20.0 MB to the image"
    assert finding.fix is not None
    assert '"model.bin"' in finding.fix


@pytest.mark.parametrize(
    ("name", "content", "mode", "found"),
    [
        ("bin/tool", b"\x7fELF rest", 0o755, True),
        ("lib/ext.cpython-312.so", b"\x7fELF rest", 0o644, True),
        ("lib/libx.so.1", b"\x7fELF rest", 0o644, True),
        ("entrypoint", b"#!/bin/sh\n", 0o755, False),
        ("notes.so", b"text", 0o644, False),
        ("data.bin", b"\x7fELF rest", 0o644, False),
    ],
)
def test_programs_of_the_project_are_seen(tmp_path: Path, name: str, content: bytes, mode: int, found: bool) -> None:
    path = write(tmp_path, {name: ""}) / name
    path.write_bytes(content)
    path.chmod(mode)
    assert read_application(tmp_path).programs == found


HASHED = "flask==3.0 \\\n    --hash=sha256:" + "0" * 64 + "\n"
LOCKS = {"uv.lock": "version = 1\n", "requirements.txt": HASHED, "pylock.dev.toml": "", "deep/uv.lock": "x"}


def left(project: Path, **options: Any) -> tuple[list[str], list[str]]:
    """Paths of the locks that stay, and of those that were dropped."""
    found = read_application(project, **options)
    kept = [entry.path for entry in found.entries if "lock" in entry.path or "requirements" in entry.path]
    return kept, [each.path for each in found.dropped]


def test_locks_at_the_top_stay_out_and_are_told(tmp_path: Path) -> None:
    write(tmp_path, {**LOCKS, "app.py": "print(1)\n"})
    assert left(tmp_path) == (["app/deep/uv.lock"], ["app/pylock.dev.toml", "app/requirements.txt", "app/uv.lock"])
    (first, *_) = read_application(tmp_path).dropped
    assert (first.rule, first.safety) == ("lock-files", "safe")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("app.py", "open('uv.lock')\n"),
        ("start.sh", "uv sync --locked # uv.lock\n"),
        ("start", "#!/bin/sh\ncat uv.lock\n"),
        (".dockerignore", "!uv.lock\n"),
    ],
)
def test_a_lock_that_something_names_stays(tmp_path: Path, name: str, content: str) -> None:
    write(tmp_path, {**LOCKS, name: content})
    kept, dropped = left(tmp_path)
    assert "app/uv.lock" in kept
    assert dropped == ["app/pylock.dev.toml", "app/requirements.txt"]


def test_what_the_image_is_started_with_counts(tmp_path: Path) -> None:
    write(tmp_path, LOCKS)
    kept, dropped = left(tmp_path, started_with=("sh", "-c", "pip check -r requirements.txt"))
    assert "app/requirements.txt" in kept
    assert dropped == ["app/pylock.dev.toml", "app/uv.lock"]


def test_requirements_without_hashes_are_no_lock(tmp_path: Path) -> None:
    write(tmp_path, {"requirements.txt": "flask\n", "README.md": "see uv.lock\n"})
    assert left(tmp_path) == (["app/requirements.txt"], [])


def test_a_lock_changes_the_key_only_by_being_there(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    project = tmp_path / "project"
    write(project, {"uv.lock": "version = 1\n", "app.py": ""})
    first = read_application(project, cache=cache)
    assert read_application(project, cache=cache) == first
    write(project, {"uv.lock": "version = 2\n"})
    assert read_application(project, cache=cache).key == first.key
    write(project, {"app.py": "open('uv.lock')\n"})
    again = read_application(project, cache=cache)
    assert again.key != first.key
    assert again.dropped == ()
    assert read_application(project) == again


def test_names_of_locks_are_found_in_bounded_time(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": "requirements" * 80_000, "b.py": "a." * 400_000 + "uv.lock", "uv.lock": ""})
    assert left(tmp_path) == (["app/uv.lock"], [])
