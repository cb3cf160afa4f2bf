"""Laws of mending: what the edits of all rules make of a Dockerfile is one that the builder takes, says what the
comments outside of commands said, and is not mended any further; lines may end as on Windows, and be continued with a
backtick."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.dockerfile.parse import parse
from lightship.dockerfile.refusals import refusals_of
from lightship.flows.lint import LintRequest, lint_file, mend
from lightship.lint.check import Linted

COMMANDS = st.sampled_from(
    [
        "apt-get update", "apt-get install -y curl libpq-dev gcc", "apt-get install libpq5",
        "rm -rf /var/lib/apt/lists/*",
        "curl -o /t/x http://a", "rm /t/x", "pip install -r requirements.txt", "pip install flask", "uv sync",
        "npm install", "chown -R 1:1 /app", "chown -R app:app /app", "mkdir -p /app/x", "cd /app", "set -eux", "make",
        "useradd -u 5 app", "a > b", "a | b", "(a; b)", "{ a; }", "if a; then b; fi", "! a", "sudo apt-get update",
        "sh -c 'apt-get update && uv sync'", "for a in b; do c; done", "A=1", "exec a", "apt-get purge -y gcc", "a # b",
        "find / -name __pycache__ -delete", "poetry install", "yarn", "apk add curl", "git clone http://a /src",
    ]
)  # fmt: skip
JOINERS = st.sampled_from([" && ", "; ", " || ", " && \\\n    ", " \\\n    && ", "; \\\n\t", " \\\n  # inside\n  && "])
OTHERS = st.sampled_from(
    [
        "COPY . .", "COPY app /app", "ADD app /app/", "COPY --from=0 /p lib", "WORKDIR /app", "USER 5", "USER root",
        "ENV A=1", "ARG GIT_SHA", "LABEL revision=$GIT_SHA", "# outside", "", "CMD python -m app", "ENTRYPOINT a # b",
        'CMD ["a"]', "EXPOSE 80", "FROM python:3.12", "FROM node:22-bookworm AS x", "FROM x",
        "ONBUILD RUN apt-get update",
        "RUN <<EOF\napt-get update\nEOF", 'RUN ["apt-get", "install", "gcc"]', "COPY <<F /x\n# in it\nF",
        'SHELL ["/bin/bash", "-lc"]', "HEALTHCHECK CMD curl a",
    ]
)  # fmt: skip


@st.composite
def runs(draw: st.DrawFn) -> str:
    parts = [draw(COMMANDS)]
    for _ in range(draw(st.integers(0, 3))):
        parts += [draw(JOINERS), draw(COMMANDS)]
    flag = draw(st.sampled_from(["", "", "", "--mount=type=cache,target=/root/.cache ", "--network=none "]))
    return f"RUN {flag}{''.join(parts)}"


@st.composite
def dockerfiles(draw: st.DrawFn) -> str:
    lines = draw(st.lists(st.one_of(runs(), runs(), OTHERS), max_size=9))
    base = draw(st.sampled_from(["python:3.12-slim-bookworm", "debian:12", "mine:1"]))
    text = "\n".join([f"FROM {base} AS x", *lines]) + draw(st.sampled_from(["", "\n"]))
    if draw(st.booleans()):
        text = "# escape=`\n" + text.replace("\\\n", "`\n")
    return text.replace("\n", "\r\n") if draw(st.booleans()) else text


def outside(text: str) -> list[str]:
    dockerfile = parse(text)
    inside = [(each.span.start, each.span.end) for each in dockerfile.instructions]
    return sorted(
        text[comment.start : comment.end].strip()
        for comment in dockerfile.comments
        if not any(start <= comment.start < end for start, end in inside)
    )


def unread(linted: Linted) -> int:
    """How many lines the shell's grammar does not understand."""
    return sum(not script.understood for script in linted.subject.scripts)


@settings(max_examples=100)
@given(dockerfiles())
def test_what_is_mended_is_a_dockerfile_and_stays_as_it_is(text: str) -> None:
    request = LintRequest()
    linted = lint_file(Path("Dockerfile"), request, text=text.encode())
    refused = bool(refusals_of(parse(text)))
    done = mend(linted, request, up_to="traced")
    dockerfile = parse(done.after)
    assert refused or not refusals_of(dockerfile)
    assert unread(done.left) <= unread(linted)
    assert outside(done.after) == outside(text)
    assert mend(done.left, request, up_to="traced").after == done.after
    if "\r\n" in text:
        assert done.after.count("\n") == done.after.count("\r\n")
    assert [each.keyword for each in dockerfile.instructions if each.keyword == "FROM"] == [
        each.keyword for each in parse(text).instructions if each.keyword == "FROM"
    ]
