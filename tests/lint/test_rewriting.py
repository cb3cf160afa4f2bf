"""Commands taken out of RUN lines and put at their end, the rest kept to the byte."""

import pytest
from tests.lint.asking import subject_of

from lightship.dockerfile.edit import apply_edits
from lightship.lint.rewriting import add_command, add_flag, drop_command, drop_instruction, with_comments


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
        ("RUN a \\\n    # why b\n    && b", 0, "RUN \\\n    # why b\n    b"),
        ("RUN a && \\\n    # why b\n    b && \\\n    c", 0, "RUN \\\n    # why b\n    b && \\\n    c"),
        ("RUN a && \\\n    # why b\n    b && \\\n    # why c\n    c", 1, "RUN a && \\\n    # why c\n    c"),
        ("RUN set -eux; \\\n\ta; \\\n\tb", 1, "RUN set -eux; \\\n\tb"),
        ("RUN set -eux; \\\n\ta; \\\n\tb", 2, "RUN set -eux; \\\n\ta"),
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
                                 "RUN if a; then b; fi && c", "RUN <<EOF\na\nb\nEOF", "RUN a | b && c",
                                 "RUN a && b | c", "RUN a && (b)", "RUN a && b &", "RUN ! a && b", "RUN a && b # c",
                                 "RUN set -x; a; b", "RUN set -e; a && b; c", "RUN a && b;"])  # fmt: skip
def test_what_is_no_plain_list_is_left_alone(run: str) -> None:
    text = f"FROM x\n{run}\n"
    subject = subject_of(text)
    instruction = subject.dockerfile.instructions[1]
    for command in subject.script(instruction).commands:
        assert drop_command(subject, instruction, command) is None


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
        ("FROM x\nRUN a; b\n", "FROM x\nRUN a; b && z\n"),
        ("FROM x\nRUN a || b\n", "FROM x\nRUN a || b && z\n"),
        ("FROM x\nRUN a | b\n", "FROM x\nRUN a | b && z\n"),
        ("FROM x\nRUN (a && b)\n", "FROM x\nRUN (a && b) && z\n"),
        ("FROM x\nRUN { a; }\n", "FROM x\nRUN { a; } && z\n"),
        ("FROM x\nRUN if a; then \\\n  b; \\\n  fi\n", "FROM x\nRUN if a; then \\\n  b; \\\n  fi \\\n  && z\n"),
        ("FROM x\nRUN for a in b; do c; done > d\n", "FROM x\nRUN for a in b; do c; done > d && z\n"),
        ("FROM x\nRUN set -ex; a && b\n", "FROM x\nRUN set -ex; a && b && z\n"),
        ("FROM x\nRUN set -ex; (a; b)\n", "FROM x\nRUN set -ex; (a; b); z\n"),
        (
            "FROM x\nRUN set -ex; \\\n\tif a; then \\\n\t\tb; \\\n\tfi\n",
            "FROM x\nRUN set -ex; \\\n\tif a; then \\\n\t\tb; \\\n\tfi; \\\n\tz\n",
        ),
        ("FROM x\r\nRUN a \\\r\n\t&& b\r\n", "FROM x\r\nRUN a \\\r\n\t&& b \\\r\n\t&& z\r\n"),
        ("# escape=`\nFROM x\nRUN a `\n  && b\n", "# escape=`\nFROM x\nRUN a `\n  && b `\n  && z\n"),
    ],
)
def test_a_command_is_added(text: str, after: str) -> None:
    subject = subject_of(text)
    edit = add_command(subject, subject.dockerfile.instructions[1], "z")
    assert edit is not None
    assert apply_edits(text, [edit]) == after


@pytest.mark.parametrize(
    "run",
    [
        "RUN a &",
        "RUN a;",
        "RUN a # b",
        "RUN exit",
        "RUN a && exec b",
        'RUN ["a"]',
        "RUN <<E\na\nE",
        "RUN a <<E\nb\nE",
        "RUN (",
        # && would take set -e from what is in the group
        "RUN set -e; for a in b; do c; done > d",
        "RUN set -e; { a; b; } > c",
        "RUN set -e; a && (b; c)",
        "RUN set -e; for a in b; do c; done | d",
    ],
)
def test_a_command_is_not_added_where_it_would_not_run(run: str) -> None:
    subject = subject_of(f"FROM x\n{run}\n")
    assert add_command(subject, subject.dockerfile.instructions[1], "z") is None


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("FROM x\n\n# a\n  # b\nARG y\n", "# a\n  # b\nARG y\n"),
        ("FROM x\n# a\n\nARG y\n", "ARG y\n"),
        ("FROM x\nARG y", "ARG y"),
    ],
)
def test_the_comments_above_go_along(text: str, start: str) -> None:
    subject = subject_of(text)
    span = with_comments(subject, subject.dockerfile.instructions[1])
    assert text[span.start : span.end] == start


def test_a_flag_is_added_in_front() -> None:
    text = "FROM x\ncopy --from=y a b\n"
    subject = subject_of(text)
    assert apply_edits(text, [add_flag(subject.dockerfile.instructions[1], "--chown=1:1")]) == (
        "FROM x\ncopy --chown=1:1 --from=y a b\n"
    )
