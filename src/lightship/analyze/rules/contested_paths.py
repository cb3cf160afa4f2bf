"""One path that two packages own.

What it does
============
Finds files that two packages of the same kind list as theirs. Builds of one library (``overlapping-distributions``) are
told of there, and a distribution that Debian packaged is its package's own.

Why
===
The one that was installed last has overwritten the other's file; which one that is depends on the order of an
installer, which promises none. No bytes are lost, but what is imported may change from build to build.

Bad
===
Both of these have a ``docs/conf.py`` at the top of site-packages::

    pip install first-lib second-lib

Good
====
A version of one of them without it.

References
==========
PEP 627, "Recording installed projects"; dpkg refuses such a package unless it says ``Replaces``.
"""

from collections.abc import Iterator

from lightship.analyze.entries import FILE
from lightship.analyze.rules.overlapping_distributions import FAMILIES
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, shared_directory, shown
from lightship.findings import Finding

__all__ = ["RULE"]

_FAMILY = {name: number for number, family in enumerate(FAMILIES) for name in family}
_MOST_TOLD = 20
_CODE = (".py", ".so", ".pyd", ".js")


def _find(survey: Survey) -> Iterator[Finding]:
    analysis = survey.analysis
    pairs: dict[tuple[int, ...], list[int]] = {}
    for row, owners in analysis.contested.items():
        if analysis.entries.kinds[row] != FILE or not analysis.entries.sizes[row]:
            continue  # a link or an empty file is the same whoever wrote it
        alike = tuple(n for n in owners if analysis.packages[n].ecosystem == analysis.packages[owners[0]].ecosystem)
        unlike = {analysis.packages[number].name for number in alike}
        families = {_FAMILY.get(name) for name in unlike}
        if len(unlike) > 1 and (None in families or len(families) > 1):
            pairs.setdefault(alike, []).append(row)
    for numbers, rows in sorted(pairs.items(), key=lambda pair: (-len(pair[1]), pair[0]))[:_MOST_TOLD]:
        paths = sorted(analysis.entries.paths[row] for row in rows)
        names = [analysis.packages[number].name for number in numbers]
        count = f"{len(paths)} files are" if len(paths) > 1 else f"{shown(paths[0])} is"
        finding = RULE.finding(
            f"{count} owned by {listed(names)} at once: the one installed last has overwritten the other's",
            severity="warning" if any(path.endswith(_CODE) for path in paths) else "note",
            location=shared_directory(paths),
            fix=f"leave one of {listed(names)} out, or take a version that does not install {shown(paths[0])}",
            cause=analysis.cause(analysis.entries.layers[rows[0]]),
        )
        yield survey.about(finding, rows)


RULE = Rule(
    code="contested-paths",
    severity="warning",
    safety=None,
    title="paths that two packages own",
    find=_find,
    doc=__doc__,
)
