"""Laws of the edits of RUN lines, judged by a shell: what is added at the end runs if and only if all before it was
well, what is taken out is missing and nothing else, and lines that are joined do what they did one after another."""

import subprocess
from collections.abc import Sequence

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from tests.lint.asking import ask, subject_of

from lightship.dockerfile.edit import apply_edits
from lightship.dockerfile.parse import parse
from lightship.lint.rewriting import add_command, drop_command
from lightship.lint.rules import many_layers

NAMES = "abcdef"
JOINERS = st.sampled_from([" && ", " && ", " \\\n  && ", " && \\\n  # why\n  ", "; ", "; \\\n\t", " || ", " | ", " & "])
SIMPLE = st.sampled_from(
    [
        "{}", "{}", "{}", "{} > /dev/null", "! {}", "({})", "({}; f)", "{{ {}; }}", "{{ {}; f; }}",
        "{{ {}; f; }} > /dev/null",
        "if {}; then true; fi", "if true; then {}; f; fi", "{} || true", "sh -c 'true'", "for x in 1 2; do {}; done",
        "for x in 1 2; do {} && f; done", "for x in 1 2; do {}; done > /dev/null", "X=1 {}", "{} $(true)", "{} # b",
    ]
)  # fmt: skip
MOSTLY_PLAIN = st.one_of(st.just("{}"), st.just("{}"), st.just("{} > /dev/null"), SIMPLE)


@st.composite
def scripts(draw: st.DrawFn, *, plain: bool = False) -> str:
    """Commands that are called by letters, each once; if ``plain``, most are joined by one and the same word."""
    parts = [draw(st.sampled_from(["", "", "set -e; ", "set -eux; \\\n", "set -e && "]))]
    joiners = st.just(draw(JOINERS)) if plain else JOINERS
    for place, name in enumerate(NAMES[: draw(st.integers(1, 4))]):
        parts += [draw(joiners) if place else "", draw(MOSTLY_PLAIN if plain else SIMPLE).format(name)]
    return "".join([*parts, draw(st.sampled_from(["", "", "", "", "", ";", " &"]))])


LAW = settings(max_examples=30, suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow])
FAILING = st.frozensets(st.sampled_from(NAMES), max_size=2)


def run(lines: Sequence[str], failing: frozenset[str]) -> tuple[list[str], bool]:
    """Which commands said that they ran, and whether all was well; each line by a shell of its own, until one fails.
    The commands of a pipeline say so in any order."""
    prelude = "".join(f"{name}() {{ echo {name} >&3; return {int(name in failing)}; }}\n" for name in f"{NAMES}z")
    said: list[str] = []
    for line in lines:
        script = f"exec 3>&1\n{prelude}{line}"
        done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=False, timeout=60)
        said += done.stdout.split()
        if done.returncode:
            return sorted(said), False
    return sorted(said), True


def logical(text: str) -> list[str]:
    """The lines that the shell is given."""
    return [each.argument.text for each in parse(text).instructions if each.keyword == "RUN"]


@LAW
@given(scripts(), FAILING)
def test_what_is_added_runs_after_all_else_was_well(script: str, failing: frozenset[str]) -> None:
    text = f"FROM x\nRUN {script}\n"
    subject = subject_of(text)
    edit = add_command(subject, subject.dockerfile.instructions[1], "z")
    assume(edit is not None)
    assert edit is not None
    said, well = run(logical(text), failing)
    assert run(logical(apply_edits(text, [edit])), failing) == ([*said, "z"] if well else said, well)


@LAW
@given(scripts(plain=True), FAILING, st.integers(0, 5))
def test_what_is_taken_out_is_missing_and_nothing_else(script: str, failing: frozenset[str], number: int) -> None:
    text = f"FROM x\nRUN {script}\n"
    subject = subject_of(text)
    instruction = subject.dockerfile.instructions[1]
    commands = subject.script(instruction).commands
    assume(number < len(commands) and commands[number].name in NAMES[:4])
    command = commands[number]
    edit = drop_command(subject, instruction, command)
    assume(edit is not None)
    assert edit is not None
    failing -= {command.name}  # where it fails, what comes after it does not run
    said, well = run(logical(text), failing)
    assert run(logical(apply_edits(text, [edit])), failing) == ([each for each in said if each != command.name], well)


@LAW
@given(st.lists(scripts(plain=True), min_size=4, max_size=4), FAILING)
def test_lines_that_are_joined_do_what_they_did(lines: list[str], failing: frozenset[str]) -> None:
    text = "FROM x\n" + "".join(f"RUN {line}\n" for line in lines)
    remarks = ask(many_layers.RULE, text)
    assume(remarks and remarks[0].edits)
    assert run(logical(apply_edits(text, remarks[0].edits)), failing) == run(logical(text), failing)
