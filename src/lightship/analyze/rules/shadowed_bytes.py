"""Bytes that higher layers hide.

What it does
============
Adds up the files of a layer that a higher one deletes, or replaces by others: all copies but the visible one. What was
copied only to change its owner or mode is ``metadata-copy``.

Why
===
Deleting in a later instruction takes nothing out of the layers below. The bytes are pulled, unpacked and never seen.

Bad
===
::

    RUN apt-get update && apt-get install -y gcc
    RUN rm -rf /var/lib/apt/lists

Good
====
::

    RUN apt-get update && apt-get install -y gcc && rm -rf /var/lib/apt/lists

References
==========
OCI image-spec 1.1, layer.md, "Whiteouts"; docs.docker.com, "Building best practices" (2026).
"""

from collections.abc import Iterator

from lightship.analyze.hidden import Hidden, common_directory, told, weight, where_from
from lightship.analyze.model import Analysis
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    analysis = survey.analysis
    for group in survey.hidden[1]:
        done = "deleted" if group.how == "removed" else "replaced"
        finding = RULE.finding(
            f"{told(len(group.shadows), group.unpacked_bytes)} of {where_from(analysis, group.layer)} {done} later",
            severity=weight(group.unpacked_bytes),
            location=common_directory(analysis, group.shadows),
            unpacked_bytes=group.unpacked_bytes,
            compressed_bytes=group.compressed_bytes,
            fix=_fix(analysis, group),
            cause=analysis.cause(group.by),
        )
        yield survey.about(finding, (shadow.row for shadow in group.shadows))


def _fix(analysis: Analysis, group: Hidden) -> str:
    if group.by == group.layer:
        return "write each path once: the layer's own tar has it twice"
    before = where_from(analysis, group.layer)
    if group.how == "removed":
        return f"delete them in the instruction that made them, {before}, or do both in a stage that is not shipped"
    return f"make them once: join {before} with what replaces them, or leave them out of it"


RULE = Rule(
    code="shadowed-bytes",
    severity="warning",
    safety="lossless",
    title="files that higher layers hide",
    find=_find,
    doc=__doc__,
)
