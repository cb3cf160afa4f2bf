"""One comment, edited in place, and nobody else's; without the right to write it nothing fails."""

import json
from pathlib import Path

import pytest
from action.comment import body_of, main, pull_request_of
from tests.action.conftest import EVENT, GitHub, Runner

from lightship.report.check import MARKER


@pytest.fixture(autouse=True)
def step(github: GitHub, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    report = runner.folder / "check.md"
    report.write_text(f"{MARKER}\n### first\n", encoding="utf-8")
    monkeypatch.setenv("CHECK_MARKDOWN", str(report))
    monkeypatch.setenv("CHECK_PASSED", "false")
    monkeypatch.setenv("CHECK_COMMENT", "always")
    monkeypatch.setenv("CHECK_TOKEN", "s3cret")
    monkeypatch.setenv("GITHUB_API_URL", github.url)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


def test_the_comment_is_written_once_and_then_edited(github: GitHub, runner: Runner) -> None:
    github.add("what a person says", login="contributor", kind="User")
    assert main() == 0
    assert main() == 0
    assert github.writes == ["POST"], "what has not changed is left"
    (runner.folder / "check.md").write_text(f"{MARKER}\n### second\n", encoding="utf-8")
    assert main() == 0
    assert github.writes == ["POST", "PATCH"]
    assert [row["body"] for row in github.comments] == ["what a person says", f"{MARKER}\n### second\n"]
    assert github.tokens == {"Bearer s3cret"}


def test_it_is_found_on_a_later_page(github: GitHub) -> None:
    for number in range(150):
        github.add(f"comment {number}", login="contributor", kind="User")
    own = github.add(f"{MARKER}\r\n### old")
    assert main() == 0
    assert github.writes == ["PATCH"]
    assert next(row for row in github.comments if row["id"] == own)["body"] == f"{MARKER}\n### first\n"


def test_nobody_elses_comment_is_edited(github: GitHub) -> None:
    forged = f"{MARKER}\nall is well"
    github.add(forged, login="contributor", kind="User")
    assert main() == 0
    assert github.writes == ["POST"]
    assert github.comments[0]["body"] == forged


def test_with_a_persons_token_only_that_persons_is(github: GitHub) -> None:
    github.user = "maintainer"
    github.add(f"{MARKER}\nof the bot")
    github.add(f"{MARKER}\nold", login="maintainer", kind="User")
    assert main() == 0
    assert [row["body"] for row in github.comments] == [f"{MARKER}\nof the bot", f"{MARKER}\n### first\n"]


@pytest.mark.parametrize(("status", "level"), [(403, "notice"), (404, "notice"), (500, "warning")])
def test_a_token_that_may_not_write_changes_no_verdict(
    status: int, level: str, github: GitHub, capsys: pytest.CaptureFixture[str]
) -> None:
    github.refuses = status
    assert main() == 0
    assert capsys.readouterr().out.startswith(f"::{level} ")


def test_nobody_there_changes_no_verdict(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("GITHUB_API_URL", "http://127.0.0.1:9")
    assert main() == 0
    said = capsys.readouterr().out
    assert said.startswith("::warning ")
    assert "s3cret" not in said


def test_the_token_follows_no_redirect(github: GitHub) -> None:
    github.elsewhere = f"{github.url}/elsewhere"
    assert main() == 0
    assert [path for _, path in github.asked if path.startswith("/elsewhere")] == []


def test_after_failures_alone_a_pass_begins_no_comment_but_mends_one(
    github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHECK_COMMENT", "failure")
    monkeypatch.setenv("CHECK_PASSED", "true")
    assert main() == 0
    assert github.writes == []
    github.add(f"{MARKER}\nbroken")
    assert main() == 0
    assert github.writes == ["PATCH"]


@pytest.mark.parametrize("name", ["CHECK_TOKEN", "GITHUB_EVENT_PATH", "GITHUB_REPOSITORY"])
def test_without_a_pull_request_or_a_token_nobody_is_asked(
    name: str, github: GitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name)
    assert main() == 0
    assert github.asked == []


def test_never_is_never_and_a_typing_mistake_is_told(github: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHECK_COMMENT", "never")
    assert main() == 0
    monkeypatch.setenv("CHECK_COMMENT", "nevr")
    assert main() == 2
    assert github.asked == []


def test_checks_with_names_have_a_comment_each() -> None:
    marker, body = body_of(f"{MARKER}\n### x\n", "worker --> <b>")
    assert marker == "<!-- lightship check: worker - b -->"
    assert body == f"{marker}\n`worker - b`\n\n### x\n"


def test_a_long_report_is_cut_and_says_so() -> None:
    _, body = body_of(f"{MARKER}\n" + "x" * 100_000, "")
    assert len(body) == 65_000
    assert body.endswith("*The rest is in the summary of the job.*\n")


def test_which_events_are_about_a_pull_request(tmp_path: Path) -> None:
    assert pull_request_of(json.loads(EVENT.read_text())) == 17
    assert pull_request_of({"issue": {"number": 3, "pull_request": {"url": "x"}}}) == 3
    others: tuple[object, ...] = (
        {"issue": {"number": 3}},
        {"ref": "refs/heads/main"},
        {"pull_request": {"number": "17"}},
        [],
        None,
    )
    assert [pull_request_of(event) for event in others] == [None] * len(others)
