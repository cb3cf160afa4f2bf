"""A variable is used where it is empty.

What it does
============
Finds ``$NAME`` in a stage on a known base where only an ARG above the first FROM gives NAME a value. Variables that
the official images set themselves (``PYTHON_VERSION``, ``NODE_VERSION``) are left alone, and those with a default
where they are used (``${NAME:-…}``). And variables of an ENV that the same ENV uses.

Why
===
An ARG above FROM counts in FROM lines alone. In the stage the name is empty without a word: ``pip install uv==``
fails, ``rm -rf /opt/$NAME/lib`` and ``curl …/v$VERSION/…`` do something else than was meant. All values of one ENV
are worked out before any of them counts: ``ENV VIRTUAL_ENV=/venv PATH=$VIRTUAL_ENV/bin:$PATH`` puts ``/bin`` first.

Bad
===
::

    ARG UV_VERSION=0.8.9
    FROM python:3.12-slim
    RUN pip install --no-cache-dir uv==${UV_VERSION}

Good
====
::

    ARG UV_VERSION=0.8.9
    FROM python:3.12-slim
    ARG UV_VERSION
    RUN pip install --no-cache-dir uv==${UV_VERSION}

References
==========
docs.docker.com, "Dockerfile reference", "Understand how ARG and FROM interact", "Environment replacement" (2026);
BuildKit check UndefinedVar, which does not look into RUN; hadolint DL3044.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.settings import AUTOMATIC_ARGUMENTS
from lightship.dockerfile.views import pairs_of
from lightship.ecosystem.base_images import known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_OF_IMAGES = re.compile(r"PATH|LANG|GPG_KEY|(PYTHON|NODE|YARN)_\w+|(HTTPS?|FTP|NO|ALL)_PROXY", re.IGNORECASE)
"""Variables of the official images, and those that the builder hands on by itself."""
_OFFICIAL = re.compile(r"(docker\.io/)?(library/)?(python|node|debian|ubuntu|alpine|buildpack-deps)([:@].*)?")
_USED = re.compile(r"(?<![\\$])\$(?:(\w+)|\{(\w+)[}%#/])")
_GIVEN = re.compile(r"\b(\w+)=|\b(?:for|read)\s+(\w+)")
_EXPANDS = frozenset({"RUN", "COPY", "ADD", "ENV", "WORKDIR", "USER", "LABEL", "EXPOSE", "VOLUME", "STOPSIGNAL"})


def _find(subject: Subject) -> Iterator[Remark]:
    yield from _outside(subject)
    for _, instruction in subject.instructions:
        if instruction.keyword == "ENV":
            yield from _beside(subject, instruction)


def _beside(subject: Subject, instruction: Instruction) -> Iterator[Remark]:
    """Variables that nothing has set before this ENV, which uses them."""
    known = environment_at(subject.stages, instruction)
    pairs = pairs_of(instruction)
    names = {pair.name for pair in pairs if pair.name not in known} - {"PATH", "LD_LIBRARY_PATH", "PYTHONPATH"}
    for pair in pairs:
        used = sorted((names & _named(pair.value or "")) - {pair.name})
        if used:
            yield Remark(
                span=pair.span,
                message=f"{used[0]} has no value yet here: it gets one when this ENV ends",
                fix=f"ENV {pair.name} on a line of its own below",
            )


def _outside(subject: Subject) -> Iterator[Remark]:
    outside = _global_names(subject)
    for stage in subject.stages.stages if outside else ():
        base = subject.stages.chain(stage)[0].base
        if stage.index not in subject.stages.needed or not _sets_nothing(base):
            continue
        waiting = dict.fromkeys(outside)
        for instruction in stage.instructions:
            named = waiting.keys() & _named(instruction.argument.text) if instruction.keyword in _EXPANDS else ()
            known = environment_at(subject.stages, instruction)
            own = _set_by(instruction) if named else set()
            for name in [each for each in waiting if each in named] if named else ():
                if name not in known and name not in own:
                    del waiting[name]
                    yield Remark(
                        span=instruction.span,
                        message=f"{name} is empty here: its ARG stands above FROM, and counts in FROM lines alone",
                        fix=f"ARG {name} below FROM of this stage: it keeps its value",
                    )


def _global_names(subject: Subject) -> list[str]:
    first = subject.stages.stages[0].start.span.start
    return [
        pair.name
        for instruction in subject.dockerfile.instructions
        if instruction.keyword == "ARG" and instruction.span.start < first
        for pair in pairs_of(instruction)
        if pair.name not in AUTOMATIC_ARGUMENTS and not _OF_IMAGES.fullmatch(pair.name)
    ]


def _sets_nothing(base: str) -> bool:
    """Whether the base is one whose variables are known."""
    known = known_base(base)
    return base == "scratch" or (known is not None and known.official and bool(_OFFICIAL.fullmatch(base)))


def _set_by(instruction: Instruction) -> set[str]:
    """The variables that a RUN gives a value itself."""
    found = _GIVEN.findall(instruction.argument.text) if instruction.keyword == "RUN" else []
    return {assigned or read for assigned, read in found}


def _named(text: str) -> set[str]:
    """The variables whose bare value a text asks for."""
    return {plain or braced for plain, braced in _USED.findall(text)}


RULE = Rule(
    code="empty-variable",
    family="correctness",
    severity="warning",
    safety=None,
    title="a variable is used where it is empty",
    find=_find,
    doc=__doc__,
)
