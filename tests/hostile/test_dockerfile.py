"""Dockerfiles that nobody wrote in good faith: each ends in values or in one `InputError`."""

import pytest
from tests.dockerfile.corpus_files import CORPUS, decoded
from tests.dockerfile.mutations import mutated
from tests.dockerfile.places import faults_of

from lightship.dockerfile.parse import parse
from lightship.dockerfile.refusals import refusals_of
from lightship.dockerfile.scope import environment_of
from lightship.dockerfile.stages import stages_of
from lightship.errors import InputError

FROM = "FROM scratch\n"
SHAPES = {
    "flags": FROM + "RUN " + "--a " * 16_000 + "\n",
    "flags beyond ASCII": FROM + "RUN " + "--é " * 12_000 + "\n",
    "heredocs": FROM + "RUN " + "<<a " * 5_000 + "\n" + "a\n" * 5_000,
    "substitutions": FROM + "RUN <<E " + "${a:-" * 12_000 + "\n",
    "quotes": FROM + "ENV a=" + "\"'" * 30_000 + "\n",
    "escapes": FROM + "ENV a=" + "\\\\" * 30_000 + "b\n",
    "brackets": FROM + "CMD " + "[" * 60_000 + "\n",
    "digits": FROM + "CMD [" + "9" * 60_000 + "]\n",
    "blanks": FROM + "RUN a" + " " * 60_000 + "b\n#" + " " * 60_000 + "a=b\n",
    "blanks in a directive": "# syntax=" + "a " * 30_000 + "\n" + FROM,
    "continuations": FROM + "RUN a \\\n" + "\\\n" * 50_000,
    "comments in a continuation": FROM + "RUN a \\\n" + "#\n" * 50_000 + "b\n",
    "variables that double": FROM + "ENV A=aaaaaaaa\n" + "ENV A=$A$A\n" * 2_000,
    "variables in quotes that double": FROM + "ENV A=aaaaaaaa\n" + 'ENV A="$A$A$A"\n' * 1_000,
    "large variables": FROM + "ENV A=" + "a" * 60_000 + "\n" + "ENV " + "B=$A$A \\\n" * 20_000 + "C=d\n",
    "large arguments": "ARG A=" + "a" * 60_000 + "\nARG " + "B=$A$A \\\n" * 20_000 + "C=d\n" + FROM,
    "patterns": FROM + "ENV A=" + "a" * 1_000 + "\n" + "ENV B=${A//a*aaaaaaaab/x}${A%%*a*a*a*b}${A#*b}\n" * 200,
    "a chain of stages": "FROM scratch AS s0\n" + "".join(f"FROM s{i} AS s{i + 1}\nENV a{i}=$b\n" for i in range(499)),
    "onbuild": "FROM scratch AS a\n" + "ONBUILD ENV a=$b\n" * 1_000 + "FROM a\n" * 400,
    "mounts": FROM + "RUN --mount=type=cache," + "a=b," * 15_000 + " x\n",
    "an unended heredoc of many lines": FROM + "RUN <<E\n" + "'\\\n" * 50_000,
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_is_written_to_cost_ends(shape: str) -> None:
    judge(SHAPES[shape])


def test_no_mutated_file_ends_otherwise() -> None:
    texts = [text for name in CORPUS if len(text := decoded(name)) < 4000]
    outcomes = [judge(text) for text in mutated(texts, 2000, seed=3)]
    assert outcomes.count(True) > 1000
    assert outcomes.count(False) > 100


def judge(text: str) -> bool:
    """Whether the file is read; everything that is asked of it is asked."""
    try:
        dockerfile = parse(text)
    except InputError:
        return False
    assert dockerfile.text == text
    assert faults_of(dockerfile) == []
    try:
        refusals_of(dockerfile)
        stages = stages_of(dockerfile)
    except InputError:
        return False
    for stage in stages.stages[-3:]:
        values = environment_of(stages, stage).values()
        assert sum(len(value or "") for value in values) < 1_000_000
    return True
