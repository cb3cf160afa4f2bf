"""An install that may change what the lock says.

What it does
============
Finds ``npm install``, ``yarn`` and ``pnpm install`` without ``--frozen-lockfile`` or with ``--no-frozen-lockfile``,
``uv sync`` without ``--locked`` or ``--frozen``, ``pipenv install`` without ``--deploy``, where the context has the
lock, or is not known.

Why
===
The image is then not what was tested: a lock that does not fit is mended silently, inside the build. Two builds of
one commit differ.

Bad
===
::

    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN npm install
    USER node

Good
====
::

    FROM node:22-slim
    COPY package.json package-lock.json ./
    RUN npm ci
    USER node

References
==========
docs.npmjs.com, "npm ci" 11; pnpm 10, "pnpm install"; yarnpkg.com 4, "yarn install"; docs.astral.sh, uv 0.8, "Locking
and syncing".
"""

from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.lint.actions import Action
from lightship.lint.install_files import LOCKS, lock_is_there, npm_lock_fits
from lightship.lint.rewriting import add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_OTHERWISE = frozenset(
    {
        "-g", "--global", "--package-lock-only", "--no-package-lock", "--no-save", "--no-lockfile", "--upgrade", "-U",
        "-P", "--upgrade-package", "--directory", "--project", "--prefix", "--cwd", "-C", "--dir", "--script",
        "--skip-lock",
    }
)  # fmt: skip
"""Words that ask for another place or another lock."""
_OPTIONS = {
    "pnpm": ("--frozen-lockfile", "--offline"), "yarn": ("--frozen-lockfile", "--immutable", "--immutable-cache"),
    "bun": ("--frozen-lockfile",), "uv": ("--locked", "--frozen", "--no-sync"),
    "pipenv": ("--deploy", "--ignore-pipfile"),
}  # fmt: skip


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        for action in subject.actions(run) if run.keyword == "RUN" else ():
            if action.kind == "sync" and not _is_frozen(subject, run, action) and _has_lock(subject, action):
                text = " ".join(word.text for word in action.command.words)
                yield Remark(
                    span=action.command.span,
                    message=f"{text} may install something else than the lock says",
                    fix=_fix(action),
                    edits=_edits(action) if _is_sure(subject, run, action) else (),
                )


def _is_frozen(subject: Subject, run: Instruction, action: Action) -> bool:
    words = [word.value for word in action.command.words]
    if any(word.value is None and word.text.startswith("$") for word in action.command.words):
        return True  # an option may hide in a variable that an ARG, an ENV or the script itself sets
    if action.manager == "npm":
        return "ci" in words or "clean-install" in words or bool({"rebuild"} & {str(word) for word in words})
    if action.manager == "pipenv" and "sync" in words:
        return True
    if action.manager == "uv":
        environment = environment_at(subject.stages, run)
        if words[1:2] == ["pip"] or environment.get("UV_FROZEN", "") or environment.get("UV_LOCKED", ""):
            return True
    wanted = _OPTIONS.get(action.manager)
    return wanted is None or (action.has(*wanted) and not action.has("--no-frozen-lockfile"))


def _has_lock(subject: Subject, action: Action) -> bool:
    """Whether the context has a lock of that manager somewhere; True where the context is not known."""
    if subject.context is None:
        return True
    names = LOCKS[action.manager]
    return any(path.rpartition("/")[2] in names for path in subject.context.files)


def _fix(action: Action) -> str:
    return "npm ci" if action.manager == "npm" else f"{_OPTIONS[action.manager][0]}"


def _is_sure(subject: Subject, run: Instruction, action: Action) -> bool:
    """Whether the lock is there when the install runs, and fits as far as that can be told; whether the strict way
    takes the same words and undoes nothing."""
    words = {str(word.value) for word in action.command.words}
    if words & _OTHERWISE or action.packages or not lock_is_there(subject, run, action):
        return False
    if action.manager != "npm":
        return True
    # npm ci begins with an empty node_modules.
    return (
        subject.context is not None
        and npm_lock_fits(subject.context)
        and not any(
            each.manager == "npm" and each.kind == "install" and not each.has("-g", "--global")
            for other in (subject.instructions)
            if other[1].keyword == "RUN" and other[1].span.start <= run.span.start
            for each in subject.actions(other[1])
        )
    )


def _edits(action: Action) -> tuple[Edit, ...]:
    words = action.command.words
    if words[0].span == action.command.span and len(words) > 1:
        return ()
    if action.manager == "npm":
        verb = next((word for word in words if word.value in ("install", "i")), None)
        return (Edit(verb.span, "ci"),) if verb is not None else ()
    wrong = next((word for word in words if word.value == "--no-frozen-lockfile"), None)
    if wrong is not None:
        return (Edit(wrong.span, "--frozen-lockfile"),)
    verb_at = next((place for place, word in enumerate(words) if word.value in ("install", "i", "sync")), 0)
    added = add_option(action.command, _OPTIONS[action.manager][0], after=verb_at)
    return (added,) if added is not None else ()


RULE = Rule(
    code="unfrozen-install",
    family="cache order",
    severity="warning",
    safety="safe",
    title="an install that may change what the lock says",
    find=_find,
    doc=__doc__,
)
