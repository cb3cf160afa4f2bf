"""The scratch folder is empty, gone afterwards, and cleans up after the killed."""

import os
import time
from pathlib import Path

import pytest

from lightship.errors import StorageError
from lightship.flows.scratch import scratch


def test_it_is_empty_and_gone_afterwards_whatever_happens(tmp_path: Path) -> None:
    def fail() -> None:
        with scratch(tmp_path / "cache") as folder:
            assert list(folder.iterdir()) == []
            assert folder.is_relative_to(tmp_path / "cache")
            (folder / "archive.tar").write_bytes(b"x")
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert list((tmp_path / "cache" / "temporary").iterdir()) == []


def test_what_a_killed_process_left_a_day_ago_goes(tmp_path: Path) -> None:
    old, recent = tmp_path / "temporary" / "lightship-old", tmp_path / "temporary" / "lightship-recent"
    for folder in (old, recent):
        folder.mkdir(parents=True)
        (folder / "archive.tar").write_bytes(b"x")
    os.utime(old, (0, time.time() - 90_000))
    with scratch(tmp_path):
        assert not old.exists()
        assert recent.exists()


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    with pytest.raises(StorageError, match="cannot make a temporary folder in the cache"), scratch(tmp_path / "cache"):
        pass
