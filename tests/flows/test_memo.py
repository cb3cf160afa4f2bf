"""What a build is remembered by."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship import __version__
from lightship.flows import memo
from lightship.flows.memo import lower_key
from lightship.flows.request import BuildRequest


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where lightship's own files are, as far as keys are concerned."""
    package = tmp_path / "lightship"
    (package / "flows").mkdir(parents=True)
    (package / "flows/memo.py").write_text("")
    monkeypatch.setattr(memo, "__file__", str(package / "flows/memo.py"))
    yield package
    memo._code_marks.cache_clear()


def _key(project: Path) -> str:
    memo._code_marks.cache_clear()
    return lower_key(BuildRequest(project=project), "linux/amd64", "base", ())


def test_an_edit_of_a_checkout_makes_another_key(package: Path, tmp_path: Path) -> None:
    before = _key(tmp_path)
    assert _key(tmp_path) == before
    (package / "flows/memo.py").write_text("# edited")
    assert _key(tmp_path) != before


def test_another_installation_makes_another_key(package: Path, tmp_path: Path) -> None:
    record = package.with_name(f"lightship-{__version__}.dist-info") / "RECORD"
    record.parent.mkdir()
    record.write_text("lightship/flows/memo.py,,\n")
    before = _key(tmp_path)
    assert _key(tmp_path) == before
    record.write_text("lightship/flows/memo.py,,\nlightship/flows/other.py,,\n")
    assert _key(tmp_path) != before
