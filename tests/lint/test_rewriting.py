"""Commands taken out of RUN lines and put at their end, the rest kept to the byte."""

import pytest
from tests.lint.asking import subject_of

from lightship.dockerfile.edit import apply_edits
from lightship.lint.rewriting import add_command, add_flag, drop_command, drop_instruction


@pytest.mark.parametrize(
    ("run", "number", "left"),
    [
        ("RUN a && b && c", 0, "RUN b && c"),
        ("RUN a && b && c", 1, "RUN a && c"),
        ("RUN a && b && c", 2, "RUN a && b"),
        ("RUN a \\\n    && b \\\n    && c", 1, "RUN a \\\n    && c"),
        ("RUN a > x 2>&1 && b", 1, "RUN a > x 2>&1"),
        ("RUN a \\\n    # why\n    && b", 1, "RUN a"),
        ("RUN --mount=type=cache,target=/x a && b", 0, "RUN --mount=type=cache,target=/x b"),
    ],
)
def test_a_command_is_dropped(run: str, number: int, left: str) -> None:
    text = f"FROM x\n{run}\nCMD z\n"
    subject = subject_of(text)
    instruction = subject.dockerfile.instructions[1]
    edit = drop_command(subject, instruction, subject.script(instruction).commands[number])
    assert edit is not None
    assert apply_edits(text, [edit]) == f"FROM x\n{left}\nCMD z\n"


@pytest.mark.parametrize("run", ["RUN a; b", "RUN a || b", "RUN (a && b)", "RUN { a; } && b", 'RUN ["a", "b"]',
                                 "RUN if a; then b; fi && c", "RUN <<EOF\na\nb\nEOF", "RUN a | b && c"])  # fmt: skip
def test_what_is_no_plain_list_is_left_alone(run: str) -> None:
    text = f"FROM x\n{run}\n"
    subject = subject_of(text)
    instruction = subject.dockerfile.instructions[1]
    for command in subject.script(instruction).commands:
        assert drop_command(subject, instruction, command) is None
    assert add_command(subject, instruction, "z") is None


def test_the_only_command_goes_with_its_instruction() -> None:
    text = "FROM x\n# why\nRUN \\\n  a\nCMD z\n"
    subject = subject_of(text)
    instruction = subject.dockerfile.instructions[1]
    edit = drop_command(subject, instruction, subject.script(instruction).commands[0])
    assert edit == drop_instruction(subject, instruction)
    assert edit is not None
    assert apply_edits(text, [edit]) == "FROM x\n# why\nCMD z\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("FROM x\nRUN a\n", "FROM x\nRUN a && z\n"),
        ("FROM x\nRUN a \\\n  && b\nCMD c", "FROM x\nRUN a \\\n  && b \\\n  && z\nCMD c"),
        ("FROM x\r\nRUN a \\\r\n\t&& b\r\n", "FROM x\r\nRUN a \\\r\n\t&& b \\\r\n\t&& z\r\n"),
        ("# escape=`\nFROM x\nRUN a `\n  && b\n", "# escape=`\nFROM x\nRUN a `\n  && b `\n  && z\n"),
    ],
)
def test_a_command_is_added(text: str, after: str) -> None:
    subject = subject_of(text)
    edit = add_command(subject, subject.dockerfile.instructions[1], "z")
    assert edit is not None
    assert apply_edits(text, [edit]) == after


def test_a_flag_is_added_in_front() -> None:
    text = "FROM x\ncopy --from=y a b\n"
    subject = subject_of(text)
    assert apply_edits(text, [add_flag(subject.dockerfile.instructions[1], "--chown=1:1")]) == (
        "FROM x\ncopy --chown=1:1 --from=y a b\n"
    )
