"""Dockerfiles that are long, or written to be slow: the rules ask each line a bounded number of times."""

from pathlib import Path

import pytest

from lightship.flows.lint import LintRequest, lint_file

FROM = "FROM debian:bookworm-slim\n"
SHAPES = {
    "copies": FROM + "".join(f"ENV A{i}=b\nCOPY a{i} /b\nRUN echo hi\n" for i in range(150)),
    "copies before installs": FROM + "".join(f"COPY a{i}/ /b\nRUN pip install -r r{i}.txt\n" for i in range(100)),
    "words that begin like a token": FROM + "RUN echo \\\n" + ("eyJ" * 20_000 + "\\\n") * 10 + "x\n",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_is_written_to_cost_ends(shape: str) -> None:
    found = lint_file(Path("Dockerfile"), LintRequest(), text=SHAPES[shape].encode())
    assert "runs-as-root" in {each.finding.code for each in found.found}
