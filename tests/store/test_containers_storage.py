"""Which tool moves an image, without one."""

import json
import sys
from pathlib import Path

import pytest

from lightship.errors import StorageError, ToolError
from lightship.image.synthetic import synthetic_image
from lightship.oci.reference import Reference
from lightship.store.copy import copy
from lightship.store.open import open_image

IMAGE = synthetic_image({"a": b"1"})
TOOL = """#!{python}
import json, sys
from pathlib import Path
with (Path(__file__).parent.parent / "calls").open("a") as calls:
    calls.write(json.dumps([Path(__file__).name, *(word.partition("/tmp")[0] for word in sys.argv[1:])]) + "\\n")
"""


def _tool(tmp_path: Path, name: str, says: str = "") -> None:
    (tmp_path / "bin").mkdir(exist_ok=True)
    (tmp_path / "bin" / name).write_text(TOOL.format(python=sys.executable) + (f"print({says!r})\n" if says else ""))
    (tmp_path / "bin" / name).chmod(0o755)


def _calls(tmp_path: Path) -> list[list[str]]:
    return [json.loads(line) for line in (tmp_path / "calls").read_text().splitlines()]


@pytest.fixture(autouse=True)
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))


def test_without_any_tool_there_is_a_way_out() -> None:
    with pytest.raises(ToolError, match="containers-storage: none of skopeo, podman, buildah is installed") as caught:
        copy(IMAGE, Reference.parse("containers-storage:one"))
    assert caught.value.hint is not None
    assert "oci:" in caught.value.hint
    with pytest.raises(ToolError, match="none of"), open_image(Reference.parse("containers-storage:one")):
        pass


def test_skopeo_goes_first(tmp_path: Path) -> None:
    for name in ("podman", "skopeo"):
        _tool(tmp_path, name)
    copy(IMAGE, Reference.parse("containers-storage:one:1"))
    assert _calls(tmp_path) == [["skopeo", "copy", "--quiet", "oci:", "containers-storage:docker.io/library/one:1"]]


@pytest.mark.parametrize("name", ["podman", "buildah"])
def test_else_what_is_there(tmp_path: Path, name: str) -> None:
    _tool(tmp_path, name, says="c0ffee")
    copy(IMAGE, Reference.parse("containers-storage:one:1"), temporary=Path("/tmp"))
    assert _calls(tmp_path) == [
        [name, "pull", "--quiet", "oci:"],
        [name, "tag", "c0ffee", "docker.io/library/one:1"],
    ]


def test_one_that_does_not_say_what_it_took(tmp_path: Path) -> None:
    _tool(tmp_path, "podman")
    with pytest.raises(ToolError, match="podman took the image and did not say its id"):
        copy(IMAGE, Reference.parse("containers-storage:one:1"))


def test_no_place_for_a_temporary_folder_is_a_storage_error(tmp_path: Path) -> None:
    _tool(tmp_path, "skopeo")
    reference = Reference.parse("containers-storage:one:1")
    with pytest.raises(StorageError, match="cannot make a temporary folder for the image: No such file"):
        copy(IMAGE, reference, temporary=tmp_path / "gone")
    with (
        pytest.raises(StorageError, match="cannot make a temporary folder for the image: No such file"),
        open_image(reference, temporary=tmp_path / "gone"),
    ):
        pass
    assert not (tmp_path / "calls").exists()
