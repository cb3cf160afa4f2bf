import os
import time
from pathlib import Path

import pytest

from lightship.build.application import read_application
from lightship.build.known_files import KnownFiles
from lightship.store.cache import Cache

LONG_AGO = 1_000_000_000


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    for name in ("a.py", "b.py"):
        (root / name).write_text("from pretend.tests import it\n")
    return root


def late(monkeypatch: pytest.MonkeyPatch, seconds: int = 60) -> None:
    """As if the last change was ``seconds`` ago: what was written a moment ago is never believed."""
    real = time.time_ns
    monkeypatch.setattr("lightship.build.known_files.time.time_ns", lambda: real() + seconds * 10**9)


def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that are opened to be read."""
    opened: list[str] = []
    real = os.open

    def watched(path: str, flags: int, *rest: int, **more: int) -> int:
        opened.append(os.path.basename(path))  # noqa: PTH119 - a text
        return real(path, flags, *rest, **more)

    monkeypatch.setattr("lightship.build.project_walk.os.open", watched)
    return opened


def test_a_file_that_did_not_change_is_not_read_again(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    first = read_application(project, cache=cache)
    opened = counted(monkeypatch)
    assert read_application(project, cache=cache) == first
    assert opened == []
    (project / "b.py").write_text("from pretend.tests import xx\n")  # as long as before
    again = read_application(project, cache=cache)
    assert opened == ["b.py"]
    assert again.key != first.key
    assert again == read_application(project)


def test_a_time_that_was_set_back_does_not_hide_a_change(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    os.utime(project / "a.py", (LONG_AGO, LONG_AGO))
    first = read_application(project, cache=cache)
    (project / "a.py").write_text("from pretend.tests import xx\n")
    os.utime(project / "a.py", (LONG_AGO, LONG_AGO))
    assert read_application(project, cache=cache).key != first.key


def test_what_was_written_a_moment_ago_is_read_again(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_application(project, cache=cache)
    opened = counted(monkeypatch)
    read_application(project, cache=cache)
    assert sorted(opened) == ["a.py", "b.py"]


def test_another_dockerignore_asks_anew(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    read_application(project, cache=cache)
    (project / ".dockerignore").write_text("b.py\n")
    opened = counted(monkeypatch)
    assert [entry.path for entry in read_application(project, cache=cache).entries] == ["app/a.py"]
    assert opened == ["a.py"]


def test_a_file_that_goes_is_forgotten(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    read_application(project, cache=cache)
    (project / "b.py").unlink()
    assert [entry.path for entry in read_application(project, cache=cache).entries] == ["app/a.py"]


@pytest.mark.parametrize("damage", [b"", b"[]", b'{"a.py": 1}', b"\xff"])
def test_a_damaged_record_is_no_record(
    project: Path, cache: Cache, damage: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    first = read_application(project, cache=cache)
    (record,) = (cache.root / "project-files").glob("*/*")
    whole = record.read_bytes()
    record.write_bytes(damage or whole.replace(b"644", b"755"))
    assert read_application(project, cache=cache) == first


def test_what_was_told_is_remembered(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    path = tmp_path / "a.py"
    path.write_text("")
    known = KnownFiles.load(cache, "pretend")
    known.add("a.py", path.stat(), "644 0 hash\t\tpretend.tests")
    known.save()
    again = KnownFiles.load(cache, "pretend")
    assert again.find("a.py", path.stat()) == "644 0 hash\t\tpretend.tests"
    assert again.find("b.py", path.stat()) is None
    path.write_text("x")
    assert again.find("a.py", path.stat()) is None
    assert KnownFiles.load(cache, "other").files == {}


def test_imports_and_programs_are_remembered(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    (project / "libx.so").write_bytes(b"\x7fELF rest")
    first = read_application(project, cache=cache)
    opened = counted(monkeypatch)
    again = read_application(project, cache=cache)
    assert (again, opened) == (first, [])
    assert (again.imports, again.programs) == (("pretend.tests",), True)


def test_a_mode_that_changes_is_seen(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    first = read_application(project, cache=cache)
    (project / "a.py").chmod(0o755)
    again = read_application(project, cache=cache)
    assert [entry.mode for entry in again.entries] == [0o755, 0o644]
    assert again.key != first.key


def test_patterns_are_asked_once(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    (project / ".env").write_text("SECRET=1")
    (project / ".venv").mkdir()
    (project / "inner").mkdir()
    first = read_application(project, cache=cache)
    asked: list[str] = []
    monkeypatch.setattr("lightship.ecosystem.dockerignore.Ignore.parse", lambda text, **_: asked.append(text))
    assert read_application(project, cache=cache) == first
    assert asked == []


def test_a_directory_where_a_left_out_file_was_is_asked_anew(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    (project / ".dockerignore").write_text("out\n!out/b.py\n")
    (project / "out").write_text("")
    read_application(project, cache=cache)
    (project / "out").unlink()
    (project / "out").mkdir()
    (project / "out" / "b.py").write_text("")
    again = read_application(project, cache=cache)
    assert [entry.path for entry in again.entries] == ["app/a.py", "app/b.py", "app/out/b.py"]


def test_a_few_changes_are_worth_no_writing(project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    late(monkeypatch)
    read_application(project, cache=cache)
    (record,) = (cache.root / "project-files").glob("*/*")
    before = record.stat().st_ino
    (project / "b.py").write_text("x = 1\n")
    read_application(project, cache=cache)
    assert record.stat().st_ino == before
    for number in range(40):
        (project / f"c{number}.py").write_text("")
    read_application(project, cache=cache)
    assert record.stat().st_ino != before


def test_a_change_is_told_of_before_folders_are_listed(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    read_application(project, cache=cache)
    (project / "b.py").write_text("changed\n")
    seen: list[str] = []
    real = os.scandir

    def listed(path: str) -> object:
        seen.append("listed")
        return real(path)

    monkeypatch.setattr("lightship.build.project_walk.os.scandir", listed)
    application = read_application(project, cache=cache, met=lambda path, told: seen.append(f"{path} {told}"))
    met = f"app/b.py {application.files['app/b.py']}"
    assert seen == [met, "listed", met]


def test_what_is_reached_through_a_link_is_no_longer_there(
    project: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    late(monkeypatch)
    (project / "folder").mkdir()
    (project / "folder/c.py").write_text("c\n")
    assert "app/folder/c.py" in read_application(project, cache=cache).files
    (project / "folder").rename(project.parent / "outside")
    (project / "folder").symlink_to(project.parent / "outside")
    assert read_application(project, cache=cache, met=lambda _path, _told: None).files.keys() == {
        "app/a.py",
        "app/b.py",
    }
