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

from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.views import from_of
from lightship.ecosystem.base_images import known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    stage = subject.stages.shipped[0]
    known = known_base(stage.base)
    if known is None or known.slim or not known.official or not (known.has_python or known.has_node):
        return
    name, has_tag, tag = stage.base.partition(":")
    if known.family != "debian" or not has_tag or "@" in tag:
        return
    slim = f"{name}:{_slim(tag)}"
    cost, other = subject.costs.of(stage.start), subject.costs.of_base(slim)
    said = from_of(stage.start)
    literal = said is not None and said.image is not None and said.image.text == stage.base
    yield Remark(
        span=stage.start.span,
        message=f"{stage.base} brings compilers and headers that nothing runs",
        fix=f"FROM {slim}; compile in a stage of its own",
        edits=(Edit(said.image.span, slim),) if literal and said is not None and said.image is not None else (),
        unpacked_bytes=_difference(cost.unpacked_bytes, other.unpacked_bytes),
        compressed_bytes=_difference(cost.compressed_bytes, other.compressed_bytes),
        how=_how(cost, other),
    )


def _slim(tag: str) -> str:
    """``3.12-bookworm`` is ``3.12-slim-bookworm``; node turns the words around."""
    version, has_release, release = tag.partition("-")
    return f"{version}-slim-{release}" if has_release else f"{version}-slim"


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
