"""What the rules said of real Dockerfiles and should not have, each brought down to its few lines, beside the fault
that looks like it and is one."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from tests.lint.asking import ask, context_of

from lightship.dockerfile.model import Instruction
from lightship.lint.rule import Rule
from lightship.lint.rules import (
    chown_after_copy,
    downloaders_shipped,
    fonts_shipped,
    heavy_program,
    migration_in_entrypoint,
    missing_copy_source,
    node_shipped,
    package_cache_kept,
    pinned_packages,
    runs_as_root,
    secret_in_image,
    sources_before_dependencies,
    unfrozen_install,
    virtual_runtime_tools,
)
from lightship.lint.subject import Cost, NoCosts

SLIM = "FROM python:3.12-slim\n"


class Weighed(NoCosts):
    """Every line adds 100 bytes."""

    def of(self, instruction: Instruction) -> Cost:  # noqa: ARG002 - the protocol's
        return Cost(unpacked_bytes=100)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """``said`` are the severities of what the rule says of ``text``; ``about`` is in each message."""

    rule: Rule
    text: str
    said: tuple[str, ...] = ()
    about: str = ""
    files: Mapping[str, str | int] = field(default_factory=dict)


CASES = {
    # Sources of a COPY.
    "a folder's content": Case(
        rule=missing_copy_source.RULE, text=f"{SLIM}COPY web/. ./\n", files={"web/index.html": "x"}
    ),
    "a folder that is not there": Case(
        rule=missing_copy_source.RULE, text=f"{SLIM}COPY web/. ./\n", files={"api/main.py": "x"}, said=("error",)
    ),
    "a file that may miss": Case(
        rule=missing_copy_source.RULE, text=f"{SLIM}COPY wallet.ss[o] ./\n", files={"main.py": "x"}
    ),
    "a pattern that matches nothing": Case(
        rule=missing_copy_source.RULE, text=f"{SLIM}COPY *.lock ./\n", files={"main.py": "x"}, said=("note",)
    ),
    "what a build leaves": Case(
        rule=missing_copy_source.RULE, text=f"{SLIM}COPY dist/ /srv/\n", files={"main.py": "x"}, said=("warning",)
    ),
    "what .gitignore names": Case(
        rule=missing_copy_source.RULE,
        text=f"{SLIM}COPY web/generated /srv/\n",
        files={"main.py": "x", ".gitignore": "# made\ngenerated/\n"},
        said=("warning",),
        about="before the build",
    ),
    "a name in quotes": Case(
        rule=missing_copy_source.RULE, text=f'{SLIM}COPY "etc/a.cfg" "." /app/\n', files={"etc/a.cfg": "x"}
    ),
    "a name in a variable": Case(
        rule=missing_copy_source.RULE, text=f"{SLIM}ARG APP=api\nCOPY ${{APP}}/ /app/\n", files={"api/a.py": "x"}
    ),
    "several that miss, told once": Case(
        rule=missing_copy_source.RULE,
        text=f"{SLIM}COPY a.txt b.txt b.txt main.py /app/\n",
        files={"main.py": "x"},
        said=("error",),
        about="a.txt and b.txt are not in the build context",
    ),
    "another's context": Case(
        rule=missing_copy_source.RULE,
        text=f"{SLIM}COPY package.json /app/\nCOPY src /app/src\n",
        files={"README.md": "x"},
        said=("warning", "warning"),
        about="nor is anything else",
    ),
    # The user.
    "USER as the last line": Case(rule=runs_as_root.RULE, text=f"{SLIM}USER root\nRUN id\nUSER 1000\n"),
    "USER that a base's variable names": Case(
        rule=runs_as_root.RULE, text="FROM example/notebook:1\nUSER root\nRUN id\nUSER ${NB_UID}\n"
    ),
    "USER root as the last line": Case(
        rule=runs_as_root.RULE, text=f"{SLIM}USER 1000\nRUN id\nUSER root\n", said=("warning",)
    ),
    "s6-overlay": Case(rule=runs_as_root.RULE, text=f'{SLIM}RUN id\nENTRYPOINT ["/init"]\n'),
    "a program whose name begins so": Case(
        rule=runs_as_root.RULE, text=f'{SLIM}RUN id\nENTRYPOINT ["/initialise"]\n', said=("warning",)
    ),
    # Virtual packages.
    "certificates for the build": Case(
        rule=virtual_runtime_tools.RULE,
        text="FROM alpine:3.20\nRUN apk add --no-cache --virtual .b ca-certificates curl && apk del .b\n",
    ),
    "a tool that another line keeps": Case(
        rule=virtual_runtime_tools.RULE,
        text="FROM alpine:3.20\nRUN apk add --no-cache ffmpeg\n"
        "RUN apk add --no-cache --virtual .b ffmpeg gcc && apk del .b\n",
    ),
    "a tool that goes": Case(
        rule=virtual_runtime_tools.RULE,
        text="FROM alpine:3.20\nRUN apk add --no-cache --virtual .b ca-certificates ffmpeg && apk del .b\n",
        said=("error",),
        about="ffmpeg goes",
    ),
    # .env
    "an .env of switches": Case(
        rule=secret_in_image.RULE,
        text=f"{SLIM}COPY .env /app/.env\n",
        files={".env": "# API_KEY=abcdefgh12345\nMAX_TOKENS=4096\nAPI_KEY=  # yours\n"},
        said=("warning",),
        about="holds none",
    ),
    "an .env with a secret": Case(
        rule=secret_in_image.RULE,
        text=f"{SLIM}COPY .env /app/.env\n",
        files={".env": "API_KEY=abcdefgh12345\n"},
        said=("error",),
    ),
    # Owners.
    "the options of chown": Case(
        rule=chown_after_copy.RULE,
        text=f"{SLIM}COPY app /app\nRUN chown --from root:root -R 1000:1000 /app\n",
        said=("warning",),
    ),
    "a folder that mkdir made": Case(
        rule=chown_after_copy.RULE, text=f"{SLIM}COPY app /app\nRUN mkdir -p /app/logs && chown -R 1000 /app/logs\n"
    ),
    "a folder that was copied": Case(
        rule=chown_after_copy.RULE, text=f"{SLIM}COPY app /app\nRUN chown -R 1000 /app/media\n", said=("warning",)
    ),
    "beside a file": Case(
        rule=chown_after_copy.RULE, text=f"{SLIM}COPY pyproject.toml /app/\nRUN chown -R 1000 /app/media\n"
    ),
    "after cd": Case(
        rule=chown_after_copy.RULE, text=f"{SLIM}WORKDIR /app\nCOPY app .\nRUN cd /data && chown -R 1000 .\n"
    ),
    # Order.
    "the project after its dependencies": Case(
        rule=sources_before_dependencies.RULE,
        text=f"{SLIM}COPY pyproject.toml uv.lock ./\nRUN uv sync --locked --no-install-project\nCOPY . .\n"
        "RUN uv sync --locked\n",
    ),
    "dependencies of another stage": Case(
        rule=sources_before_dependencies.RULE,
        text=f"{SLIM.strip()} AS build\nCOPY uv.lock ./\nRUN uv sync --locked\n{SLIM}COPY --from=build /.venv /.venv\n"
        "COPY . .\nRUN uv sync --locked\n",
    ),
    "the project before them": Case(
        rule=sources_before_dependencies.RULE,
        text=f"{SLIM}COPY . .\nRUN uv sync --locked --no-install-project\nRUN uv sync --locked\n",
        said=("warning",),
    ),
    "options in a variable": Case(
        rule=unfrozen_install.RULE, text=f'{SLIM}RUN OPTIONS="--frozen" && uv sync ${{OPTIONS}} --no-dev\n'
    ),
    "no options": Case(rule=unfrozen_install.RULE, text=f"{SLIM}RUN uv sync --no-dev\n", said=("warning",)),
    "uv's other name for --no-cache": Case(
        rule=package_cache_kept.RULE, text=f"{SLIM}RUN uv pip install --system --no-cache-dir -r requirements.txt\n"
    ),
    # Who calls what.
    "git for a requirement": Case(
        rule=downloaders_shipped.RULE,
        text=f"{SLIM}RUN apt-get update && apt-get install -y git\nRUN pip install -r requirements.txt\n",
        files={"requirements.txt": "app @ git+https://git.example/app@v1\n"},
        said=("warning",),
        about="only the build calls it",
    ),
    "curl for Compose": Case(
        rule=downloaders_shipped.RULE,
        text=f"{SLIM}RUN apt-get update && apt-get install -y curl\n",
        files={"docker-compose.yml": 'services: {a: {healthcheck: {test: ["CMD", "curl", "-f", "localhost"]}}}\n'},
    ),
    "curl for one of many scripts": Case(
        rule=downloaders_shipped.RULE,
        text=f"{SLIM}RUN apt-get update && apt-get install -y curl\n",
        files={f"bin/{number}.sh": "true\n" for number in range(60)} | {"docker/entrypoint.sh": "curl -f localhost\n"},
    ),
    "node for supervisord": Case(
        rule=node_shipped.RULE,
        text=f"{SLIM}RUN apt-get install -y nodejs\nRUN echo '[program:web]' > /etc/s.conf && "
        "echo 'command=npm run start' >> /etc/s.conf\nCMD [\"supervisord\"]\n",
    ),
    "node beside supervisord": Case(
        rule=node_shipped.RULE,
        text=f"{SLIM}RUN apt-get install -y nodejs\nRUN echo '[program:web]' > /etc/s.conf && "
        "echo 'command=gunicorn app' >> /etc/s.conf\nCMD [\"supervisord\"]\n",
        said=("warning",),
    ),
    "the script that is copied": Case(
        rule=migration_in_entrypoint.RULE,
        text=f'{SLIM}COPY docker/entrypoint.sh /\nENTRYPOINT ["/entrypoint.sh"]\n',
        files={"cloud/entrypoint.sh": "alembic upgrade head\n", "docker/entrypoint.sh": "exec gunicorn app\n"},
    ),
    # Versions and names.
    "a vendor's archive": Case(
        rule=pinned_packages.RULE, text="FROM ubuntu:24.04\nRUN apt-get install -y unit=1.33.0-1~noble\n"
    ),
    "a vendor's archive in a variable": Case(
        rule=pinned_packages.RULE,
        text=f"{SLIM}ARG NODE_VERSION=22.1.0-1nodesource1\nRUN apt-get install -y nodejs=${{NODE_VERSION}}\n",
    ),
    "the distribution's": Case(
        rule=pinned_packages.RULE,
        text="FROM debian:12\nRUN apt-get install -y zlib1g=1:1.2.13.dfsg-1\n",
        said=("warning",),
    ),
    "TeX's fonts": Case(
        rule=fonts_shipped.RULE, text=f"{SLIM}RUN apt-get install -y texlive-fonts-recommended\n"
    ),
    "a name in capitals": Case(
        rule=heavy_program.RULE,
        text=f"{SLIM}RUN wget https://dl.example/v$PANDOC/a.tar.gz\n",
        said=("warning",),
        about="pandoc is",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str) -> None:
    case = CASES[name]
    remarks = ask(case.rule, case.text, context=context_of(case.files) if case.files else None)
    assert tuple(each.severity or case.rule.severity for each in remarks) == case.said
    assert all(case.about in each.message for each in remarks)


def test_bytes_that_one_layer_holds_count_once() -> None:
    text = f"{SLIM}COPY app /app\nRUN chown -R 1000 /app && chmod -R 755 /app\n"
    first, second = ask(chown_after_copy.RULE, text, costs=Weighed())
    assert (first.unpacked_bytes, second.unpacked_bytes) == (100, None)


def test_options_with_a_value_are_no_owner() -> None:
    (remark,) = ask(chown_after_copy.RULE, f"{SLIM}COPY app /app\nRUN chown --from root -R 1000:1000 /app\n")
    assert remark.fix == "--chown=1000:1000 where they are copied"
