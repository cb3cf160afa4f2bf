"""Edits, and the patch that a program applies."""

import subprocess
from pathlib import Path

import pytest
from tests.conftest import require_tool

from lightship.dockerfile.edit import Edit, apply_edits, patch
from lightship.dockerfile.model import Span
from lightship.errors import UsageError


def test_spans_are_replaced_and_the_rest_is_kept() -> None:
    edits = [Edit(Span(4, 5), "two"), Edit(Span(0, 1), ""), Edit(Span(2, 2), "new "), Edit(Span(4, 5), "two")]
    assert apply_edits("a b c d\r\n", edits) == " new b two d\r\n"
    assert apply_edits("a", [Edit(Span(1, 1), "b")]) == "ab"


@pytest.mark.parametrize("spans", [(Span(0, 3), Span(2, 4)), (Span(0, 99),)])
def test_edits_that_cannot_all_be_made_are_an_error(spans: tuple[Span, ...]) -> None:
    with pytest.raises(UsageError, match="overlap"):
        apply_edits("abcdef", [Edit(span, str(index)) for index, span in enumerate(spans)])


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("FROM a\nRUN b\n", "FROM a\nRUN c\n"),
        ("FROM a\nRUN b", "FROM a\nRUN c"),
        ("FROM a\nRUN b", "FROM a\nRUN b\n"),
        ("FROM a\r\nRUN b\r\n", "FROM a\r\nUSER x\r\nRUN b\r\n"),
        ("FROM a\nRUN b\x0c c\rd\u2028e\n", "FROM a\nRUN b\x0c f\rd\u2028e\n"),
        ("FROM a\n", "FROM a\n\n\nCMD b\n"),
        ("FROM a\nRUN é\n", "FROM a\n"),
    ],
)
def test_git_applies_the_patch(tmp_path: Path, before: str, after: str) -> None:
    git = require_tool("git")
    (tmp_path / "Dockerfile").write_bytes(before.encode())
    (tmp_path / "it.patch").write_bytes(patch(before, after, "Dockerfile").encode())
    subprocess.run([git, "apply", "it.patch"], cwd=tmp_path, check=True, capture_output=True)
    assert (tmp_path / "Dockerfile").read_bytes() == after.encode()


def test_nothing_to_change_is_no_patch() -> None:
    assert patch("FROM a\n", "FROM a\n", "Dockerfile") == ""
