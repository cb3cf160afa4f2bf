"""The step that runs lightship: inputs are arguments, words give no orders, and nothing passes by chance."""

import json
import os
import sys
from pathlib import Path

import pytest
from tests.action.conftest import Runner

from action import check
from lightship.image.synthetic import synthetic_image
from lightship.report.check import MARKER
from lightship.store.oci_layout import write_layout
from lightship.store.tags import Tag

PROGRAM = str(Path(sys.executable).parent / "lightship")
IMAGE = synthetic_image({"app": os.urandom(4000)})


@pytest.fixture(autouse=True)
def inputs(runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an image, and the program of these tests."""
    write_layout(IMAGE, tmp_path / "out", [Tag("latest")])
    monkeypatch.setenv("CHECK_PROGRAM", PROGRAM)
    monkeypatch.setenv("CHECK_DIRECTORY", str(tmp_path))
    monkeypatch.setenv("CHECK_IMAGE", "oci:out")
    monkeypatch.setenv("LIGHTSHIP_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path


def pretend(folder: Path, script: str) -> str:
    """A program that is called in the place of lightship."""
    path = folder / "pretend-lightship"
    path.write_text(f"#!{sys.executable}\nimport json, sys\n{script}\n")
    path.chmod(0o755)
    return str(path)


def test_an_image_that_keeps_its_budgets_passes(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_MAX", "compressed=1MB\n\nlayer=1MB\n")
    assert check.main() == 0
    assert runner.outputs["passed"] == "true"
    report = json.loads(Path(runner.outputs["report"]).read_text())
    assert [row["metric"] for row in report["budgets"]] == ["compressed", "layer"]
    assert json.loads(Path(runner.outputs["sarif"]).read_text())["version"] == "2.1.0"
    assert runner.summary.startswith(MARKER)


def test_a_broken_budget_fails_with_annotations_and_a_summary(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHECK_MAX", "compressed=1kB")
    assert check.main() == 1
    assert runner.outputs["passed"] == "false"
    assert "1 budget is broken" in runner.summary
    assert capsys.readouterr().out.splitlines()[-1].startswith("::error title=")


def test_wrong_use_leaves_a_summary_and_a_comment_to_write(
    runner: Runner, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHECK_MAX", "compresed=1kB")
    assert check.main() == 2
    assert (runner.outputs["passed"], runner.outputs["report"]) == ("false", "")
    assert "did you mean compressed?" in runner.summary
    assert Path(runner.outputs["markdown"]).read_text().startswith(MARKER)
    assert "::error" in capsys.readouterr().out


def test_inputs_are_arguments_and_no_shell_reads_them(
    inputs: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    nasty = '-x"; touch pwned; $(touch pwned) `touch pwned`\n::set-output name=passed::true'
    program = pretend(inputs, "json.dump(sys.argv[1:], open('argv.json', 'w')); sys.exit(1)")
    for name in ("CHECK_IMAGE", "CHECK_BASELINE", "CHECK_PLATFORM"):
        monkeypatch.setenv(name, nasty)
    monkeypatch.setenv("CHECK_PROGRAM", program)
    assert check.main() == 1
    words = json.loads((inputs / "argv.json").read_text())
    assert words[0] == "check"
    assert words[-2:] == ["--", nasty]
    assert f"--baseline={nasty}" in words
    assert f"--platform={nasty}" in words
    assert not (inputs / "pwned").exists()
    assert runner.outputs["passed"] == "false"


def test_what_is_said_gives_the_runner_no_orders(
    inputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHECK_PROGRAM", pretend(inputs, "print('::add-mask::x', file=sys.stderr); sys.exit(3)"))
    assert check.main() == 3
    lines = capsys.readouterr().out.splitlines()
    order = lines.index("::add-mask::x")
    stop = lines[0].removeprefix("::stop-commands::")
    assert lines[0].startswith("::stop-commands::")
    assert len(stop) == 32
    assert lines.index(f"::{stop}::") > order > 0


@pytest.mark.parametrize(
    "report",
    [None, "", "[]", "{}", '{"passed": false}', '{"passed": "true"}', '{"passed": 1}'],
)
def test_a_good_status_without_a_report_that_says_so_is_no_pass(
    report: str | None, inputs: Path, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = f"open(next(w for w in sys.argv if 'json=' in w).split('=', 2)[2], 'w').write({report!r})"
    monkeypatch.setenv("CHECK_PROGRAM", pretend(inputs, write if report is not None else ""))
    assert check.main() == 1
    assert runner.outputs["passed"] == "false"


def test_a_program_that_is_not_there_is_no_pass(runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_PROGRAM", "/nowhere/lightship")
    assert check.main() == 3
    assert "cannot be started" in runner.summary
