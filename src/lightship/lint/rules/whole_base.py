"""The whole of Debian, with compilers, under a Python application.

What it does
============
Finds a target built on the full variant of an official language image (``python:3.12``, ``node:22``), where a
``-slim`` variant of the same release is there.

Why
===
The full variants hold compilers, headers and version-control programs for people who build: about 350 MB compressed
that a running application never opens. Build on the full one, run on the slim one.

Bad
===
::

    FROM python:3.12-bookworm
    USER 1000
    CMD ["python", "-m", "app"]

Good
====
::

    FROM python:3.12-slim-bookworm
    USER 1000
    CMD ["python", "-m", "app"]

References
==========
hub.docker.com, "python", image variants (2026); docs/concepts/bases.md.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.views import from_of
from lightship.ecosystem.base_images import known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject

__all__ = ["RULE"]


_TAG = re.compile(r"(?:latest|(?:(\d+(?:\.\d+)*(?:-?(?:a|b|rc)\d*)?|lts|current)-?)?(bullseye|bookworm|trixie)?)")
_OF_THE_WHOLE = frozenset(
    {
        "git", "hg", "svn", "bzr", "curl", "wget", "gcc", "cc", "g++", "c++", "make", "cmake", "autoconf", "automake",
        "patch", "file", "unzip", "xz", "bzip2", "convert", "mysql_config", "pg_config", "gpg", "ssh", "dpkg-dev",
        "dpkg-buildpackage", "libtool", "pkg-config",
    }
)  # fmt: skip
"""Programs of Docker's buildpack-deps: https://github.com/docker-library/buildpack-deps (read November 2026)."""


def _find(subject: Subject) -> Iterator[Remark]:
    stage = subject.stages.shipped[0]
    known = known_base(stage.base)
    if known is None or known.slim or not known.official or not (known.has_python or known.has_node):
        return
    name, has_tag, tag = stage.base.partition(":")
    if known.family != "debian" or not has_tag or "@" in tag:
        return
    slim_tag = _slim(tag, has_node=known.has_node)
    if slim_tag is None:
        return
    slim = f"{name}:{slim_tag}"
    cost, other = subject.costs.of(stage.start), subject.costs.of_base(slim)
    said = from_of(stage.start)
    literal = said is not None and said.image is not None and said.image.text == stage.base
    yield Remark(
        span=stage.start.span,
        message=f"{stage.base} brings compilers and headers that nothing runs",
        fix=f"FROM {slim}; compile in a stage of its own",
        edits=(Edit(said.image.span, slim),)
        if literal and said is not None and said.image is not None and not _uses_the_whole(subject)
        else (),
        unpacked_bytes=_difference(cost.unpacked_bytes, other.unpacked_bytes),
        compressed_bytes=_difference(cost.compressed_bytes, other.compressed_bytes),
        how=_how(cost, other),
    )


def _slim(tag: str, *, has_node: bool) -> str | None:
    """``3.12-bookworm`` is ``3.12-slim-bookworm``; node turns the words around, and without a version there are
    ``slim`` and ``slim-bookworm``. None where the tag has other words."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    version, release = found.groups()
    words = ([release, "slim"] if has_node else ["slim", release]) if release else ["slim"]
    return "-".join([version, *words] if version else words)


def _uses_the_whole(subject: Subject) -> bool:
    """Whether a RUN of the image calls what only the full variant brings."""
    return any(
        command.name in _OF_THE_WHOLE
        for _, run in subject.shipped
        if run.keyword == "RUN"
        for command in subject.script(run).commands
    )


def _difference(whole: int | None, slim: int | None) -> int | None:
    return whole - slim if whole is not None and slim is not None and whole > slim else None


def _how(cost: Cost, other: Cost) -> str:
    return cost.how if cost.how == other.how else f"{cost.how}; {other.how}".strip("; ")


RULE = Rule(
    code="whole-base",
    family="what ships",
    severity="warning",
    safety="closure",
    title="the whole of Debian, with compilers, under a Python application",
    find=_find,
    doc=__doc__,
)
