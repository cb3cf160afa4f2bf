"""A COPY from a path that cannot exist.

What it does
============
Finds COPY and ADD sources that are not in the build context, or that ``.dockerignore`` keeps back; stages that
``--from`` names and nobody builds; and paths of a stage that nothing there can have made: a per-user site directory
without ``pip install --user``, a folder at the root of the file system that no line of the stage names.

Why
===
The build stops there, often after minutes. What ``.gitignore`` names, or is called like the output of a build
(``dist``, ``*.whl``), may be made before the build: a warning; and so it is where nothing of all that COPY names is in
the context, which then may be the wrong one. A pattern that matches nothing stops the classic builder alone, BuildKit
copies nothing: a note, and none for ``file.tx[t]``, the way to write a file that may not be there.

Bad
===
::

    FROM python:3.12-slim AS build
    RUN pip install --no-cache-dir flask==3.0
    FROM python:3.12-slim
    COPY --from=build /root/.local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages

Good
====
::

    FROM python:3.12-slim AS build
    RUN pip install --no-cache-dir --user flask==3.0
    FROM python:3.12-slim
    COPY --from=build /root/.local/lib/python3.12/site-packages /usr/local/lib/python3.12/site-packages

References
==========
docs.docker.com, "Dockerfile reference", COPY (2026); pip 25, "User installs".
"""

import posixpath
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from lightship.dockerfile.stages import Stage
from lightship.ecosystem.dockerignore import Ignore
from lightship.errors import InputError
from lightship.lint.paths import Copied, copies, is_below, resolved, source_stage
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Context, Subject
from lightship.units import format_names

__all__ = ["RULE"]

_USER_SITE = re.compile(r"/(root|home/[^/]+)/\.local/lib/python[^/]*(/site-packages.*)?")
_OUTPUTS = re.compile(r"dist|build|_build|target|out|bin|publish|.*\.(whl|jar|war|tar\.gz|tgz)")
_MAY_MISS = re.compile(r"\[[^]]\]")
_ALWAYS_THERE = frozenset(
    {"", "bin", "boot", "dev", "etc", "home", "lib", "lib64", "media", "mnt", "opt", "proc", "root", "run", "sbin",
     "srv", "sys", "tmp", "usr", "var"}
)  # fmt: skip
"""Folders of every distribution: what is in them only the base knows."""


def _find(subject: Subject) -> Iterator[Remark]:
    is_strange = _is_strange(subject)
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed:
            continue
        for copied in copies(subject, stage):
            from_ = copied.copy.from_
            if from_ is None and subject.context is not None:
                yield from _of_context(subject.context, copied, is_strange=is_strange)
            elif from_ is not None:
                source = source_stage(subject, copied)
                if source is not None:
                    yield from _of_stage(subject, source, copied)
                elif from_.isdigit():
                    yield Remark(
                        span=copied.instruction.span,
                        message=f"--from={from_} names a stage that is not built before this line",
                        fix="name an earlier stage: FROM … AS build, COPY --from=build",
                    )


def _of_context(context: Context, copied: Copied, *, is_strange: bool) -> Iterator[Remark]:
    """One remark for all that is kept back, one for all that is not there."""
    if not context.is_complete:
        return
    missing = [path for path in _named(copied) if not _is_sent(context, path)]
    kept_back = [path for path in missing if _is_kept_back(context, path)]
    is_back = frozenset(kept_back)
    absent = [path for path in missing if path not in is_back]
    if kept_back:
        yield Remark(
            span=copied.instruction.span,
            message=f"{format_names(kept_back)} {'is' if len(kept_back) == 1 else 'are'} kept back by .dockerignore",
            fix=f"bring it back with !{kept_back[0]} in .dockerignore",
        )
    if absent:
        patterns = all(set("*?[") & set(path) for path in absent)
        made = all(_is_made_before(context, path) for path in absent)
        yield Remark(
            span=copied.instruction.span,
            message=f"{format_names(absent)} {'is' if len(absent) == 1 else 'are'} not in the build context"
            + (", to be made before the build" if made else ", nor is anything else that COPY names" * is_strange),
            fix="make it in a stage of this file, COPY --from=it"
            if made
            else "name a path of the context, or give the right one with --context",
            severity="note" if patterns else "warning" if made or is_strange else None,
        )


def _named(copied: Copied) -> Iterator[str]:
    """The paths of the context that the sources name, each once; none of those that may miss."""
    for source in dict.fromkeys(copied.sources):
        if "://" in source or "$" in source or source.startswith(("git@", "<<")):
            continue
        path = posixpath.normpath(source.lstrip("/") or ".")
        is_pattern = bool(set("*?[") & set(path))
        if path in (".", "*") or ".." in path.split("/"):
            continue
        if is_pattern and (len(copied.sources) > 1 or _MAY_MISS.search(path)):
            continue  # a pattern beside others is how a file is copied that may not be there
        yield path


def _is_strange(subject: Subject) -> bool:
    """Whether the context has nothing of several paths that are to be copied: it is another's, or made by a script."""
    context = subject.context
    if context is None:
        return False
    named = {
        path
        for stage in subject.stages.stages
        if stage.index in subject.stages.needed
        for copied in copies(subject, stage)
        if copied.copy.from_ is None
        for path in _named(copied)
    }
    return len(named) > 1 and not any(_is_sent(context, path) or _is_kept_back(context, path) for path in named)


def _is_kept_back(context: Context, path: str) -> bool:
    return any(
        _fits(path, each.rstrip("/")) or is_below("/" + path, "/" + each.rstrip("/")) for each in context.left_out
    )


def _is_made_before(context: Context, path: str) -> bool:
    """Whether it is what a build leaves, by its name or since ``.gitignore`` keeps it out of the repository."""
    if _OUTPUTS.fullmatch(posixpath.basename(path)):
        return True
    try:
        return Ignore.parse(_anywhere(context.read(".gitignore") or "")).matches(path)
    except InputError:
        return False


def _anywhere(gitignore: str) -> str:
    """Patterns of ``.gitignore`` as those of ``.dockerignore``: without a slash they count in every folder."""
    lines = (line.strip() for line in gitignore.splitlines())
    return "\n".join(
        line if line.startswith(("#", "!", "/")) or "/" in line.rstrip("/") else f"**/{line}" for line in lines if line
    )


def _is_sent(context: Context, path: str) -> bool:
    if path in context.files or path in context.directories:
        return True
    if not set("*?[") & set(path):
        return False
    return any(_fits(path, each) for each in (*context.files, *context.directories))


def _fits(pattern: str, path: str) -> bool:
    """Docker's patterns are those of ``.dockerignore`` but for ``!`` and ``**``."""
    ignore = _as_ignore(pattern)
    return ignore is None or ignore.matches(path)


@lru_cache(maxsize=64)
def _as_ignore(pattern: str) -> Ignore | None:
    """It is asked about every path of the context. None for what is no pattern."""
    try:
        return Ignore.parse(pattern.lstrip("!#"))
    except InputError:
        return None


def _of_stage(subject: Subject, source: Stage, copied: Copied) -> Iterator[Remark]:
    for path in copied.sources:
        if "$" in path:
            continue
        absolute = "/" + path.lstrip("/")
        if _USER_SITE.fullmatch(absolute.rstrip("/")):
            if not _may_have_user_site(subject, source):
                yield Remark(
                    span=copied.instruction.span,
                    message=f"{path} does not exist in stage {subject.stages.label(source)}: pip installs there only "
                    "with --user",
                    fix="copy an environment made at its final path (python -m venv), or pip install --user",
                )
        elif not _may_exist(subject, source, absolute):
            yield Remark(
                span=copied.instruction.span,
                message=f"nothing in stage {subject.stages.label(source)} makes {path}",
                fix="copy from the path where the stage puts it",
            )


def _lineage(subject: Subject, stage: Stage) -> Iterator[Stage]:
    current: Stage | None = stage
    while current is not None:
        yield current
        current = subject.stages.stages[current.base_stage] if current.base_stage is not None else None


def _may_have_user_site(subject: Subject, stage: Stage) -> bool:
    """Only ``--user``, ``PIP_USER``, ``PYTHONUSERBASE`` or a line that names the place, or an own base, make it."""
    for each in _lineage(subject, stage):
        for instruction in each.instructions:
            text = instruction.argument.text
            if instruction.keyword in ("ENV", "ARG") and ("PIP_USER" in text or "PYTHONUSERBASE" in text):
                return True
            if instruction.keyword in ("COPY", "ADD", "RUN") and ".local" in text:
                return True
            if instruction.keyword == "RUN":
                script = subject.script(instruction)
                if not script.understood or any(
                    action.manager == "pip" and action.has("--user") for action in subject.actions(instruction)
                ):
                    return True
                if any(
                    command.name in ("pipx", "make", "sh", "bash") or not command.name for command in script.commands
                ):
                    return True
            if instruction.keyword == "USER" and instruction.argument.text.strip() not in ("root", "0"):
                return True  # pip falls back to the user site where it may not write elsewhere
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What the lines of a stage and of those it is FROM name: what stands after each slash, sorted, and the folders at
    the root in which they work. ``is_open`` where they, or the base, may make anything."""

    named: tuple[str, ...]
    folders: frozenset[str]
    is_open: bool

    def may_have(self, top: str) -> bool:
        place = bisect_left(self.named, top)
        is_named = place < len(self.named) and self.named[place].startswith(top)
        return self.is_open or is_named or top in self.folders


def _no_stages(_subject: Subject) -> dict[int, _Made]:
    return {}


def _made(subject: Subject, stage: Stage) -> _Made:
    known = subject.once(_no_stages)
    if stage.index not in known:
        lines = [each for stages in _lineage(subject, stage) for each in stages.instructions]
        texts = [text for each in lines for text in (each.argument.text, *(flag.value or "" for flag in each.flags))]
        known[stage.index] = _Made(
            named=tuple(sorted({part for text in texts for part in text.split("/")[1:]})),
            folders=frozenset(resolved(subject, each, ".").split("/")[1] for each in lines),
            is_open=any(each.base_stage is None and not _is_plain(each.base) for each in _lineage(subject, stage))
            or any(each.keyword == "RUN" and not subject.script(each).understood for each in lines),
        )
    return known[stage.index]


def _may_exist(subject: Subject, stage: Stage, path: str) -> bool:
    """False only for a folder at the root that neither a distribution has nor any line of the stage names."""
    top = path.split("/")[1]
    return top in _ALWAYS_THERE or bool(set("*?[") & set(top)) or _made(subject, stage).may_have(top)


def _is_plain(base: str) -> bool:
    """An official base, whose root is that of its distribution: others may bring anything."""
    from lightship.ecosystem.base_images import known_base

    known = known_base(base)
    return known is not None and known.official


RULE = Rule(
    code="missing-copy-source",
    family="correctness",
    severity="error",
    safety=None,
    title="a COPY from a path that cannot exist",
    find=_find,
    doc=__doc__,
)
