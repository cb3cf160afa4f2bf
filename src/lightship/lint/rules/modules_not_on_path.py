"""Modules are copied to where Python does not look.

What it does
============
Finds ``site-packages`` and folders of installed packages (``pip install --target``) that a stage that ships copies to
a place which is neither an interpreter's own, nor in ``PYTHONPATH``, nor in an environment.

Why
===
The build is green, and the first import of the first start fails: ``./site-packages`` beside the program is not on
``sys.path``; only the program's own folder is.

Bad
===
::

    FROM python:3.12-slim AS build
    RUN pip install --no-cache-dir --target /packages flask==3.0
    FROM python:3.12-slim
    WORKDIR /app
    COPY --from=build /packages ./site-packages
    CMD ["python", "main.py"]

Good
====
::

    FROM python:3.12-slim AS build
    RUN pip install --no-cache-dir --target /packages flask==3.0
    FROM python:3.12-slim
    ENV PYTHONPATH=/app/site-packages
    WORKDIR /app
    COPY --from=build /packages ./site-packages
    CMD ["python", "main.py"]

References
==========
docs.python.org 3.14, "sys.path initialization", "site".
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Span
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.stages import Stage
from lightship.lint.paths import Copied, copies, is_below, resolved, source_stage
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_HOMES = re.compile(
    r"/usr/local/lib/python3(\.\d+)?/(site|dist)-packages(/.*)?|/usr/lib/python3(\.\d+)?/(site|dist)-packages(/.*)?|"
    r"/(root|home/[^/]+)/\.local(/lib(/python3\.\d+/site-packages)?)?|.*/lib/python3\.\d+/site-packages(/.*)?|"
    r"/usr/local(/lib(/python3(\.\d+)?)?)?|/usr"
)
_NAMES = ("site-packages", "dist-packages")


def _find(subject: Subject) -> Iterator[Remark]:
    target = subject.stages.stages[subject.stages.target]
    if not target.instructions:
        return
    environment = environment_at(subject.stages, target.instructions[-1])
    path = environment.get("PYTHONPATH", "")
    if path is None:
        return
    on_path = [each for each in path.split(":") if each]
    for stage in subject.stages.shipped:
        for copied in copies(subject, stage):
            if not _holds_modules(subject, copied) or _HOMES.fullmatch(copied.destination):
                continue
            if any(is_below(copied.destination, each.rstrip("/") or "/") for each in on_path):
                continue
            if _names_it(subject, copied.destination):
                continue
            place = copied.instruction.span.start
            newline = "\r\n" if "\r\n" in subject.dockerfile.text else "\n"
            set_already = "PYTHONPATH" in environment
            yield Remark(
                span=copied.instruction.span,
                message=f"{copied.destination} is not on sys.path: nothing in it can be imported",
                fix=f"ENV PYTHONPATH={copied.destination}, or copy an environment made at its final path",
                edits=()
                if set_already or copied.destination.startswith("/?") or set(copied.destination) & set("$ :*?\"'")
                else (Edit(Span(place, place), f"ENV PYTHONPATH={copied.destination}{newline}"),),
            )


def _holds_modules(subject: Subject, copied: Copied) -> bool:
    source = source_stage(subject, copied)
    for path in copied.sources:
        if path.rstrip("/").endswith(_NAMES) and copied.copy.from_ is not None:
            return True
        if source is None:
            continue
        if "/" + path.strip("/") in _targets(subject, source):
            return True
    return False


def _no_stages(_subject: Subject) -> dict[int, frozenset[str]]:
    return {}


def _targets(subject: Subject, stage: Stage) -> frozenset[str]:
    """The folders into which the stage has pip or uv install."""
    known = subject.once(_no_stages)
    if stage.index not in known:
        known[stage.index] = frozenset(
            resolved(subject, instruction, folder)
            for instruction in stage.instructions
            for action in subject.actions(instruction)
            if action.manager in ("pip", "uv") and (folder := action.value("-t", "--target"))
        )
    return known[stage.index]


def _names_it(subject: Subject, folder: str) -> bool:
    """Whether a later line puts it on the path by other means: a ``.pth`` file, ``PYTHONPATH=`` of CMD."""
    return any(
        ".pth" in instruction.argument.text
        or ("PYTHONPATH" in instruction.argument.text and folder in instruction.argument.text)
        for _, instruction in subject.shipped
        if instruction.keyword in ("RUN", "CMD", "ENTRYPOINT")
    )


RULE = Rule(
    code="modules-not-on-path",
    family="correctness",
    severity="error",
    safety=None,
    title="modules are copied to where Python does not look",
    find=_find,
    doc=__doc__,
)
