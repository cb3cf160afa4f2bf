"""Dockerfiles that are long, or written to be slow: the rules ask each line a bounded number of times."""

from pathlib import Path

import pytest

from lightship.flows.lint import LintRequest, lint_file

FROM = "FROM debian:bookworm-slim\n"
SHAPES = {
    "copies": FROM + "".join(f"ENV A{i}=b\nCOPY a{i} /b\nRUN echo hi\n" for i in range(150)),
    "copies before installs": FROM + "".join(f"COPY a{i}/ /b\nRUN pip install -r r{i}.txt\n" for i in range(100)),
    "installs": FROM + "".join(f"RUN apt-get install -y curl gcc nodejs libpq-dev a{i}\n" for i in range(900)),
    "a long list of installs": FROM + "RUN <<E\n" + "apt-get install -y gcc\n" * 5_000 + "E\n",
    "removals": FROM + "".join(f"COPY a{i} /a{i}\nRUN rm -rf /a{i} /b && chown -R 1:1 /a{i}\n" for i in range(300)),
    "variables of one line": FROM + "ENV " + " ".join(f"A{i}=$B{i}" for i in range(3_000)) + "\nRUN a\n",
    "arguments that are used": "ARG" + "".join(f" A{i}" for i in range(3_000)) + "\n" + FROM + "RUN echo"
    + "".join(f" $A{i}" for i in range(3_000)) + "\n",
    "a long pipe": FROM + "RUN curl" + " | curl" * 8_000 + "\n",
    "folders": FROM + "RUN true" + " && cd a && chown -R b c" * 2_500 + "\n",
    "a path like a list": FROM + "COPY " + ".txtrequirements" * 4_000 + " /b/\nRUN pip install -r x\n",
    "a path of folders": FROM + "COPY " + "a/" * 30_000 + " /" + "b/" * 2_000 + "\nRUN pip install -r x\n",
    "a folder of folders": FROM + "WORKDIR " + "/a" * 30_000 + "\nCOPY a b\nRUN rm b && pip install x\n",
    "paths of a stage": "FROM debian AS a\n" + "RUN x\n" * 100 + FROM + "COPY --from=a"
    + "".join(f" /a{i}" for i in range(5_000)) + " /b/\n",
    "words that begin like a token": FROM + "RUN echo \\\n" + ("eyJ" * 20_000 + "\\\n") * 10 + "x\n",
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_that_is_written_to_cost_ends(shape: str) -> None:
    found = lint_file(Path("Dockerfile"), LintRequest(), text=SHAPES[shape].encode())
    assert "runs-as-root" in {each.finding.code for each in found.found}


def test_scripts_and_folders_that_are_written_to_cost_end(tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(
        "FROM debian:bookworm-slim\nCOPY *.none /a/\nCOPY *.nothing /b/\nCOPY install.sh start.sh /\n"
        "RUN apt-get update && rm -rf /var/lib/apt/lists/*\nRUN sh /install.sh\nENTRYPOINT sh /start.sh\n"
    )
    (tmp_path / "install.sh").write_text("apt " * 100_000)
    (tmp_path / "start.sh").write_text("alembic " * 100_000)
    for number in range(3_000):
        (tmp_path / f"{number}.txt").touch()
    found = lint_file(tmp_path / "Dockerfile", LintRequest())
    assert "missing-copy-source" in {each.finding.code for each in found.found}
