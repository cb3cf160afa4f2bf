"""What the rules about the builder's cache make of Dockerfiles, and where they keep their hands off."""

import json
from collections.abc import Mapping

import pytest
from tests.lint.rules.editing import becomes, left_alone

from lightship.lint.rules import early_invalidation, no_cache_mount, sources_before_dependencies, unfrozen_install

SLIM = "FROM python:3.12-slim-bookworm\n"
NODE = "FROM node:22-slim\n"
PIP: dict[str, str | int] = {"app/main.py": "", "requirements.txt": "flask==3.0\n"}
LOCK = json.dumps({"lockfileVersion": 3, "packages": {"": {"dependencies": {"a": "1"}}}})
NPM: dict[str, str | int] = {"index.js": "", "package.json": '{"dependencies": {"a": "1"}}', "package-lock.json": LOCK}
HASHED = "flask==3.0 \\\n    --hash=sha256:0\n--index-url https://a\n# c\n\nx[y]>=1; python_version<'4'\n"


@pytest.mark.parametrize(
    ("text", "after", "files"),
    [
        ("COPY . /app\nRUN pip install -r requirements.txt", ("COPY requirements.txt /app/\n"
         "RUN pip install -r requirements.txt\nCOPY . /app"), PIP),
        ("copy ./ .\r\nENV A=1\r\nRUN pip install -r requirements.txt\r\nCMD a\r\n",
         "copy requirements.txt .\r\nENV A=1\r\nRUN pip install -r requirements.txt\r\ncopy ./ .\r\nCMD a\r\n", PIP),
        ("COPY . .\nRUN pip install -r requirements.txt -c c.txt\n", ("COPY requirements.txt c.txt ./\n"
         "RUN pip install -r requirements.txt -c c.txt\nCOPY . .\n"),
         PIP | {"c.txt": HASHED, "requirements.txt": HASHED}),
        ("COPY . .\nRUN npm ci\n", "COPY package.json package-lock.json .npmrc ./\nRUN npm ci\nCOPY . .\n",
         NPM | {".npmrc": "legacy-peer-deps=true"}),
    ],
)  # fmt: skip
def test_the_list_goes_first(text: str, after: str, files: Mapping[str, str | int]) -> None:
    assert (
        becomes(sources_before_dependencies.RULE, "FROM a\nWORKDIR /app\n" + text, files)
        == f"FROM a\nWORKDIR /app\n{after}"
    )


INSTALL = "COPY . .\nRUN pip install -r requirements.txt\n"
CI = "COPY . .\nRUN npm ci\n"


@pytest.mark.parametrize(
    ("text", "files"),
    [
        # the install reads more of the project
        (INSTALL, PIP | {"requirements.txt": "-r other.txt\n"}),
        (INSTALL, PIP | {"requirements.txt": "-e .\n"}),
        (INSTALL, PIP | {"requirements.txt": "./vendor/x\n"}),
        (INSTALL, PIP | {"requirements.txt": "vendor/x.whl\n"}),
        (INSTALL, PIP | {"requirements.txt": "x.whl\n"}),
        (INSTALL, PIP | {"requirements.txt": "x @ file:///app/x\n"}),
        (INSTALL, PIP | {"requirements.txt": "--find-links wheels\nx\n"}),
        (INSTALL.replace(".txt", ".txt ."), PIP),
        (INSTALL.replace(".txt", ".txt -e ."), PIP),
        (INSTALL.replace(".txt", ".txt -f wheels"), PIP),
        (INSTALL.replace(".txt", ".txt -t lib"), PIP),
        ("ENV PIP_CONSTRAINT=c.txt\n" + INSTALL, PIP),
        ("COPY . .\nRUN PIP_FIND_LINKS=x pip install -r requirements.txt\n", PIP),
        ("COPY . .\nRUN pip install -r requirements.txt && ./setup.sh\n", PIP),
        (CI, NPM | {"package.json": '{"scripts": {"postinstall": "node x.js"}}'}),
        (CI, NPM | {"package.json": '{"dependencies": {"a": "file:./a"}}'}),
        (CI, NPM | {"package.json": '{"workspaces": ["x"]}'}),
        (CI, NPM | {"binding.gyp": ""}),
        ("COPY . .\nRUN npm ci --prefix web\n", NPM),
        ("COPY . .\nRUN npm install\n", NPM),  # writes the lock, which the COPY would write over
        ("COPY . .\nRUN yarn install --frozen-lockfile\n", NPM | {"yarn.lock": "", ".yarnrc.yml": ""}),
        # the COPY means something else, or undoes the install
        (CI, NPM | {"node_modules/a/index.js": ""}),
        ("COPY . /\nRUN pip install -r requirements.txt\n", PIP),
        ("COPY . $X\nRUN pip install -r requirements.txt\n", PIP),
        ("COPY --chown=1 . .\nRUN pip install -r requirements.txt\n", PIP),
        ("COPY . .\nWORKDIR /x\nRUN pip install -r requirements.txt\n", PIP),
        ("COPY . .\nUSER 5\nRUN pip install -r requirements.txt\n", PIP),
        ("COPY . .\nRUN a\nRUN pip install -r requirements.txt\n", PIP),
        ("COPY . .\nRUN cd x && pip install -r requirements.txt\n", PIP),
        (INSTALL, {"main.py": ""}),  # .dockerignore keeps the list back
    ],
)
def test_sources_that_the_install_may_need(text: str, files: Mapping[str, str | int]) -> None:
    assert left_alone(sources_before_dependencies.RULE, f"FROM a\nWORKDIR /app\n{text}", files)


@pytest.mark.parametrize(
    ("text", "after"),
    [
        ("WORKDIR /w\nCOPY package*.json ./\nRUN npm install --omit=dev\n", "RUN npm ci --omit=dev\n"),
        ("WORKDIR /w\nCOPY . .\nRUN npm i\n", "RUN npm ci\n"),
        ("WORKDIR /w\nRUN --mount=type=bind,source=package-lock.json,target=package-lock.json npm i\n", "npm ci\n"),
    ],
)
def test_the_lock_decides(text: str, after: str) -> None:
    assert becomes(unfrozen_install.RULE, NODE + text, NPM).endswith(after)


@pytest.mark.parametrize(
    ("text", "files"),
    [
        # npm ci fails without a lock, and where it does not fit
        ("WORKDIR /w\nCOPY package.json ./\nRUN npm install\n", NPM),
        ("WORKDIR /w\nCOPY package*.json /x/\nRUN npm install\n", NPM),
        ("WORKDIR /w\nCOPY web .\nRUN npm install\n", NPM | {"web/package.json": "{}"}),
        ("WORKDIR /w\nCOPY . .\nRUN npm install\n", NPM | {"package.json": '{"dependencies": {"a": "2"}}'}),
        ("WORKDIR /w\nCOPY . .\nRUN npm install\n", NPM | {"package-lock.json": '{"lockfileVersion": 1}'}),
        ("WORKDIR /w\nCOPY . .\nRUN cd x && npm install\n", NPM),
        ("WORKDIR /w\nCOPY . .\nRUN npm install --prefix x\n", NPM),
        ("WORKDIR /w\nCOPY . .\nRUN npm install -g\n", NPM),
        # npm ci empties node_modules
        ("WORKDIR /w\nCOPY . .\nRUN npm install sharp && npm install\n", NPM),
        ("WORKDIR /w\nCOPY pyproject.toml .\nRUN uv sync\n", {"uv.lock": "", "pyproject.toml": ""}),
        ("WORKDIR /w\nCOPY . .\nRUN uv sync --upgrade\n", {"uv.lock": "", "pyproject.toml": ""}),
        ("WORKDIR /w\nCOPY . .\nRUN uv sync --directory x\n", {"uv.lock": "", "pyproject.toml": ""}),
        ('WORKDIR /w\nCOPY . .\nRUN ["uv", "sync"]\n', {"uv.lock": "", "pyproject.toml": ""}),
    ],
)
def test_an_install_that_would_fail_or_mean_something_else(text: str, files: Mapping[str, str | int]) -> None:
    assert left_alone(unfrozen_install.RULE, NODE + text, files)


def test_without_a_context_nobody_knows_of_a_lock() -> None:
    assert left_alone(unfrozen_install.RULE, NODE + "COPY . .\nRUN npm install\n")


def test_a_cache_is_mounted_in_front_of_other_flags() -> None:
    text = SLIM + "RUN --network=host \\\n  uv pip install -r requirements.txt\n"
    assert becomes(no_cache_mount.RULE, text) == text.replace(
        "RUN ", "RUN --mount=type=cache,target=/root/.cache/uv ", 1
    )


@pytest.mark.parametrize(
    "text",
    [
        f"{SLIM}RUN pip install --no-cache-dir -r requirements.txt\n",
        f"{SLIM}RUN uv sync -n\n",
        f"{SLIM}RUN pip install --cache-dir /c -r requirements.txt\n",
        f"{SLIM}RUN PIP_CACHE_DIR=/c pip install -r requirements.txt\n",
        f"{SLIM}ENV HOME=/h\nRUN uv sync\n",
        f"{SLIM}ENV UV_LINK_MODE=symlink\nRUN uv sync\n",
        f"{SLIM}USER app\nRUN uv sync\n",
        f"{SLIM}RUN sudo -u app uv sync\n",
        "FROM registry.example/base\nRUN uv sync\n",  # whose user is not known
    ],
)
def test_a_cache_that_is_off_or_elsewhere(text: str) -> None:
    assert left_alone(no_cache_mount.RULE, text)


PIP_RUN = "RUN pip install -r requirements.txt\n"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (f"# of the build\nARG GIT_SHA\n{PIP_RUN}CMD a\n", f"{PIP_RUN}# of the build\nARG GIT_SHA\nCMD a\n"),
        (f"LABEL build_date=$X\r\n{PIP_RUN}RUN apt-get install -y b && rm -rf /x\nCMD a\n",
         f"{PIP_RUN}RUN apt-get install -y b && rm -rf /x\nLABEL build_date=$X\r\nCMD a\n"),
    ],
)  # fmt: skip
def test_what_changes_goes_below(text: str, after: str) -> None:
    assert becomes(early_invalidation.RULE, SLIM + text) == SLIM + after


@pytest.mark.parametrize(
    "text",
    [
        "ARG GIT_SHA\nRUN npm run build\nCMD a\n",  # reads it from its environment, perhaps
        f"ARG GIT_SHA\nRUN make\n{PIP_RUN}CMD a\n",
        "ARG GIT_SHA\nRUN pip install .\nCMD a\n",
        "ARG GIT_SHA\nRUN apt-get install -y a && ./b.sh\nCMD a\n",
        "ARG GIT_SHA\nRUN <<EOF\npip install -r x\n./b\nEOF\nCMD a\n",
        f"ARG GIT_SHA\nENV V=$GIT_SHA\n{PIP_RUN}CMD a\n",
        f"ENV GIT_SHA=$X\nENV X=2\n{PIP_RUN}CMD a\n",
        f"ENV GIT_SHA=$X PATH=/a\n{PIP_RUN}CMD a\n",
    ],
)
def test_what_may_be_read_in_between(text: str) -> None:
    assert left_alone(early_invalidation.RULE, SLIM + text)
