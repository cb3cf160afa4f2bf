"""Rules about sources, users, folders and versions that other linters have too."""

import pytest
from tests.lint.asking import ask, context_of, mended, spots

from lightship.lint.rules import (
    add_for_copy,
    named_user,
    no_workdir,
    overridden_command,
    unchecked_add,
    unpinned_install,
)

SLIM = "FROM python:3.12-slim\n"
SHA = "a" * 64


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("ADD https://a.example/a.tgz /", ["https://a.example/a.tgz"]),
        ("ADD https://git.example/a.git /a", ["https://git.example/a.git"]),
        ("ADD git@git.example:a/b /a", ["git@git.example:a/b"]),
        (f"ADD --checksum=sha256:{SHA} https://a.example/a.tgz /", []),
        ("ADD https://git.example/a.git#v1.2 /a", []),
        ("ADD a.tgz /", []),
    ],
)
def test_what_is_added_unseen(line: str, found: list[str]) -> None:
    assert spots(unchecked_add.RULE, f"{SLIM}{line}\n") == found


@pytest.mark.parametrize(
    ("line", "after"),
    [
        ("ADD main.py /app/", "COPY main.py /app/"),
        ("ADD --chown=1:1 . /app", "COPY --chown=1:1 . /app"),
        ("add src/ /app", "COPY src/ /app"),
        ("ADD app /app", "COPY app /app"),
        ("ADD rootfs.tar.xz /", "ADD rootfs.tar.xz /"),
        ("ADD *.py /app/", "ADD *.py /app/"),
        ("ADD main.py rootfs.tar /app/", "ADD main.py rootfs.tar /app/"),
        ("ADD rootfs /", "ADD rootfs /"),
        ("ADD $FILE /", "ADD $FILE /"),
        ("ADD --unpack=true main.py /", "ADD --unpack=true main.py /"),
    ],
)
def test_add_that_only_copies(line: str, after: str) -> None:
    context = context_of({"app/main.py": "x", "main.py": "x", "rootfs": 7})
    assert mended(add_for_copy.RULE, f"{SLIM}{line}\n", context=context) == f"{SLIM}{after}\n"


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("RUN pip install flask", ["flask"]),
        ("RUN pip install 'flask[async]' gunicorn==23.0", ["flask[async]"]),
        ("RUN pip install 'flask>=3'", ["flask>=3"]),
        ("RUN uv pip install --system flask", ["flask"]),
        ("RUN npm install -g pnpm", ["pnpm"]),
        ("RUN npm i -g @scope/tool", ["@scope/tool"]),
        ("RUN pip install -U pip setuptools", []),
        ("RUN pip install 'flask~=3.0' 'a>=1,<2'", []),
        ("RUN pip install -r requirements.txt", []),
        ("RUN pip install -c constraints.txt flask", []),
        ("RUN pip install . ./dist/app.whl app.whl", []),
        ("RUN pip install --group dev --editable .", []),
        ("RUN uv pip install --python-preference system --index https://a.example/b flask==3.0", []),
        ("RUN pip install git+https://git.example/a@v1", []),
        ("RUN pip install flask==$VERSION", []),
        ("RUN npm install -g pnpm@10.1.0", []),
        ("RUN npm install left-pad", []),
        ("RUN uv add flask", []),
    ],
)
def test_installs_of_the_newest(line: str, said: list[str]) -> None:
    remarks = ask(unpinned_install.RULE, f"{SLIM}{line}\n")
    assert [remark.message.split(": ")[0] for remark in remarks] == said


@pytest.mark.parametrize(
    ("rest", "after"),
    [
        ("RUN useradd -u 1001 app\nUSER app\n", "RUN useradd -u 1001 app\nUSER 1001\n"),
        ("RUN adduser --uid=1001 app\nUSER app\n", "RUN adduser --uid=1001 app\nUSER 1001\n"),
        ("ARG ID=7\nRUN useradd -u ${ID} app\nUSER app\n", "ARG ID=7\nRUN useradd -u ${ID} app\nUSER ${ID}\n"),
        ("ARG ID\nRUN useradd -u ${ID} app\nUSER app\n", "ARG ID\nRUN useradd -u ${ID} app\nUSER app\n"),
        ("RUN useradd app\nUSER app\n", "RUN useradd app\nUSER app\n"),
        ("RUN useradd -u 1001 app\nUSER app:staff\n", "RUN useradd -u 1001 app\nUSER app:staff\n"),
    ],
)
def test_a_user_gets_its_number(rest: str, after: str) -> None:
    assert ask(named_user.RULE, SLIM + rest)
    assert mended(named_user.RULE, SLIM + rest) == SLIM + after


def test_the_user_of_node_s_image_has_a_number() -> None:
    assert mended(named_user.RULE, "FROM node:22-slim\nUSER node\n") == "FROM node:22-slim\nUSER 1000\n"
    assert mended(named_user.RULE, f"{SLIM}USER node\n") == f"{SLIM}USER node\n"


@pytest.mark.parametrize("user", ["1000", "1000:1000", "root", "root:root", "$UID", "${NAME}"])
def test_users_that_are_no_names(user: str) -> None:
    assert ask(named_user.RULE, f"{SLIM}USER {user}\n") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{SLIM}COPY . .\nCOPY a b\n", ["COPY . ."]),
        (f"{SLIM.strip()} AS a\nFROM a\nCOPY . .\n", ["COPY . ."]),
        (f"{SLIM}COPY . /app\n", []),
        (f"{SLIM}COPY . .\n{SLIM}COPY app /app\n", []),
        (f"{SLIM}COPY a $HOME/a\n", []),
        (f"{SLIM}WORKDIR /app\nCOPY . .\n", []),
        (f"{SLIM.strip()} AS a\nWORKDIR /app\nFROM a\nCOPY . .\n", []),
        ("FROM golang:1.24\nCOPY . .\n", []),
        ("FROM example/base:1\nCOPY . .\n", []),
        ("FROM scratch\nCOPY rootfs .\n", []),
    ],
)
def test_files_in_the_root(text: str, found: list[str]) -> None:
    assert spots(no_workdir.RULE, text) == found


@pytest.mark.parametrize(
    ("rest", "after"),
    [
        ('CMD ["a"]\nCMD ["b"]\n', 'CMD ["b"]\n'),
        ('ENTRYPOINT ["a"]\nCMD ["b"]\nENTRYPOINT ["c"]\n', 'CMD ["b"]\nENTRYPOINT ["c"]\n'),
        ("HEALTHCHECK NONE\nHEALTHCHECK CMD a\n", "HEALTHCHECK CMD a\n"),
        ('CMD ["a"]\nFROM scratch\nCMD ["b"]\n', 'CMD ["a"]\nFROM scratch\nCMD ["b"]\n'),
    ],
)
def test_a_command_that_is_replaced(rest: str, after: str) -> None:
    assert mended(overridden_command.RULE, SLIM + rest) == SLIM + after
