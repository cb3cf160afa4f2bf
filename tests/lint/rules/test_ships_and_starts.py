"""What the rules about packages, bases, paths and the start make of Dockerfiles, and what they leave alone."""

import pytest
from tests.lint.asking import ask
from tests.lint.rules.editing import becomes, left_alone

from lightship.lint.rule import Rule
from lightship.lint.rules import (
    compilers_shipped,
    dev_packages_shipped,
    downloaders_shipped,
    modules_not_on_path,
    no_bytecode,
    recommended_packages,
    shell_form_entrypoint,
    whole_base,
)

SLIM = "FROM python:3.12-slim-bookworm\n"
APT = "RUN apt-get install -y --no-install-recommends"
FILES: dict[str, str | int] = {"requirements.txt": "flask\n"}


@pytest.mark.parametrize(
    ("rule", "text", "after"),
    [
        (downloaders_shipped.RULE, f"{APT} \\\n  curl \\\n  # keys\n  gnupg \\\n  libpq5 \\\n  && rm -rf /x\n",
         f"{APT} \\\n  libpq5 \\\n  && rm -rf /x\n"),
        (downloaders_shipped.RULE, f"{APT} curl && curl -o /a http://a\n",
         f"{APT} curl && curl -o /a http://a && apt-get purge -y --auto-remove curl\n"),
        # without the option ca-certificates came by curl alone
        (downloaders_shipped.RULE, "RUN apt-get install -y curl && curl -o /a http://a\n",
         "RUN apt-get install -y curl && curl -o /a http://a && apt-get purge -y curl\n"),
        (compilers_shipped.RULE, f"{APT}\tgcc\tlibpq5\n", f"{APT}\tlibpq5\n"),
        (dev_packages_shipped.RULE, f"{APT} libpq-dev=1 x libgmp-dev\n", f"{APT} libpq5 libgmp10 x\n"),
        (recommended_packages.RULE, "RUN apt-get -qq install -y a \\\r\n  b\r\n",
         "RUN apt-get -qq install --no-install-recommends -y a \\\r\n  b\r\n"),
    ],
)  # fmt: skip
def test_packages_are_taken_out(rule: Rule, text: str, after: str) -> None:
    assert becomes(rule, SLIM + text) == SLIM + after


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        # used where it is not seen
        (downloaders_shipped.RULE, f"{APT} git libpq5\nRUN pip install -r requirements.txt\n"),
        (downloaders_shipped.RULE, f"{APT} curl libpq5\nRUN ./install.sh\n"),
        (downloaders_shipped.RULE, f"{APT} curl libpq5 && make\n"),
        (downloaders_shipped.RULE, f"{APT} curl && curl a\nRUN curl b\n"),
        (downloaders_shipped.RULE, f"{APT} curl && curl a && exec true\n"),
        (downloaders_shipped.RULE, "RUN apk add curl && curl a\n"),
        # removed later, which fails where it is not there
        (compilers_shipped.RULE, f"{APT} gcc libpq5\nRUN make\nRUN apt-get purge -y gcc\n"),
        (compilers_shipped.RULE, f"{APT} gcc\n"),
        (compilers_shipped.RULE, 'RUN ["apt-get", "install", "-y", "gcc", "libpq5"]\n'),
        (dev_packages_shipped.RULE, f"{APT} libpq-dev gcc\n"),
        (dev_packages_shipped.RULE, f"{APT} libpq-dev libunknown-dev\n"),
        (recommended_packages.RULE, "RUN aptitude install -y a\n"),
    ],
)
def test_packages_that_something_may_need(rule: Rule, text: str) -> None:
    assert left_alone(rule, SLIM + text)


@pytest.mark.parametrize("base", ["python:3.12-slim", "python:3.12-slim-trixie", "ubuntu:24.04", "debian:11", "mine:1"])
def test_a_library_is_called_otherwise_in_another_release(base: str) -> None:
    assert left_alone(dev_packages_shipped.RULE, f"FROM {base}\n{APT} libpq-dev libssl-dev x\n")


@pytest.mark.parametrize(
    ("base", "slim"),
    [("python:3.12", "python:3.12-slim"), ("python:3.12-bookworm", "python:3.12-slim-bookworm"),
     ("node:22-bookworm", "node:22-bookworm-slim"), ("node:22", "node:22-slim"), ("python:latest", "python:slim"),
     ("python:bookworm", "python:slim-bookworm"), ("python:3.14.0rc1-trixie", "python:3.14.0rc1-slim-trixie")],
)  # fmt: skip
def test_the_slim_variant_by_its_name(base: str, slim: str) -> None:
    assert becomes(whole_base.RULE, f"FROM {base} AS x\nCMD a\n") == f"FROM {slim} AS x\nCMD a\n"


def test_a_base_whose_programs_are_called() -> None:
    assert left_alone(whole_base.RULE, "FROM python:3.12\nRUN git clone http://a\n")
    assert left_alone(whole_base.RULE, "ARG V=3.12\nFROM python:$V\nCMD a\n")


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("CMD python  'my app.py' -x\n", 'CMD ["python", "my app.py", "-x"]\n'),
        ('SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD a b\n',
         'SHELL ["/bin/bash", "-o", "pipefail", "-c"]\nCMD ["a", "b"]\n'),
        ("ENTRYPOINT a \\\n  b\n", 'ENTRYPOINT ["a", "b"]\n'),
    ],
)  # fmt: skip
def test_a_command_that_needs_no_shell(text: str, after: str) -> None:
    assert becomes(shell_form_entrypoint.RULE, SLIM + text) == SLIM + after


@pytest.mark.parametrize(
    "text",
    [
        "CMD python $APP\n", "CMD a *.py\n", "CMD a ~/b\n", "CMD a > b\n", "CMD A=1 b\n", "CMD cd x && y\n",
        "CMD a | b\n", "CMD a &\n", "CMD a; \n", "CMD a # b\n", "CMD ! a\n",
        "CMD (a)\n", "CMD for x in 1; do y; done\n",
        "CMD . ./a\n",
        "CMD bash -lc 'python a'\n", "CMD ulimit -n 5\n", 'CMD a "b$c"\n', "CMD a {b,c}\n", "CMD a \\\n  # why\n  b\n",
        'SHELL ["conda", "run", "-n", "x", "/bin/bash", "-c"]\nCMD python a\n',
        'SHELL ["/bin/bash", "--login", "-c"]\nCMD python a\n',
        'ENTRYPOINT python a\nCMD ["--debug"]\n',  # the shell form ignores it, the exec form would not
        "CMD <<EOF\npython a\nEOF\n",
    ],
)  # fmt: skip
def test_a_command_that_a_shell_makes(text: str) -> None:
    assert left_alone(shell_form_entrypoint.RULE, SLIM + text)


@pytest.mark.parametrize("text", ['CMD ["a",]\n', "CMD ['a', 'b']\n", 'ENTRYPOINT ["a" "b"]\n', "CMD [a]\n"])
def test_what_looks_like_an_array_and_is_none(text: str) -> None:
    (remark,) = ask(shell_form_entrypoint.RULE, SLIM + text)
    assert "looks like a JSON array and is none" in remark.message
    assert not remark.edits


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("RUN uv --quiet sync\n", "RUN uv --quiet sync --compile-bytecode\n"),
        ("RUN python -m uv pip install -r a.txt\n", "RUN python -m uv pip install --compile-bytecode -r a.txt\n"),
        ("RUN cd x && uv pip sync a.txt || exit 1\n", "RUN cd x && uv pip sync --compile-bytecode a.txt || exit 1\n"),
        (
            "RUN pip install poetry==2.1.3 && poetry install\n",
            "RUN pip install poetry==2.1.3 && poetry install --compile\n",
        ),
    ],
)
def test_bytecode_is_asked_for(text: str, after: str) -> None:
    assert becomes(no_bytecode.RULE, SLIM + text) == SLIM + after


@pytest.mark.parametrize(
    "text",
    ["RUN pip install poetry==1.1.15 && poetry install\n", "ENV POETRY_VERSION=1.4.2\nRUN poetry install\n",
     "RUN bash -c 'uv sync'\n", "RUN pip install --no-compile flask\n", "RUN find / -name __pycache__ -delete\n"],
)  # fmt: skip
def test_bytecode_that_nobody_can_ask_for_here(text: str) -> None:
    assert left_alone(no_bytecode.RULE, SLIM + text)


def test_the_path_of_modules_is_known() -> None:
    build = "FROM python:3.12-slim AS b\nRUN pip install -t /p flask\n"
    mended = becomes(modules_not_on_path.RULE, f"{build}{SLIM}WORKDIR /app\nCOPY --from=b /p lib\n")
    assert mended.endswith("WORKDIR /app\nENV PYTHONPATH=/app/lib\nCOPY --from=b /p lib\n")
    assert left_alone(modules_not_on_path.RULE, f"{build}FROM mine\nCOPY --from=b /p lib\n")


def test_bytecode_may_be_made_in_a_stage_over_the_one_that_installs() -> None:
    compiled = "FROM builder AS bytecode\nRUN python -m compileall -o 2 /opt/venv\n"
    text = (
        f"{SLIM[:-1]} AS builder\nRUN uv pip install flask\n%sFROM scratch\nCOPY --from=builder /opt/venv /opt/venv\n"
    )
    taken = "COPY --from=bytecode /opt/venv /opt/venv\n"
    assert ask(no_bytecode.RULE, text % compiled + taken) == []
    assert len(ask(no_bytecode.RULE, text % compiled)) == 1, "what is made reaches no image"
    assert len(ask(no_bytecode.RULE, text % "")) == 1
