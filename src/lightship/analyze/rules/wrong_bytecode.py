"""Bytecode for another interpreter.

What it does
============
Finds files in ``__pycache__`` whose name has the tag of a Python that the image does not have
(``core.cpython-310.pyc`` beside a Python 3.12).

Why
===
No interpreter here opens them. They were made by another Python on the building machine, or came inside of a wheel or
with ``COPY . /app``.

Bad
===
::

    COPY . /app

Good
====
With ``**/__pycache__`` in ``.dockerignore``::

    COPY . /app

References
==========
PEP 3147, "PYC Repository Directories".
"""

from collections.abc import Iterator

from lightship.analyze.rules.bytecode import cached
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, tell
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    if not survey.python_tags:
        return
    wrong: dict[str, str] = {}
    right = tuple(f".{tag}." for tag in sorted(survey.python_tags))
    for path in survey.suffixed(".pyc"):
        if any(tag in path for tag in right):  # nearly all, and told without a pattern
            continue
        name = cached(path)
        if name is not None and name.tag not in survey.python_tags:
            wrong[path] = name.tag
    fix = "name **/__pycache__ in .dockerignore, and compile with the image's own Python"
    yield from tell(
        RULE,
        survey,
        wrong,
        lambda group: f"bytecode for {listed(sorted({wrong[path] for path in group.paths}))}, which is not here,",
        fix,
    )


RULE = Rule(
    code="wrong-bytecode",
    severity="warning",
    safety="lossless",
    title="bytecode for another interpreter",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({".pyc"}),
)
