"""What npm leaves of itself, where it does, and what takes it away again."""

import pytest
from tests.lint.asking import ask

from lightship.dockerfile.edit import apply_edits
from lightship.lint.rules import package_cache_kept

RULE = package_cache_kept.RULE
NODE = "FROM node:24-slim\n"
CLEAN = "npm cache clean --force"
MOUNT = "--mount=type=cache,target=/root/.npm"
GONE = "rm -rf /tmp/node-compile-cache"


@pytest.mark.parametrize(
    ("text", "after"),
    [
        (f"RUN npm ci && {CLEAN}\n", f"RUN npm ci && {CLEAN} && {GONE}\n"),
        ("RUN npm ci\n", f"RUN {MOUNT} npm ci && {GONE}\n"),
        ("RUN npm run build\n", f"RUN npm run build && {GONE}\n"),
        (f"RUN {GONE} && npm run build\n", f"RUN {GONE} && npm run build && {GONE}\n"),
        ("RUN npm run build && rm -rf src\n", f"RUN npm run build && rm -rf src && {GONE}\n"),
        ("RUN npm run a\nRUN npm ci\nRUN npm run b\n",
         f"RUN npm run a && {GONE}\nRUN {MOUNT} npm ci && {GONE}\nRUN npm run b && {GONE}\n"),
    ],
)  # fmt: skip
def test_every_line_with_npm_takes_it_away(text: str, after: str) -> None:
    edits = [edit for remark in ask(RULE, f"{NODE}{text}") for edit in remark.edits]
    assert apply_edits(f"{NODE}{text}", edits) == f"{NODE}{after}"
    assert ask(RULE, f"{NODE}{after}") == []


@pytest.mark.parametrize(
    "text",
    [
        f"{NODE}RUN npm run build && rm -rf /tmp/*\n",
        f"{NODE}ENV NODE_DISABLE_COMPILE_CACHE=1\nRUN npm run build\n",
        f"{NODE}RUN NODE_COMPILE_CACHE=/cache npm run build\n",
        f"{NODE}RUN --mount=type=tmpfs,target=/tmp npm run build\n",
        f"{NODE}RUN --mount=type=cache,target=/tmp/node-compile-cache npm run build\n",
        f"{NODE}RUN node build.js\n",
        "FROM node:20-slim\nRUN npm run build\n",
        "FROM python:3.12-slim\nRUN npm run build\n",
        "FROM node\nRUN npm run build\n",
        f"{NODE[:-1]} AS build\nRUN npm run build\nFROM nginx:1.29\nCOPY --from=build /dist /dist\n",
    ],
)
def test_what_leaves_none_or_does_not_ship_is_left_alone(text: str) -> None:
    assert ask(RULE, text) == []


def test_one_remark_says_what_it_weighs_and_names_the_other_lines() -> None:
    (found,) = ask(RULE, f"{NODE}RUN npm run a\nRUN npm run b\n")
    assert found.unpacked_bytes == 1_414_476
    assert "in line 3 too" in found.message
    assert "npm 11" in found.how
