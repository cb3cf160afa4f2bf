"""A package of the lock needs something that the image has not.

What it does
============
Finds packages of the lock that load a library or start a program which no wheel brings (python-magic, pdf2image,
pytesseract, pydub, weasyprint …), where no stage that ships installs it, on an official Debian base. What only starts
a program when it is called is a note: an application may never call it.

Why
===
The import, or the first call, fails at run time: "failed to find libmagic", "Is poppler installed and in PATH?".

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
    RUN apt-get update && apt-get install -y --no-install-recommends libmagic1 && rm -rf /var/lib/apt/lists/*
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev --compile-bytecode
    USER 1000

References
==========
lightship's table of system libraries, each row with its source: src/lightship/ecosystem/project/system_libraries.py.
"""

from collections.abc import Iterator

from lightship.ecosystem.base_images import known_base
from lightship.ecosystem.project.system_libraries import SystemNeed, runtime_needs
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import kept_packages
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_COPIED_IN = ("/usr", "/opt", "/bin", "/lib")
"""Where programs land that another image's stage brings."""


def _find(subject: Subject) -> Iterator[Remark]:
    stages = subject.stages
    known = known_base(stages.shipped[0].base)
    if known is None or not known.official or known.family not in ("debian", "ubuntu") or not known.has_python:
        return
    facts = subject.lock(known)
    if facts is None:
        return
    names = {offer.name for offer in facts.offers}
    compiled = {offer.name for offer in facts.of_kind("source")}
    kept = {each.name for each in kept_packages(subject)}
    programs: list[tuple[SystemNeed, list[str]]] = []
    span = stages.stages[stages.target].start.span
    for need in runtime_needs(names, compiled):
        lacking = [name for name in need.runtime if not _is_there(subject, name, kept)]
        if lacking and need.program:
            programs.append((need, lacking))
        elif lacking and known.slim:
            yield Remark(
                span=span,
                message=f"{need.package} {need.why}, and {format_names(lacking)} is installed nowhere",
                fix=f"apt-get install --no-install-recommends {' '.join(lacking)} ({need.source})",
            )
    if programs:
        yield Remark(
            span=span,
            message="; ".join(f"{need.package} {need.why}" for need, _ in programs) + ": none of these is installed",
            fix="apt-get install --no-install-recommends what the application really calls of "
            + " ".join(dict.fromkeys(name for _, lacking in programs for name in lacking)),
            severity="note",
        )


def _is_there(subject: Subject, name: str, kept: set[str]) -> bool:
    """Installed by that name or as headers, or named by a line that copies or downloads it."""
    stem = name.rstrip("0123456789.-")
    if name in kept or any(each.startswith(stem) for each in kept):
        return True
    program = name.partition("-")[0]
    return any(
        program in instruction.argument.text or any(program in (flag.value or "") for flag in instruction.flags)
        for _, instruction in subject.shipped
        if instruction.keyword in ("COPY", "ADD", "RUN") and len(program) > 2
    )


RULE = Rule(
    code="missing-system-library",
    family="special binaries",
    severity="warning",
    safety=None,
    title="a package of the lock needs something that the image has not",
    find=_find,
    doc=__doc__,
)
