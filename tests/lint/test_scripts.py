"""Scripts of a file's lines, and what they do to packages, read once."""

from collections.abc import Iterator

import pytest
from tests.lint.asking import subject_of

from lightship.dockerfile.shell import Script
from lightship.lint import scripts
from lightship.lint.actions import Action, actions_of
from lightship.lint.subject import Subject


def test_actions_are_read_once_for_all_who_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Script] = []

    def reads(script: Script) -> Iterator[Action]:
        read.append(script)
        return actions_of(script)

    monkeypatch.setattr(scripts, "actions_of", reads)
    subject = subject_of("FROM debian\nRUN apt-get install -y curl && pip install x\nCOPY a b\n")
    run, copy = subject.stages.stages[0].instructions
    assert [(each.manager, each.kind) for each in subject.actions(run)] == [("apt", "install"), ("pip", "install")]
    assert subject.actions(run) is subject.actions(run)
    assert subject.actions(copy) == ()
    assert len(read) == 2


def test_what_is_worked_out_is_kept_for_the_next_who_asks() -> None:
    asked: list[Subject] = []

    def count(subject: Subject) -> int:
        asked.append(subject)
        return len(asked)

    subject, other = subject_of("FROM a\n"), subject_of("FROM a\n")
    assert [subject.once(count), subject.once(count), other.once(count)] == [1, 1, 2]
