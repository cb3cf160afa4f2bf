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

from lightship.dockerfile.views import mounts_of
from lightship.facts.installer_caches import INSTALLER_CACHES
from lightship.lint.cache_mounts import CACHE_OFF, installs_list, mount_edit
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        if run.keyword != "RUN" or any(mount.kind == "cache" for mount in mounts_of(run)):
            continue
        action = next((each for each in subject.actions(run) if installs_list(each)), None)
        if action is not None:
            yield Remark(
                span=run.span,
                message=f"{action.manager} fetches everything again whenever one line of the lock changes",
                fix=f"RUN --mount=type=cache,target={INSTALLER_CACHES[action.manager]}"
                + (f", without {CACHE_OFF[0]}" if action.has(*CACHE_OFF) else ""),
                edits=tuple(each for each in [mount_edit(subject, run, action)] if each is not None),
            )


RULE = Rule(
    code="no-cache-mount",
    family="cache order",
    severity="note",
    safety="lossless",
    title="downloads are fetched again at every change",
    find=_find,
    doc=__doc__,
)
