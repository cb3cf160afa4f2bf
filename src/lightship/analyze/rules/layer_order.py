"""Sources below dependencies.

What it does
============
Finds layers that install dependencies (pip, uv, Poetry, npm, pnpm, Yarn, apt, apk) above a layer that copies sources. A
``COPY`` of lock files and manifests alone is no source, and neither is what a distribution or an environment holds,
such as the ``ADD`` of a base's root. Nothing is wasted in this image: the bytes in the message are what every change
of a source costs again.

Why
===
A changed layer changes all above it. With the sources below, one changed line builds, pushes and pulls every dependency
again.

Bad
===
::

    COPY . /app
    RUN pip install -r /app/requirements.txt

Good
====
::

    COPY requirements.txt /app/
    RUN pip install -r /app/requirements.txt
    COPY . /app

References
==========
docs.docker.com, "Optimize cache usage in builds" (2026).
"""

import re
from collections.abc import Iterator

from lightship.analyze.entries import FILE
from lightship.analyze.hidden import where_from
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.sources import is_own
from lightship.analyze.rules.survey import Survey
from lightship.findings import Finding
from lightship.units import format_bytes

__all__ = ["RULE"]

_COPIES = re.compile(r"(?:COPY|ADD) (?!.*--from=)", re.IGNORECASE)
_INSTALLS = re.compile(
    r"RUN .*\b(?:pip3? install|uv (?:sync|pip install|pip sync)|poetry install|pdm (?:install|sync)"
    r"|pipenv (?:install|sync)"
    r"|npm (?:ci|install|i)\b|pnpm (?:install|i|add)|yarn(?: install)?\b|conda install|conda env|mamba install"
    r"|apt(?:-get)? (?:-\S+ )*install|apk (?:-\S+ )*add|dnf (?:-\S+ )*install|bundle install|composer install)",
    re.DOTALL,
)
_ITSELF = re.compile(r"(?:pip3? install|uv pip install)(?: (?!-r|-c|--req|--con)-\S+)* (?:\.|-e \.|/\S+)(?=\s|$)")
_SOURCE = (".py", ".js", ".ts", ".jsx", ".tsx", ".mjs", ".cjs", ".rb", ".php", ".go", ".java", ".vue", ".html", ".css")
_MANIFEST = re.compile(r"(?:.*/)?(?:setup\.py|gulpfile\.js|[^/]*\.config\.[cm]?[jt]s|\.pnp\.cjs|yarn-[^/]*\.cjs)")
_LONGEST = 10_000
_LEAST_BYTES = 1_000_000


def _find(survey: Survey) -> Iterator[Finding]:
    analysis = survey.analysis
    below: int | None = None
    for number, layer in enumerate(analysis.layers):
        said = layer.instruction[:_LONGEST]
        if below is None and _COPIES.match(said):
            below = number if _has_sources(survey, layer.rows) else None
        elif below is not None and _INSTALLS.search(said) and not _ITSELF.search(said):
            again = sum(each.compressed_bytes for each in analysis.layers[number:])
            yield RULE.finding(
                f"{where_from(analysis, number)} installs above the sources of {where_from(analysis, below)}: each "
                f"change of a source brings {format_bytes(again)} (compressed) again",
                severity="warning" if again >= _LEAST_BYTES else "note",
                fix="COPY the lock file alone, install, and COPY the sources after that",
                cause=analysis.cause(number),
            )
            return


def _has_sources(survey: Survey, rows: range | None) -> bool:
    entries = survey.analysis.entries
    paths = (entries.paths[row] for row in rows or () if entries.kinds[row] == FILE)
    return any(path.endswith(_SOURCE) and _MANIFEST.fullmatch(path) is None and is_own(path) for path in paths)


RULE = Rule(
    code="layer-order",
    severity="warning",
    safety=None,
    title="dependencies above sources",
    find=_find,
    doc=__doc__,
)
