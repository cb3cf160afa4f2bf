"""Dependencies of the development are in the image.

What it does
============
Finds ``uv sync``, ``poetry install`` and ``pdm install`` that also install the groups for development, in stages whose
environment gets into the image. Silent where the project's ``pyproject.toml`` is known and has no such group.

Why
===
All three install them unless they are told not to: test runners, linters and type checkers, in the image of every
node, with whatever faults their packages have.

Bad
===
::

    FROM python:3.12-slim
    WORKDIR /app
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-install-project
    COPY . .
    CMD [".venv/bin/python", "-m", "app"]

Good
====
::

    FROM python:3.12-slim
    WORKDIR /app
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-install-project --no-dev
    COPY . .
    CMD [".venv/bin/python", "-m", "app"]

References
==========
docs.astral.sh, uv 0.8, "Dependency groups", default groups; python-poetry.org 2.1, "install"; pdm-project.org 2.22,
"install".
"""

import tomllib
from collections.abc import Iterator, Mapping

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.lint.actions import Action
from lightship.lint.rewriting import add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import reaches_image
from lightship.lint.subject import Context, Subject

__all__ = ["RULE"]

_WITHOUT = {
    "uv": ("--no-dev", "--no-default-groups", "--only-group", "--no-group"),
    "poetry": ("--no-dev", "--only", "--without"),
    "pdm": ("--no-dev", "--prod", "--production", "--no-default"),
}
_OPTION = {"uv": "--no-dev", "poetry": "--without=dev", "pdm": "--prod"}
_FOR_DEVELOPMENT = frozenset(
    {
        "dev", "development", "develop", "test", "tests", "testing", "lint", "linting", "format", "style", "types",
        "typing", "typecheck", "mypy", "docs", "doc", "ci", "debug", "release",
    }
)  # fmt: skip
"""How groups of Poetry are called that no application runs with; others may be a part of it."""
_VARIABLES = {"uv": ("UV_NO_DEV", "UV_NO_DEFAULT_GROUPS", "UV_NO_GROUP"), "poetry": ("POETRY_WITHOUT", "POETRY_ONLY")}
_OFF = ("", "0", "false", "no", "off")


def _find(subject: Subject) -> Iterator[Remark]:
    known = subject.context.once(_groups) if subject.context is not None else None
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed or not reaches_image(subject, stage):
            continue
        for run in stage.instructions:
            for action in subject.actions(run) if run.keyword == "RUN" else ():
                if _installs_all(subject, run, action) and (known is None or known.get(action.manager)):
                    yield _remark(action, known)


def _installs_all(subject: Subject, run: Instruction, action: Action) -> bool:
    without = _WITHOUT.get(action.manager)
    words = action.command.words
    if without is None or action.kind != "sync" or (words[1:2] and words[1].value == "pip") or action.has(*without):
        return False
    if any(word.value is None and word.text.startswith(("$", '"$')) for word in words):
        return False  # an option may hide in a variable
    environment = environment_at(subject.stages, run)
    given = [each.partition("=")[0] for each in action.command.assignments]
    names = _VARIABLES.get(action.manager, ())
    return not any(name in given or environment.get(name, "") not in _OFF for name in names)


def _groups(context: Context) -> Mapping[str, tuple[str, ...]] | None:
    """The groups for development that each installer installs unasked; None where that cannot be told."""
    paths = [path for path in context.files if path.rpartition("/")[2] == "pyproject.toml" and path.count("/") < 3]
    found: dict[str, tuple[str, ...]] = {}
    for path in paths:
        try:
            document = tomllib.loads(context.read(path) or "")
        except (tomllib.TOMLDecodeError, RecursionError):
            return None
        for manager, names in _of(document):
            found[manager] = (*found.get(manager, ()), *names)
    return found if paths else None


def _of(document: Mapping[str, object]) -> Iterator[tuple[str, list[str]]]:
    tool, groups = _table(document, "tool"), _table(document, "dependency-groups")
    uv, poetry, pdm = (_table(tool, name) for name in ("uv", "poetry", "pdm"))
    defaults = uv.get("default-groups", ["dev"])
    named = [each for each in defaults if isinstance(each, str)] if isinstance(defaults, list) else list(groups)
    yield "uv", [name for name in named if groups.get(name)] + ["dev"] * bool(uv.get("dev-dependencies"))
    own = [name for name in _table(poetry, "group") if not _table(_table(poetry, "group"), name).get("optional")]
    legacy = ["dev"] * bool(poetry.get("dev-dependencies"))
    yield "poetry", [name for name in (*own, *groups, *legacy) if name in _FOR_DEVELOPMENT]
    yield "pdm", [*_table(pdm, "dev-dependencies"), *groups]


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _remark(action: Action, known: Mapping[str, tuple[str, ...]] | None) -> Remark:
    option = _OPTION[action.manager]
    if action.manager == "poetry":  # which refuses the name of a group that is not there
        option = f"--without={','.join(dict.fromkeys(known['poetry'])) if known is not None else 'dev'}"
    words = action.command.words
    verb = next((place for place, word in enumerate(words) if word.value in ("sync", "install")), 0)
    edit = add_option(action.command, option, after=verb) if action.manager != "poetry" or known is not None else None
    return Remark(
        span=action.command.span,
        message=f"{action.manager} installs the groups for development too, and the image has them",
        fix=f"{option}, and the groups that the application needs by name",
        edits=(edit,) if edit is not None else (),
    )


RULE = Rule(
    code="dev-dependencies-shipped",
    family="what ships",
    severity="warning",
    safety="closure",
    title="dependencies of the development are in the image",
    find=_find,
    doc=__doc__,
)
