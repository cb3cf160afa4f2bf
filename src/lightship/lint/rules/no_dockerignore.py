"""No .dockerignore, and the whole context is copied.

What it does
============
Finds a COPY or ADD of the whole build context where there is no ``.dockerignore``, and says what of the context
should not go: histories, environments, caches, ``.env``.

Why
===
``COPY . .`` takes ``.git``, ``.venv``, ``node_modules`` and ``.env`` along: bytes in every pull, secrets in a layer,
and a cache that is void after every commit.

Bad
===
::

    FROM python:3.12-slim
    USER 1000
    COPY . /app

Good
====
::

    FROM python:3.12-slim
    USER 1000
    COPY app /app

References
==========
docs.docker.com, "Build context", .dockerignore files (2026).
"""

from collections.abc import Iterator

from lightship.dockerfile.views import copy_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Context, Subject
from lightship.units import format_bytes, format_names

__all__ = ["RULE"]

_UNWANTED = (
    ".git",
    ".hg",
    ".svn",
    ".venv",
    "venv",
    "node_modules",
    "__pycache__",
    ".mypy_cache",
    ".pytest_cache",
    ".ruff_cache",
    ".tox",
    ".nox",
    ".next",
    ".idea",
    ".vscode",
    ".env",
)


def _find(subject: Subject) -> Iterator[Remark]:
    context = subject.context
    if context is None or context.has_ignore_file:
        return
    for _, instruction in subject.instructions:
        copy = copy_of(instruction)
        if copy is None or copy.from_ is not None:
            continue
        if not any(source.text.strip("/") in ("", ".", "*") for source in copy.sources):
            continue
        heavy = _unwanted(context)
        total = sum(heavy.values())
        found = f": {format_names(list(heavy))}" if heavy else ""
        yield Remark(
            span=instruction.span,
            message=f"the whole context is copied and no .dockerignore keeps anything back{found}",
            fix="a .dockerignore that begins with * and brings back what is needed; lightship init writes one",
            unpacked_bytes=total or None,
            how=f"{format_bytes(total)} of the context" if total else "",
        )


def _unwanted(context: Context) -> dict[str, int]:
    """Bytes by the name of what is never wanted, largest first."""
    found: dict[str, int] = {}
    for path, size in context.files.items():
        parts = path.split("/")
        name = next((part for part in parts if part in _UNWANTED), None)
        if name is not None:
            found[name] = found.get(name, 0) + size
    return dict(sorted(found.items(), key=lambda item: -item[1]))


RULE = Rule(
    code="no-dockerignore",
    family="security",
    severity="warning",
    safety=None,
    title="no .dockerignore, and the whole context is copied",
    find=_find,
    doc=__doc__,
)
