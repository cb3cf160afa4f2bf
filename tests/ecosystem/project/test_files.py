"""A project's files as a view."""

import pytest

from lightship.ecosystem.project import files as module
from lightship.ecosystem.project.files import ProjectFiles


def test_sources_are_kept_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []

    def reader(path: str) -> bytes:
        read.append(path)
        return b"x" * 100

    monkeypatch.setattr(module, "_KEPT_BYTES", 250)
    files = ProjectFiles(("a.py", "b.py", "c.py", "d.txt"), reader)
    for _ in range(2):
        assert [len(files.bytes_of(path)) for path in files.paths] == [100] * 4
    assert read == ["a.py", "b.py", "c.py", "d.txt", "c.py", "d.txt"]
