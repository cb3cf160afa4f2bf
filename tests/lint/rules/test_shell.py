"""Rules about what a line's shell does: pipes, state that is lost, questions, arguments that are empty."""

import pytest
from tests.lint.asking import mended, spots

from lightship.lint.rules import (
    empty_variable,
    hidden_pipe_failure,
    lost_shell_state,
    unanswered_question,
)

SLIM = "FROM python:3.12-slim\n"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("RUN curl -f https://a.example/k | tee /k", ["curl -f https://a.example/k"]),
        ("RUN V=$(curl -f https://a.example/v | jq -r .tag) && echo $V", ["curl -f https://a.example/v"]),
        ("RUN curl -f https://a.example/k | gpg --dearmor | tee /k", ["curl -f https://a.example/k"]),
        ("RUN uv export | uv pip install -r -", ["uv export"]),
        # the end of the pipe tells
        ("RUN curl -f https://a.example/a.tgz | tar xz", []),
        ("RUN curl -f https://a.example/k | gpg --dearmor -o /k", []),
        ("RUN curl -f https://a.example/i | sh", []),
        ("RUN curl -f https://a.example/k | grep -q ok", []),
        # nothing that fails
        ("RUN echo a | tee /k", []),
        ("RUN dpkg -l | cut -c3-", []),
        # it is said what then, or told
        ("RUN curl -f https://a.example/k | tee /k || exit 1", []),
        ("RUN set -eo pipefail && curl -f https://a.example/k | tee /k", []),
        ('SHELL ["/bin/bash", "-eo", "pipefail", "-c"]\nRUN curl -f https://a.example/k | tee /k', []),
        ('RUN ["bash", "-o", "pipefail", "-c", "curl https://a.example/k | tee /k"]', []),
        ("CMD curl -f https://a.example/k | tee /k", []),
    ],
)
def test_pipes_that_hide_a_failure(line: str, found: list[str]) -> None:
    assert spots(hidden_pipe_failure.RULE, f"{SLIM}{line}\n") == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("RUN cd /app", ["cd /app"]),
        ("RUN mkdir /app && cd /app", ["cd /app"]),
        ("RUN export PATH=/opt/bin:$PATH", ["export PATH=/opt/bin:$PATH"]),
        ("RUN . /opt/venv/bin/activate", [". /opt/venv/bin/activate"]),
        ("RUN source /opt/venv/bin/activate", ["source /opt/venv/bin/activate"]),
        ("RUN conda activate app", ["conda activate app"]),
        ("RUN A=1", ["A=1"]),
        ("RUN cd /app && make", []),
        ("RUN make && (cd /app)", []),
        ("RUN if true; then cd /app; fi", []),
        ("RUN test -d /app || cd /app", []),
        ("RUN export", []),
        ("RUN export > /env", []),
        ("RUN A=$(touch /a)", []),
        ('RUN ["cd", "/app"]', []),
        ("CMD cd /app", []),
    ],
)
def test_what_a_line_forgets(line: str, found: list[str]) -> None:
    assert spots(lost_shell_state.RULE, f"{SLIM}{line}\n") == found


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("RUN apt-get install curl", ["apt-get install curl"]),
        ("RUN apt-get -f install", ["apt-get -f install"]),
        ("RUN apt-get upgrade -q", ["apt-get upgrade -q"]),
        ("RUN dnf install git", ["dnf install git"]),
        ("RUN apt-get update && apt-get clean", []),
        ("RUN apt-get install -qq curl", []),
        ("RUN apt-get -y install curl", []),
        ("RUN apt-get install -yq curl", []),
        ("RUN apt-get install -q=2 curl", []),
        ("RUN apt-get install --yes curl", []),
        ("RUN apt-get install $OPTIONS curl", []),
        ("RUN yes | apt-get install curl", []),
        ("RUN echo 'APT::Get::Assume-Yes \"true\";' > /etc/apt/apt.conf.d/y && apt-get install curl", []),
        ("RUN microdnf install git", []),
        ("RUN conda install numpy", []),
        ("RUN apk add git", []),
    ],
)
def test_questions(line: str, found: list[str]) -> None:
    assert spots(unanswered_question.RULE, f"{SLIM}{line}\n") == found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("RUN apt-get install --no-install-recommends curl\n", "RUN apt-get install -y --no-install-recommends curl\n"),
        ("RUN apt-get -f install\n", "RUN apt-get -f install -y\n"),
    ],
)
def test_an_answer_is_put_in(before: str, after: str) -> None:
    assert mended(unanswered_question.RULE, SLIM + before) == SLIM + after


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("RUN a==$V", ["RUN a==$V"]),
        ("COPY app-${V}.whl /app/", ["COPY app-${V}.whl /app/"]),
        ("ENV B=$V", ["ENV B=$V"]),
        ("RUN a $V\nRUN b $V", ["RUN a $V"]),
        ("ARG V\nRUN a $V", []),
        ("ENV V=2\nRUN a $V", []),
        ("RUN V=2 && a $V", []),
        ("RUN for V in 1 2; do a $V; done", []),
        ("RUN a ${V:-1}", []),
        ("RUN a \\$V $$V", []),
        ("RUN a $VERSION", []),
        ("CMD a $V", []),
    ],
)
def test_arguments_from_above_the_first_stage(rest: str, found: list[str]) -> None:
    assert spots(empty_variable.RULE, f"ARG V=1\n{SLIM}{rest}\n") == found


@pytest.mark.parametrize(
    "text",
    [
        # the base may set it
        "ARG V=1\nFROM example/base:1\nRUN a $V\n",
        "ARG PYTHON_VERSION=3.12\nFROM python:${PYTHON_VERSION}-slim\nRUN a $PYTHON_VERSION\n",
        # the stage that is built upon declares it
        f"ARG V=1\n{SLIM.strip()} AS base\nARG V\nFROM base\nRUN a $V\n",
        # nobody needs the stage
        f"ARG V=1\n{SLIM.strip()} AS other\nRUN a $V\n{SLIM}RUN b\n",
        # the builder's own
        f"ARG TARGETARCH\n{SLIM}RUN a $TARGETARCH\n",
    ],
)
def test_arguments_that_may_have_a_value(text: str) -> None:
    assert spots(empty_variable.RULE, text) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ENV VENV=/venv PATH=$VENV/bin:$PATH", ["PATH=$VENV/bin:$PATH"]),
        ('ENV A=1 \\\n    B="${A}/b"', ['B="${A}/b"']),
        ("ENV A=1\nENV B=$A", []),
        ("ENV A=1\nENV A=2 B=$A", []),
        ("ENV A=1 B=${A:-2} C=\\$A", []),
        ("ENV PATH=/a:$PATH B=$PATH", []),
    ],
)
def test_variables_of_the_same_line(line: str, found: list[str]) -> None:
    assert spots(empty_variable.RULE, f"{SLIM}{line}\n") == found
