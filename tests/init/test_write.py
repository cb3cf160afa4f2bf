"""All files or none, and never over one that is there."""

from pathlib import Path

import pytest

from lightship.errors import InputError, StorageError
from lightship.init.files import Part, PlannedFile
from lightship.init.write import check_files, write_files


def _file(path: str, text: str = "text\n", part: Part = "dockerfile") -> PlannedFile:
    return PlannedFile(part=part, path=path, text=text, purpose="")


def _kinds(project: Path, *files: PlannedFile, force: bool = False, keep: bool = False) -> list[str]:
    return [change.kind for change in check_files(project, files, force=force, keep=keep)]


def test_new_files_and_their_folders(tmp_path: Path) -> None:
    write_files(tmp_path, check_files(tmp_path, [_file("Dockerfile"), _file("deploy/a/b.yaml")]))
    assert (tmp_path / "deploy/a/b.yaml").read_text() == "text\n"


def test_a_file_that_is_there_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("mine\n")
    with pytest.raises(InputError, match=r"Makefile; nothing was written") as caught:
        check_files(tmp_path, [_file("Dockerfile"), _file("Makefile")])
    assert "--keep" in str(caught.value.hint)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Makefile"]


def test_what_is_there_is_kept_or_replaced_on_request(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("mine\n")
    files = [_file("Dockerfile"), _file("Makefile")]
    kept = check_files(tmp_path, files, keep=True)
    write_files(tmp_path, kept)
    assert [change.kind for change in kept] == ["new", "kept"]
    assert (tmp_path / "Makefile").read_text() == "mine\n"
    write_files(tmp_path, check_files(tmp_path, files, force=True))
    assert (tmp_path / "Makefile").read_text() == "text\n"


def test_a_file_that_is_replaced_keeps_its_mode(tmp_path: Path) -> None:
    (tmp_path / "Makefile").write_text("mine\n")
    (tmp_path / "Makefile").chmod(0o750)
    write_files(tmp_path, check_files(tmp_path, [_file("Makefile"), _file("Dockerfile")], force=True))
    modes = [(tmp_path / name).stat().st_mode & 0o777 for name in ("Makefile", "Dockerfile")]
    assert (modes, (tmp_path / "Makefile").read_text()) == ([0o750, 0o644], "text\n")


def test_a_configuration_and_what_is_ignored_are_a_persons_own_word(tmp_path: Path) -> None:
    (tmp_path / "lightship.toml").write_text("[image]\n")
    assert _kinds(tmp_path, _file("lightship.toml", part="config")) == ["kept"]
    assert _kinds(tmp_path, _file("lightship.toml", part="config"), force=True) == ["replaced"]


def test_the_same_text_is_no_conflict(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("text\n")
    assert _kinds(tmp_path, _file("Dockerfile")) == ["same"]


@pytest.mark.parametrize("keep", [True, False])
def test_links_and_folders_in_the_way_are_refused(tmp_path: Path, keep: bool) -> None:
    project, outside = tmp_path / "project", tmp_path / "outside"
    project.mkdir()
    outside.mkdir()
    (project / "deploy").symlink_to(outside)
    with pytest.raises(InputError, match="leads out of the project"):
        check_files(project, [_file("deploy/slim.py")], force=True)
    (project / "Makefile").mkdir()
    with pytest.raises(InputError, match="no regular file"):
        check_files(project, [_file("Makefile")], keep=keep, force=not keep)
    (project / "file").write_text("")
    with pytest.raises(InputError, match="file is a file"):
        check_files(project, [_file("file/inner")])
    assert list(outside.iterdir()) == []


def test_when_one_cannot_be_written_all_is_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text("mine\n")
    changes = check_files(tmp_path, [_file("Dockerfile"), _file("deploy/a"), _file("deploy/b/c")], force=True)
    (tmp_path / "deploy").mkdir()
    (tmp_path / "deploy/b").write_text("a file since")
    with pytest.raises(StorageError):
        write_files(tmp_path, changes)
    assert (tmp_path / "Dockerfile").read_text() == "mine\n"
    assert sorted(path.name for path in (tmp_path / "deploy").iterdir()) == ["b"]
