"""A change of owner or mode that copied whole files.

What it does
============
Finds files that a higher layer has once more with the same content, only with another owner, mode or extended
attributes: what ``chown -R`` and ``chmod -R`` leave behind. The bytes are those of the copy that cannot be seen.

Why
===
A layer holds whole files. Changing the owner of a file of a lower layer copies it, and every pull brings both.

Bad
===
::

    COPY app /app
    RUN chown -R app:app /app

Good
====
::

    COPY --chown=app:app app /app

References
==========
OCI image-spec 1.1, layer.md, "Change Types"; docs.docker.com, "Dockerfile reference", COPY --chown --chmod (2026);
topoteretes/cognee#3691: 9 GB twice.
"""

from collections import Counter
from collections.abc import Iterator

from lightship.analyze.hidden import Hidden, common_directory, told, weight, where_from
from lightship.analyze.model import Analysis
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    analysis = survey.analysis
    for group in survey.hidden[0]:
        what = _what(analysis, group)
        finding = RULE.finding(
            f"{told(len(group.shadows), group.unpacked_bytes)} of {where_from(analysis, group.layer)} copied whole to "
            f"change their {what}",
            severity=weight(group.unpacked_bytes),
            location=common_directory(analysis, group.shadows),
            unpacked_bytes=group.unpacked_bytes,
            compressed_bytes=group.compressed_bytes,
            fix=_fix(analysis, group, what),
            cause=analysis.cause(group.by),
        )
        yield survey.about(finding, (shadow.row for shadow in group.shadows))


def _what(analysis: Analysis, group: Hidden) -> str:
    entries, words = analysis.entries, []
    pairs = [(shadow.row, analysis.tree.source(shadow.by_row or 0)) for shadow in group.shadows]
    if any(entries.uids[row] != entries.uids[by] or entries.gids[row] != entries.gids[by] for row, by in pairs):
        words.append("owner")
    if any(entries.modes[row] != entries.modes[by] for row, by in pairs):
        words.append("mode")
    return " and ".join(words) or "extended attributes"


def _fix(analysis: Analysis, group: Hidden, what: str) -> str:
    entries = analysis.entries
    if "owner" not in what:
        return (
            f"set the mode where {where_from(analysis, group.layer)} makes the files: COPY --chmod, or in the same RUN"
        )
    rows = [analysis.tree.source(shadow.by_row or 0) for shadow in group.shadows]
    (uid, gid), _ = Counter((entries.uids[row], entries.gids[row]) for row in rows).most_common(1)[0]
    return (
        f"let {where_from(analysis, group.layer)} make them as {uid}:{gid}: COPY --chown={uid}:{gid}, or chown in the "
        "same RUN"
    )


RULE = Rule(
    code="metadata-copy",
    severity="warning",
    safety="lossless",
    title="files copied to change their owner or mode",
    find=_find,
    doc=__doc__,
)
