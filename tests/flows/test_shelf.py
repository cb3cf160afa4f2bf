"""What a text means: an image on the shelf, one on disk, or none."""

from pathlib import Path

import pytest

from lightship.errors import BadReferenceError
from lightship.flows.shelf import find_image, shelf
from lightship.image.synthetic import synthetic_image
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Silent
from lightship.store.oci_layout import open_layout, write_layout
from lightship.store.tags import Tag


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    name = ImageName.parse("registry.example/agent/api:1.2")
    write_layout(synthetic_image({"a": b"1"}), shelf(tmp_path), [Tag("1.2", name)])
    write_layout(synthetic_image({"a": b"2"}), shelf(tmp_path), [Tag("latest", ImageName.parse("shop").tagged())])
    write_layout(synthetic_image({"a": b"3"}), shelf(tmp_path), [Tag("nameless")])
    return tmp_path


@pytest.mark.parametrize("text", ["registry.example/agent/api:1.2", "shop", "shop:latest", "docker.io/library/shop"])
def test_a_known_name_is_on_the_shelf(text: str, cache: Path) -> None:
    found = find_image(text, cache)
    assert (found.transport, found.path) == ("oci", shelf(cache))
    assert found.path is not None
    open_layout(found.path, tag=found.tag)


@pytest.mark.parametrize("text", ["docker://shop", "docker-daemon:shop", "oci:shop", "oci:shop:latest"])
def test_a_transport_is_never_the_shelf(text: str, cache: Path) -> None:
    assert find_image(text, cache) == Reference.parse(text)


class _Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


@pytest.mark.parametrize(
    ("text", "registry"),
    [
        ("nameless", "docker.io"),
        ("shop:2", "docker.io"),
        ("some/folder", "docker.io"),
        ("registry.example/agent/api", "registry.example"),
        ("host:5000/x:1", "host:5000"),
    ],
)
def test_a_name_that_is_nowhere_here_is_a_registrys(
    text: str, registry: str, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(cache)
    told = _Notes()
    assert find_image(text, cache, progress=told) == Reference.parse(f"docker://{text}")
    there = "registry.example/agent/api:1.2, shop:latest"
    assert told.notes == [f"{text} is not in the cache (there are: {there}) and no file: asking {registry}"]


def test_a_missing_archive_is_no_name_of_a_registry(cache: Path) -> None:
    with pytest.raises(BadReferenceError, match=r"no image absent\.tar: .*, and no file of that name") as unknown:
        find_image("absent.tar", cache)
    assert "docker://absent.tar" in (unknown.value.hint or "")


def test_other_files_and_folders_of_the_name_are_passed_over(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cache)
    for name in ("shop", "other"):
        Path(name).mkdir()
        Path(name, "__init__.py").touch()
    Path("script").write_text("#!/bin/sh\n")
    assert find_image("shop", cache).path == shelf(cache)
    with pytest.raises(BadReferenceError, match="and the folder other is no OCI layout"):
        find_image("other", cache)
    with pytest.raises(BadReferenceError, match="and the file script is no archive of images"):
        find_image("script", cache)
    with pytest.raises(BadReferenceError, match=r"\./other: want an OCI layout, got a folder with other files"):
        find_image("./other", cache)
    with pytest.raises(BadReferenceError, match=r"there is no file or folder \./absent"):
        find_image("./absent", cache)


def test_an_image_on_disk_is_found_by_its_path(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(cache)
    write_layout(synthetic_image({"a": b"4"}), Path("layout"), [Tag("x")])
    for text in ("layout", "./layout", f"{cache}/layout"):
        assert find_image(text, cache) == Reference(transport="oci", path=Path(text))


def test_without_a_shelf_or_with_a_damaged_one(tmp_path: Path) -> None:
    told = _Notes()
    assert find_image("shop", tmp_path, progress=told).transport == "docker"
    shelf(tmp_path).mkdir()
    (shelf(tmp_path) / "index.json").write_text("[]")
    assert find_image("shop", tmp_path, progress=told).transport == "docker"
    assert told.notes == ["shop is not in the cache (it is empty) and no file: asking docker.io"] * 2
