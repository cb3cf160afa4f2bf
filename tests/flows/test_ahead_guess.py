"""Which guess a build takes: the one of the same project, for the same platform, and of nobody else."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lightship.flows.ahead import Ahead
from lightship.flows.request import BuildRequest
from lightship.progress import SILENT
from lightship.store.cache import Cache


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lower parts that were looked for."""
    found: list[str] = []

    def find(_cache: Cache, key: str, _project: Path) -> None:
        found.append(key)

    monkeypatch.setattr("lightship.flows.lower.find_lower", find)
    return found


def test_a_guess_is_of_its_project_and_platform(tmp_path: Path, asked: list[str]) -> None:
    cache = Cache(tmp_path / "cache")
    first = BuildRequest(project=tmp_path / "a/app", platform="linux/amd64")
    application: Any = SimpleNamespace(anew={"app/main.py": "one"})
    Ahead(first, cache, SILENT).remember("lower-of-a", application)
    for other in (replace(first, project=tmp_path / "b/app"), replace(first, platform="linux/arm64")):
        Ahead(other, cache, SILENT).met("app/main.py", "two")
    assert asked == []
    ahead = Ahead(first, cache, SILENT)
    ahead.met("app/main.py", "one")
    assert asked == [], "as it was"
    ahead.met("app/main.py", "two")
    ahead.met("app/other.py", "three")
    assert asked == ["lower-of-a"], "once"
    ahead.close()


def test_more_files_than_are_worth_it_are_not_kept(tmp_path: Path, asked: list[str]) -> None:
    cache = Cache(tmp_path / "cache")
    request = BuildRequest(project=tmp_path)
    many: Any = SimpleNamespace(anew={f"{number}.py": "one" for number in range(65)})
    Ahead(request, cache, SILENT).remember("lower", many)
    Ahead(request, cache, SILENT).met("1.py", "one")
    assert asked == ["lower"], "nothing is known of it"
