"""Sources without bytecode.

What it does
============
Finds trees of Python sources of which next to nothing is compiled: site-packages, the interpreter's library, the
application. It tells how long a start takes longer at most, when all of it is imported. No bytes are to be saved: this
costs some.

Why
===
A container's root is fresh or read-only, so every start compiles again what it imports. To delete ``.pyc`` files, as is
often advised, doubles the cold start of a large application (14 s instead of 7, November 2026).

Bad
===
::

    ENV PYTHONDONTWRITEBYTECODE=1
    RUN pip install --no-compile -r requirements.txt

Good
====
::

    RUN pip install --no-compile -r requirements.txt && \\
        python -m compileall -q --invalidation-mode unchecked-hash /usr/local/lib/python3.12/site-packages

References
==========
PEP 552; docs/decisions/bytecode.md has the measurements: 4,190 modules, 7 s.
"""

import re
from collections import Counter
from collections.abc import Iterator

from lightship.analyze.hidden import where_from
from lightship.analyze.rules.bytecode import cached
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import shown
from lightship.findings import Finding
from lightship.units import format_bytes, format_seconds

__all__ = ["RULE"]

_ROOT = re.compile(r"(?:.*/)?(?:site-packages|dist-packages|lib/python3\.[0-9]+)(?=/)|(?!usr/|etc/|var/)[^/]+(?=/)")
_SECONDS_PER_MODULE = 7 / 4190
"""Imports of Dify's API with and without bytecode (docs/decisions/bytecode.md, November 2026)."""
_LEAST_BYTES = 50_000
_COMPILED = 10
"""Bytecode that is shipped for what a start imports alone is a choice: only trees with less than a tenth are told."""


def _find(survey: Survey) -> Iterator[Finding]:
    if not survey.python_tags:
        return
    compiled = {name.source for path in survey.suffixed(".pyc") if (name := cached(path)) is not None}
    roots: dict[str, list[str]] = {}
    known: dict[str, list[str] | None] = {}
    for path in survey.suffixed(".py"):
        directory = path[: path.rfind("/") + 1]
        if directory in known:
            sources = known[directory]
        else:
            match = _ROOT.match(directory)
            sources = known[directory] = None if match is None else roots.setdefault(match[0], [])
        if sources is not None and survey.is_free(path):
            sources.append(path)
    found = [(sum(map(survey.analysis.size, paths)), root, paths) for root, paths in roots.items()]
    for size, root, paths in sorted(found, key=lambda each: (-each[0], each[1])):
        having = sum(path in compiled for path in paths)
        if size >= _LEAST_BYTES and having * _COMPILED < len(paths):
            yield _told(survey, root, paths, size)


def _told(survey: Survey, root: str, paths: list[str], size: int) -> Finding:
    analysis = survey.analysis
    layers = [analysis.entries.layers[analysis.tree.source(analysis.tree.rows[path])] for path in paths]
    counted = Counter(layers)
    layer = max(counted, key=lambda each: (counted[each], -each))
    off = " and unset PYTHONDONTWRITEBYTECODE" if survey.environment.get("PYTHONDONTWRITEBYTECODE") else ""
    finding = RULE.finding(
        f"{len(paths):,} Python sources, {format_bytes(size)}, without bytecode in {where_from(analysis, layer)}: up "
        f"to {format_seconds(len(paths) * _SECONDS_PER_MODULE)} at each start if all of it is imported",
        location=f"/{root}",
        fix=f"RUN python -m compileall -q --invalidation-mode unchecked-hash /{shown(root)}{off}",
        cause=analysis.cause(layer),
    )
    return survey.about_paths(finding, paths)


RULE = Rule(
    code="missing-bytecode",
    severity="note",
    safety=None,
    title="sources without bytecode",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({".py", ".pyc"}),
)
