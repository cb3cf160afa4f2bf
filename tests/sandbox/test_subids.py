"""Which ids of the host stand behind those inside."""

from pathlib import Path

import pytest

from lightship.errors import ToolError
from lightship.sandbox.subids import IdMap, map_ids


@pytest.fixture
def ranges(tmp_path: Path) -> Path:
    path = tmp_path / "subuid"
    path.write_text("# a comment\nother:100000:65536\nempty:1:0\nme:165536:65536\nme:900000:10\n1000:7:1\nbroken:x:y\n")
    return path


def test_an_ordinary_caller_is_root_inside_and_lends_an_id(ranges: Path) -> None:
    assert map_ids(0, caller=1000, names=("me",), ranges=ranges) == (IdMap(0, 1000),)
    assert map_ids(1001, caller=1000, names=("me",), ranges=ranges) == (IdMap(0, 1000), IdMap(1001, 165536))
    assert map_ids(1001, caller=1000, names=("1000", "nobody"), ranges=ranges)[1] == IdMap(1001, 7)


def test_root_is_the_commands_user_and_has_ids_to_spare(tmp_path: Path) -> None:
    root, user = map_ids(1001, caller=0, names=("root",), ranges=tmp_path / "absent")
    assert user == IdMap(1001, 0)
    assert root.inside == 0
    assert root.host != 0


@pytest.mark.parametrize("names", [("nobody",), ("empty",), ("broken",)])
def test_without_a_range_there_is_a_way_out(names: tuple[str, ...], ranges: Path) -> None:
    with pytest.raises(ToolError, match="runc cannot start a command as 1001 for this user") as caught:
        map_ids(1001, caller=1000, names=names, ranges=ranges)
    assert caught.value.hint is not None
    assert "--add-subuids" in caught.value.hint
    with pytest.raises(ToolError):
        map_ids(1001, caller=1000, names=names, ranges=ranges.parent / "absent")
