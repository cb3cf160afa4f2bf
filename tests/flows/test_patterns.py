"""A pattern that matches nothing of any package is told, with what was likely meant."""

import json
from pathlib import Path

import pytest

from lightship.archive.content import Inline
from lightship.config import Options
from lightship.flows.patterns import pattern_findings
from lightship.plan.explain import explain_layer
from lightship.plan.model import Dropped, Entry, LayerPlan

SITE = "opt/venv/lib/python3.12/site-packages"


@pytest.fixture
def explanations(tmp_path: Path) -> list[Path]:
    paths = ["pandas/core/a.py", "pandas/é.py", "numpy/__init__.py"]
    kept = [f"{SITE}/{path}" for path in paths] + ["opt/venv/bin/f2py", "app/secret/data.bin", "usr/lib/x/y.so"]
    entries = tuple(Entry(path=path, content=Inline(b""), owner="x", why="") for path in sorted(kept))
    gone = Dropped(
        path=f"{SITE}/pandas/tests/t.py", owner="pandas", rule="tests", safety="safe", reason="", unpacked_bytes=1
    )
    plan = LayerPlan(name="one", key="one", entries=entries, dropped=(gone,), created_by="")
    (tmp_path / "one.json").write_text(json.dumps(explain_layer(plan), separators=(",", ":")))
    return [tmp_path / "one.json"]


@pytest.mark.parametrize(
    "pattern",
    ["pandas", "pandas/core/**", "**/*.py", "pandas/tests/**", "pandas/é.py", "../../../bin/f2py", "**/f2py"],
)
def test_what_matches_is_quiet(explanations: list[Path], pattern: str) -> None:
    assert pattern_findings(Options(keep=(pattern,), drop=(pattern,)), explanations) == ()


@pytest.mark.parametrize(
    ("pattern", "fix"),
    [
        ("panda/tests/**", "did you mean pandas/tests/**?"),
        ("pandas/nothing", "pandas has no such path"),
        ("app/secret/**", ".dockerignore"),
        (f"/{SITE}/pandas/core/**", "write pandas/core/**"),
        ("usr/lib/x/y.so", "patterns are relative to site-packages"),
    ],
)
def test_what_matches_nothing_is_told(explanations: list[Path], pattern: str, fix: str) -> None:
    (finding,) = pattern_findings(Options(keep=("numpy",), drop=(pattern,)), explanations)
    assert (finding.code, finding.severity, finding.location) == ("pattern-unused", "warning", pattern)
    assert finding.message == f"--drop {pattern} matches no path of any package"
    assert fix in (finding.fix or "")


def test_without_patterns_nothing_is_read(tmp_path: Path) -> None:
    assert pattern_findings(Options(), [tmp_path / "gone.json"]) == ()
