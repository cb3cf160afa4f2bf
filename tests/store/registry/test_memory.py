"""Where a blob was seen is remembered, as a hint."""

from pathlib import Path

import pytest

from lightship.oci.digest import Digest
from lightship.store.registry.memory import remember, sources

ONE, TWO = Digest.of(b"1"), Digest.of(b"2")


def test_the_latest_comes_first_and_few_are_kept(tmp_path: Path) -> None:
    for name in ("a", "b", "c", "d", "b"):
        remember(tmp_path, "registry.example:5000", name, [ONE])
    remember(tmp_path, "registry.example:5000", "x", [TWO])
    assert sources(tmp_path, "registry.example:5000") == {str(ONE): ["b", "d", "c"], str(TWO): ["x"]}
    assert sources(tmp_path, "other.example") == {}


def test_the_oldest_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightship.store.registry.memory._MOST_BLOBS", 3)
    digests = [Digest.of(bytes((number,))) for number in range(5)]
    for digest in digests:
        remember(tmp_path, "r", "a", [digest])
    assert list(sources(tmp_path, "r")) == [str(digest) for digest in digests[2:]]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"blobs": []}', '{"blobs": {"x": 5}}', "\xff"])
def test_a_damaged_memory_is_none(content: str, tmp_path: Path) -> None:
    (tmp_path / "r.json").write_bytes(content.encode("latin-1"))
    assert sources(tmp_path, "r") == {}
    remember(tmp_path, "r", "a", [ONE])
    assert sources(tmp_path, "r") == {str(ONE): ["a"]}


def test_without_a_place_nothing_is_remembered(tmp_path: Path) -> None:
    remember(None, "r", "a", [ONE])
    assert sources(None, "r") == {}
    (tmp_path / "file").touch()
    remember(tmp_path / "file", "r", "a", [ONE])
    assert sources(tmp_path / "file", "r") == {}


def test_a_name_stays_below_its_folder(tmp_path: Path) -> None:
    remember(tmp_path / "memory", "[::1]:5000", "a", [ONE])
    assert [path.parent for path in tmp_path.rglob("*.json")] == [tmp_path / "memory"]
