"""The build may run out of memory.

What it does
============
Estimates what the stages of a build need when BuildKit runs them side by side: the heaps of front-end bundlers
(``NODE_OPTIONS``, else by the number of packages), and compilers for packages of the lock that have no wheel. It
remarks where that is more than the runner has (``--runner-memory``, 8 GB unless told).

Why
===
The kernel ends the build without a word: exit status 137, "Killed", minutes in. Stages one after the other, a capped
heap or fewer compilers do with less.

Bad
===
::

    FROM node:22-slim AS web
    COPY web/ .
    ENV NODE_OPTIONS=--max-old-space-size=8192
    RUN npm run build
    FROM python:3.12-slim
    COPY --from=web /dist /srv
    USER 1000

Good
====
::

    FROM node:22-slim AS web
    COPY web/ .
    ENV NODE_OPTIONS=--max-old-space-size=3072
    RUN npm run build
    FROM python:3.12-slim
    COPY --from=web /dist /srv
    USER 1000

References
==========
lightship's estimate with its sources: src/lightship/ecosystem/project/memory.py.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.ecosystem.base_images import known_base
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.memory import Demand, MemoryNeed, front_end_need, sdist_need, shortage
from lightship.ecosystem.project.node import FrontEnd, find_front_ends
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Context, Subject

__all__ = ["RULE"]

_HEAP = re.compile(r"--max[-_]old[-_]space[-_]size=(\d{1,6})")
_UNKNOWN = FrontEnd(directory="", kind="vite", manager="npm", lock=None, node=22, output="dist", mode="static")


def _find(subject: Subject) -> Iterator[Remark]:
    fronts = subject.context.once(_front_ends) if subject.context is not None else ()
    needs: list[MemoryNeed] = []
    places: list[Instruction] = []
    for stage, run in subject.instructions:
        if run.keyword != "RUN":
            continue
        label = stage.name or str(stage.index)
        need = _of_bundler(subject, run, label, fronts) or _of_compilers(subject, run, label, stage.base)
        if need is not None:
            needs.append(need)
            places.append(run)
    said = shortage(Demand(needs=tuple(needs)), subject.runner_gb) if needs else None
    if said is None:
        return
    largest = max(range(len(needs)), key=lambda place: needs[place].peak_mb)
    message, _, fix = said.partition(": ")
    yield Remark(
        span=places[largest].span,
        message=f"{message} ({'; '.join(need.why for need in needs)})",
        fix=fix or "a larger runner",
    )


def _front_ends(context: Context) -> tuple[FrontEnd, ...]:
    return find_front_ends(ProjectFiles(tuple(context.files), lambda path: (context.read(path) or "").encode()))


def _of_bundler(subject: Subject, run: Instruction, label: str, fronts: tuple[FrontEnd, ...]) -> MemoryNeed | None:
    commands = subject.script(run).commands
    builds = any(
        (each.name in ("npm", "pnpm", "yarn", "bun") and any(str(word).startswith("build") for word in each.arguments))
        or (each.name in ("next", "vite") and "build" in each.arguments)
        for each in commands
    )
    if not builds:
        return None
    options = environment_at(subject.stages, run).get("NODE_OPTIONS") or ""
    options += " ".join(text for each in commands for text in each.assignments)
    limit = _HEAP.search(options)
    need = front_end_need(fronts[0] if fronts else _UNKNOWN, heap_mb=int(limit[1]) if limit else None)
    return MemoryNeed(stage=label, peak_mb=need.peak_mb, why=need.why, cap=need.cap)


def _of_compilers(subject: Subject, run: Instruction, label: str, base: str) -> MemoryNeed | None:
    actions = [each for each in subject.actions(run) if each.manager in ("pip", "uv", "poetry", "pdm")]
    if not any(each.kind == "sync" or each.value("-r", "--requirement") for each in actions):
        return None
    known = known_base(base)
    facts = subject.lock(known) if known is not None else None
    if facts is None or known is None:
        return None
    lacking = {offer.name for offer in facts.of_kind("source")}
    if known.libc == "musl":
        lacking |= {offer.name for offer in facts.without_musl}
    need = sdist_need(lacking)
    return MemoryNeed(stage=label, peak_mb=need.peak_mb, why=need.why, cap=need.cap) if need is not None else None


RULE = Rule(
    code="build-memory",
    family="resources",
    severity="warning",
    safety=None,
    title="the build may run out of memory",
    find=_find,
    doc=__doc__,
)
