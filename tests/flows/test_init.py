"""``init`` as a flow: its report fits its schema, and what it writes has nothing for lint to remark on."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.init.shapes import SHAPES
from tools.schemas_init import init_schema

from lightship.errors import InputError
from lightship.flows import init as module
from lightship.flows.init import InitRequest, init_report, initialise, read_project
from lightship.flows.lint import LintRequest, lint_file

BY_CHOICE = {"pip-without-hashes": "unfrozen-install", "served-vite": "unfrozen-install"}
"""Projects without a lock: the remark is for their owner."""


def _made(project: Path, shape: str) -> Path:
    for name, text in SHAPES[shape].items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project


@pytest.mark.parametrize("shape", SHAPES)
def test_what_is_written_passes_lint(shape: str, tmp_path: Path) -> None:
    project = _made(tmp_path, shape)
    initialise(InitRequest(project=project))
    found = lint_file(project / "Dockerfile", LintRequest()).found
    remarks = {f"{each.finding.code}: {each.finding.message}" for each in found if each.finding.severity != "note"}
    assert {each for each in remarks if not each.startswith(BY_CHOICE.get(shape, "-"))} == set()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("dry_run", [True, False])
def test_the_report_fits_its_schema(shape: str, dry_run: bool, tmp_path: Path) -> None:
    outcome = initialise(InitRequest(project=_made(tmp_path, shape), dry_run=dry_run))
    report = init_report(outcome)
    Draft202012Validator(init_schema()).validate(report.document)
    assert all((tmp_path / change.file.path).is_file() is not dry_run for change in outcome.changes)


def test_both_final_stages_pass_lint(tmp_path: Path) -> None:
    project = _made(tmp_path, "pip-flask")
    initialise(InitRequest(project=project, given={"final": "slim"}))
    found = lint_file(project / "Dockerfile", LintRequest()).found
    assert [each for each in found if each.finding.severity == "error"] == []


def test_packages_come_beside_those_that_are_known(tmp_path: Path) -> None:
    outcome = initialise(InitRequest(project=_made(tmp_path, "pip-flask"), packages=("bash", "libmagic1")))
    assert outcome.choices.system_packages == ("libmagic1", "bash")


def test_links_are_not_followed_and_large_folders_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = _made(tmp_path / "a", "pip-flask")
    (tmp_path / "secret.py").write_text("app = FastAPI()\n")
    (project / "main.py").symlink_to(tmp_path / "secret.py")
    assert read_project(project).text("main.py") == ""
    monkeypatch.setattr(module, "_MOST_FILES", 2)
    with pytest.raises(InputError, match="more than 2 files"):
        read_project(project)


def test_notes_tell_what_a_person_should_know(tmp_path: Path) -> None:
    notes = initialise(InitRequest(project=_made(tmp_path, "nothing-served"), given={"runner_gb": 0.5})).notes
    assert any("--entrypoint" in note for note in notes)
    assert any("the runner has 500 MB" in note for note in notes)
    named = InitRequest(project=tmp_path, given={"command": ("python",)}, force=True)
    assert not any("--entrypoint" in note for note in initialise(named).notes)


def test_placeholders_are_named(tmp_path: Path) -> None:
    outcome = initialise(InitRequest(project=_made(tmp_path, "pip-flask")))
    (note,) = [note for note in outcome.notes if "git.example" in note]
    assert note.startswith(".github/workflows/image.yml has git.example and your-organisation/lightship in it")
    again = initialise(InitRequest(project=tmp_path, only=("makefile",)))
    assert not [note for note in again.notes if "git.example" in note]
    (tmp_path / ".github/workflows/image.yml").write_text("git.example, but a person's own\n")
    kept = initialise(InitRequest(project=tmp_path, keep=True))
    assert not [note for note in kept.notes if "git.example" in note]
