"""Downloads are fetched again at every change.

What it does
============
Finds installs of dependencies from a list or a lock (pip, uv, npm, pnpm, yarn) without a cache mount, in stages that
are built.

Why
===
When the lock changes by one line, everything is downloaded and unpacked again. A cache mount keeps it between builds
and leaves nothing in the layer.

Bad
===
::

    FROM python:3.12-slim
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev --compile-bytecode
    USER 1000

Good
====
::

    FROM python:3.12-slim
    COPY pyproject.toml uv.lock ./
    RUN --mount=type=cache,target=/root/.cache/uv uv sync --locked --no-dev --compile-bytecode
    USER 1000

References
==========
docs.docker.com, "Optimize cache usage in builds", cache mounts (2026).
"""

from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at, user_at
from lightship.dockerfile.views import mounts_of
from lightship.lint.actions import Action, actions_of
from lightship.lint.rewriting import add_flag
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_FOLDERS = {
    "pip": "/root/.cache/pip", "uv": "/root/.cache/uv", "npm": "/root/.npm", "pnpm": "/root/.local/share/pnpm/store",
    "yarn": "/usr/local/share/.cache/yarn", "poetry": "/root/.cache/pypoetry", "pdm": "/root/.cache/pdm",
}  # fmt: skip
_OFF = ("--no-cache-dir", "--no-cache")


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        if run.keyword != "RUN" or any(mount.kind == "cache" for mount in mounts_of(run)):
            continue
        action = next((each for each in actions_of(subject.script(run)) if _installs_list(each)), None)
        if action is not None:
            yield Remark(
                span=run.span,
                message=f"{action.manager} fetches everything again whenever one line of the lock changes",
                fix=f"RUN --mount=type=cache,target={_FOLDERS[action.manager]}"
                + (f", without {_OFF[0]}" if action.has(*_OFF) else ""),
                edits=_edits(subject, run, action),
            )


def _installs_list(action: Action) -> bool:
    if action.manager not in _FOLDERS:
        return False
    lists = [value for name, value in action.values if name in ("-r", "--requirement")]
    return action.kind == "sync" or (action.kind == "install" and bool(lists))


def _edits(subject: Subject, run: Instruction, action: Action) -> tuple[Edit, ...]:
    """The mount, where the cache is on and where it is expected to be: for root, and no other place is set."""
    environment = environment_at(subject.stages, run)
    moved = (
        "PIP_NO_CACHE_DIR",
        "PIP_CACHE_DIR",
        "UV_NO_CACHE",
        "UV_CACHE_DIR",
        "NPM_CONFIG_CACHE",
        "XDG_CACHE_HOME",
        "HOME",
    )
    if action.has(*_OFF) or any(name in environment for name in moved):
        return ()
    if user_at(subject.stages, run) not in (None, "root", "0") or action.manager in ("poetry", "pdm", "pnpm", "yarn"):
        return ()
    return (add_flag(run, f"--mount=type=cache,target={_FOLDERS[action.manager]}"),)


RULE = Rule(
    code="no-cache-mount",
    family="cache order",
    severity="note",
    safety="lossless",
    title="downloads are fetched again at every change",
    find=_find,
    doc=__doc__,
)
