"""What commands do to packages."""

import pytest

from lightship.dockerfile.model import Instruction, Logical, Span
from lightship.dockerfile.shell import script_of
from lightship.lint.actions import Action, actions_of, bare_name


def actions(text: str) -> list[Action]:
    logical = Logical(text=text, pieces=((0, 4),))
    run = Instruction(keyword="RUN", span=Span(0, 4 + len(text)), line=1, end_line=1, argument=logical)
    return list(actions_of(script_of(run)))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("apt-get update && apt-get install -y --no-install-recommends curl=8.* gnupg",
         [("apt", "update", ()), ("apt", "install", ("curl", "gnupg"))]),
        ("apt install -t bookworm-backports ffmpeg libpq5:arm64", [("apt", "install", ("ffmpeg", "libpq5"))]),
        ("apt-get -qq -o Dpkg::Use-Pty=0 install x", [("apt", "install", ("x",))]),
        ("apt-get purge -y --auto-remove gcc; apt-get clean", [("apt", "remove", ("gcc",)), ("apt", "clean", ())]),
        ("apk add --no-cache --virtual .build gcc~=13 musl-dev", [("apk", "install", ("gcc", "musl-dev"))]),
        ("apk del .build", [("apk", "remove", (".build",))]),
        ("yum -y install x && yum clean all", [("dnf", "install", ("x",)), ("dnf", "clean", ("all",))]),
        ("pip install --no-cache-dir -r requirements.txt 'torch>=2' flask[async]",
         [("pip", "install", ("torch", "flask"))]),
        ("python3.12 -m pip install -U pip", [("pip", "install", ("pip",))]),
        ("/opt/venv/bin/pip install -t /x .", [("pip", "install", (".",))]),
        ("python -m venv /x && python app.py", []),
        ("uv sync --frozen --no-dev --group prod", [("uv", "sync", ())]),
        ("uv pip install --system -r r.txt a", [("uv", "install", ("a",))]),
        ("uv pip sync r.txt; uv cache clean", [("uv", "sync", ("r.txt",)), ("uv", "clean", ("clean",))]),
        ("uv run x; uv", []),
        ("poetry install --only main --no-root", [("poetry", "sync", ())]),
        ("npm ci && npm install -g pnpm@9 @scope/x@1 && npm install",
         [("npm", "sync", ()), ("npm", "install", ("pnpm", "@scope/x")), ("npm", "sync", ())]),
        ("yarn && yarn --frozen-lockfile && yarn add x && yarn build",
         [("yarn", "sync", ()), ("yarn", "sync", ()), ("yarn", "install", ("x",))]),
        ("pnpm install --frozen-lockfile --prefix web", [("pnpm", "sync", ())]),
        ("conda install -c conda-forge -y x=1.2", [("conda", "install", ("x",))]),
        ("apt-get install -y $PACKAGES x", [("apt", "install", ("x",))]),
        ("sudo -E env A=1 apt-get install x", [("apt", "install", ("x",))]),
        ("echo apt-get install x", []),
    ],
)  # fmt: skip
def test_who_does_what(text: str, told: list[tuple[str, str, tuple[str, ...]]]) -> None:
    assert [(action.manager, action.kind, action.names) for action in actions(text)] == told


def test_options_alone_together_and_with_values() -> None:
    (action,) = actions("pip install -qU --index-url=https://x.example/simple -r a.txt --target /t b")
    assert action.has("-U")
    assert action.has("-q", "--quiet")
    assert action.has("--index-url")
    assert not action.has("-y", "--no-cache-dir")
    assert action.value("-r", "--requirement") == "a.txt"
    assert action.value("-t", "--target") == "/t"
    assert action.value("--index-url", "-i") == "https://x.example/simple"
    assert action.value("-c") is None


@pytest.mark.parametrize(
    ("manager", "text", "name"),
    [("apt", "a=1.0-1+b", "a"), ("apt", "g++", "g++"), ("apt", "nginx-", "nginx"), ("apk", "a<2", "a"),
     ("pip", "a[x]~=1", "a"), ("pip", "a @ https://x.example/a.whl", "a"), ("npm", "@a/b@^1", "@a/b"),
     ("npm", "c@latest", "c")],
)  # fmt: skip
def test_a_name_without_its_version(manager: str, text: str, name: str) -> None:
    assert bare_name(manager, text) == name  # type: ignore[arg-type]  # a parametrised literal
