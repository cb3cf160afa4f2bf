"""A compiler is in the image.

What it does
============
Finds compilers and what goes with them (``build-essential``, ``gcc``, ``cmake``, ``rustc`` …) that a stage that ships
installs and keeps.

Why
===
They are 200 MB and more that nothing runs, and what an intruder wants first. Compile in a stage that does not ship
and copy the result.

Bad
===
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl build-essential && rm -rf /var/lib/apt/lists/*

Good
====
::

    FROM debian:bookworm-slim
    RUN apt-get update && apt-get install -y --no-install-recommends curl && rm -rf /var/lib/apt/lists/*

References
==========
docs.docker.com, "Multi-stage builds" (2026).
"""

import re
from collections.abc import Iterator
from itertools import groupby

from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import drop_packages, is_called, kept_packages
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]

_COMPILERS = re.compile(
    r"(build-essential|build-base|alpine-sdk|base-devel|gcc|g\+\+|cpp|clang|llvm|gfortran|gcc-gfortran|make|gmake|cmake|"
    r"ninja|ninja-build|ninja-is-really-ninja|meson|autoconf|automake|libtool|pkg-config|pkgconf|pkgconfig|rustc|rust|"
    r"cargo|rustup|golang|golang-go|go|swig|bison|flex|patchelf|ccache|gcc-c\+\+|musl-dev|linux-headers|nvidia-cuda-toolkit|"
    r"cuda-nvcc|binutils)(-\d[\w.-]*)?"
)


def _find(subject: Subject) -> Iterator[Remark]:
    found = [each for each in kept_packages(subject) if _COMPILERS.fullmatch(each.name)]
    found = [each for each in found if not is_called(subject, (each.name,))]
    for _, group in groupby(found, key=lambda each: each.action.command.span):
        packages = list(group)
        names = tuple(each.name for each in packages)
        cost = subject.costs.of_packages(packages[0].stage, names)
        yield Remark(
            span=packages[0].action.command.span,
            message=f"{format_names(names)} {'stays' if len(names) == 1 else 'stay'} in the image",
            fix="compile in a stage of its own and COPY --from=it what came of it",
            edits=drop_packages(packages),
            unpacked_bytes=cost.unpacked_bytes,
            compressed_bytes=cost.compressed_bytes,
            how=cost.how,
        )


RULE = Rule(
    code="compilers-shipped",
    family="what ships",
    severity="warning",
    safety="closure",
    title="a compiler is in the image",
    find=_find,
    doc=__doc__,
)
