"""The smaller tree is written whole or not at all; what was set aside comes back as it was."""

import json
import os
from pathlib import Path

import pytest
from tests.assets.standalone.servers import answering

from lightship.assets.standalone import write
from lightship.assets.standalone.model import Selection, StandaloneOptions
from lightship.assets.standalone.rule import Server
from lightship.assets.standalone.rules import RULES
from lightship.assets.standalone.select import select
from lightship.assets.standalone.tree import ServerTree, read_tree
from lightship.assets.standalone.write import restore, set_aside, write_copy
from lightship.errors import HostileError, InputError, StorageError, UsageError


@pytest.fixture
def tree(tmp_path: Path) -> ServerTree:
    found = answering(tmp_path / "server", {os.fsdecode(b"public/caf\xe9.txt"): "x"})
    link = tmp_path / "server/node_modules/.bin/tsc"
    link.parent.mkdir()
    link.symlink_to("../typescript/lib/typescript.js")
    (tmp_path / "server/node_modules/used/main.js").chmod(0o755)
    os.utime(tmp_path / "server/node_modules/used/main.js", (1, 1))
    return read_tree(found.root)


def decided(tree: ServerTree) -> Selection:
    return select(Server(tree, StandaloneOptions(static="moved")), RULES)


def state(root: Path) -> dict[str, object]:
    return {
        str(path.relative_to(root)): path.readlink() if path.is_symlink() else path.read_bytes()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def test_a_copy_has_what_stays_with_its_modes_and_times(tree: ServerTree, tmp_path: Path) -> None:
    before, selection = state(tree.root), decided(tree)
    write_copy(tree, selection, tmp_path / "out/slim")
    assert state(tmp_path / "out/slim") == {path: before[path] for path in selection.kept}
    status = (tmp_path / "out/slim/node_modules/used/main.js").stat()
    assert (status.st_mode & 0o777, status.st_mtime) == (0o755, 1)
    assert not (tmp_path / "out/slim/public").exists()
    assert state(tree.root) == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["slim"]


def test_a_copy_that_fails_leaves_nothing(tree: ServerTree, tmp_path: Path) -> None:
    selection = decided(tree)
    (tree.root / "node_modules/used/main.js").unlink()
    with pytest.raises(StorageError, match="cannot write"):
        write_copy(tree, selection, tmp_path / "out/slim")
    assert list((tmp_path / "out").iterdir()) == []


def test_no_copy_over_what_is_there_or_inside_the_tree(tree: ServerTree, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageError, match="is there already"):
        write_copy(tree, decided(tree), tmp_path / "there")
    with pytest.raises(UsageError, match="lies in"):
        write_copy(tree, decided(tree), tree.root / "slim")


def test_what_was_set_aside_comes_back_as_it_was(tree: ServerTree) -> None:
    before, selection = state(tree.root), decided(tree)
    place = set_aside(tree, selection)
    assert state(tree.root) == {path: before[path] for path in selection.kept}
    assert not (tree.root / "node_modules/typescript").exists()
    rows = json.loads((place / "list.json").read_text())["left_out"]
    assert {row["path"]: row["rule"] for row in rows}["node_modules/.bin/tsc"] == "dangling-links"
    with pytest.raises(UsageError, match="is there already"):
        set_aside(tree, selection)
    assert restore(tree.root) == len(selection.left)
    assert state(tree.root) == before
    assert not place.exists()
    with pytest.raises(InputError, match="nothing was set aside"):
        restore(tree.root)


def test_a_move_that_fails_is_taken_back(tree: ServerTree, monkeypatch: pytest.MonkeyPatch) -> None:
    before, selection = state(tree.root), decided(tree)
    moved: list[Path] = []
    real = write._move

    def failing(source: Path, target: Path) -> None:
        if len(moved) == 3:
            monkeypatch.undo()
            raise OSError(28, "No space left on device")
        moved.append(source)
        real(source, target)

    monkeypatch.setattr(write, "_move", failing)
    with pytest.raises(StorageError, match="No space left on device"):
        set_aside(tree, selection)
    assert state(tree.root) == before


def test_nothing_comes_back_into_another_build(tree: ServerTree) -> None:
    set_aside(tree, decided(tree))
    (tree.root / ".next/BUILD_ID").write_text("another")
    with pytest.raises(InputError, match="is of another build"):
        restore(tree.root)


@pytest.mark.parametrize("path", ["../outside", "/etc/passwd", "a\0b"])
def test_a_list_that_leads_out_is_refused(tree: ServerTree, path: str) -> None:
    place = set_aside(tree, decided(tree))
    document = json.loads((place / "list.json").read_text())
    document["left_out"] = [{"path": path}]
    (place / "list.json").write_text(json.dumps(document))
    with pytest.raises(HostileError):
        restore(tree.root)


def test_a_link_in_the_way_is_not_followed(tree: ServerTree, tmp_path: Path) -> None:
    set_aside(tree, decided(tree))
    (tmp_path / "elsewhere").mkdir()
    (tree.root / "public").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HostileError, match="public is a symbolic link"):
        restore(tree.root)
    assert list((tmp_path / "elsewhere").iterdir()) == []


@pytest.mark.parametrize(
    "text", ["", "[]", '{"schema": "x"}', '{"schema": "lightship/left-out/1", "left_out": [{"path": 3}]}']
)
def test_a_list_of_nonsense_is_one_sentence(tree: ServerTree, text: str) -> None:
    place = set_aside(tree, decided(tree))
    (place / "list.json").write_text(text)
    with pytest.raises(InputError):
        restore(tree.root)
