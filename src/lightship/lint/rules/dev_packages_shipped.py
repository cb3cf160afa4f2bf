"""Packages for building are in the image.

What it does
============
Finds packages of headers and link libraries (``libpq-dev``, ``openssl-devel``) that a stage that ships installs and
keeps.

Why
===
Only a compiler reads them. What runs needs the library alone, which the ``-dev`` package brings as a dependency: the
fix names it, where it is known. Wheels from an index bring theirs.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends libpq-dev curl && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends libpq5 curl && rm -rf /var/lib/apt/lists/*

References
==========
Debian Policy 4.7, 8.4 "Development files"; names of libraries are those of Debian 12.
"""

from collections.abc import Iterator
from itertools import groupby

from lightship.dockerfile.model import Instruction
from lightship.ecosystem.base_images import known_base
from lightship.facts.development_packages import LIBRARY_OF
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import drop_packages, kept_packages
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_SUFFIXES = ("-dev", "-devel", "-headers")
_COMPILERS = frozenset(
    {"gcc", "g++", "cc", "c++", "clang", "make", "cmake", "build-essential", "pkg-config", "python3-dev", "cargo", "ld"}
)


def _find(subject: Subject) -> Iterator[Remark]:
    found = [each for each in kept_packages(subject) if each.name.endswith(_SUFFIXES)]
    for _, group in groupby(found, key=lambda each: each.action.command.span):
        packages = list(group)
        names = tuple(each.name for each in packages)
        libraries = tuple(LIBRARY_OF[name] for name in names if name in LIBRARY_OF)
        all_known = len(libraries) == len(names) and packages[0].action.manager == "apt"
        cost = subject.costs.of_packages(packages[0].stage, names)
        yield Remark(
            span=packages[0].action.command.span,
            message=f"{format_names(names)}: only a compiler reads {'it' if len(names) == 1 else 'them'}",
            fix=f"install {format_names(libraries)} instead"
            if all_known
            else "install the libraries that they are for, "
            "or nothing where wheels bring theirs; compile in a stage that does not ship",
            edits=drop_packages(packages, libraries) if all_known and _is_for_nothing(subject, packages[0].run) else (),
            unpacked_bytes=cost.unpacked_bytes,
            compressed_bytes=cost.compressed_bytes,
            how=cost.how,
        )


def _is_for_nothing(subject: Subject, run: Instruction) -> bool:
    """Whether the release is the one whose names are known, and no compiler is there that would read the headers."""
    stage = subject.stages.of(run)
    known = known_base(subject.stages.chain(stage)[0].base) if stage is not None else None
    if known is None or known.family != "debian" or known.release != "bookworm":
        return False
    if (known.has_python or known.has_node) and not known.slim:
        return False
    return not subject.once(_compiles)


def _compiles(subject: Subject) -> bool:
    runs = [each for _, each in subject.shipped if each.keyword == "RUN"]
    names = {
        name for each in runs for action in subject.actions(each) if action.kind == "install" for name in action.names
    }
    called = {command.name for each in runs for command in subject.script(each).commands}
    return bool(names & _COMPILERS or called & _COMPILERS)


RULE = Rule(
    code="dev-packages-shipped",
    family="what ships",
    severity="warning",
    safety="closure",
    title="packages for building are in the image",
    find=_find,
    doc=__doc__,
)
