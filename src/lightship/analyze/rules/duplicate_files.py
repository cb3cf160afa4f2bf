"""One content under two names.

What it does
============
Finds visible files of 64 KiB or more with the same length and checksum, and counts all but one of them. Files that
another rule tells of are left, and so are names of one file (hard links).

Why
===
Two copies are packed and unpacked twice: gzip looks back 32 KiB only, so the second costs as much as the first.

Bad
===
::

    COPY dist /app/dist
    RUN cp -r /app/dist /srv/www

Good
====
::

    COPY dist /app/dist
    RUN ln -s /app/dist /srv/www

References
==========
RFC 1951, 3.2.3 (distances); rdfind(1), which finds and links them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lightship.analyze.entries import FILE
from lightship.analyze.hidden import told, weight, where_from
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import shared_directory, shown
from lightship.findings import Finding

__all__ = ["RULE"]

_LEAST_BYTES = 64 << 10
"""A CRC-32 and the length tell large files apart; among many small ones of one length chance would have its say."""


_MOST_TOLD = 20


@dataclass(slots=True, kw_only=True)
class _Pair:
    first: str
    second: str
    layer: int
    example: str
    paths: list[str] = field(default_factory=list)
    unpacked_bytes: int = 0
    compressed_bytes: int = 0
    across: bool = False


def _find(survey: Survey) -> Iterator[Finding]:
    pairs: dict[tuple[str, str, int], _Pair] = {}
    entries = survey.analysis.entries
    for paths in _alike(survey):
        first, *copies = paths
        for path in copies:
            row, kept = (survey.analysis.tree.source(survey.analysis.tree.rows[each]) for each in (path, first))
            if not survey.take([path]):
                continue
            places = _places(first, path)
            pair = pairs.setdefault(
                (*places, entries.layers[row]),
                _Pair(first=places[0], second=places[1], layer=entries.layers[row], example=first),
            )
            pair.paths.append(path)
            pair.unpacked_bytes += entries.sizes[row]
            pair.compressed_bytes += entries.compressed[row]
            pair.across |= entries.layers[kept] != entries.layers[row]
    ordered = sorted(pairs.values(), key=lambda pair: (-pair.unpacked_bytes, pair.first, pair.second, pair.layer))
    for pair in ordered[:_MOST_TOLD]:
        finding = RULE.finding(
            f"{told(len(pair.paths), pair.unpacked_bytes)} of {where_from(survey.analysis, pair.layer)} are in "
            f"/{shown(pair.first)} already",
            severity=weight(pair.unpacked_bytes),
            location=shared_directory(pair.paths),
            unpacked_bytes=pair.unpacked_bytes,
            compressed_bytes=pair.compressed_bytes,
            fix=_fix(pair),
            cause=survey.analysis.cause(pair.layer),
        )
        yield survey.about_paths(finding, pair.paths)

    rest = ordered[_MOST_TOLD:]
    if rest:
        size = sum(pair.unpacked_bytes for pair in rest)
        finding = RULE.finding(
            f"{told(sum(len(pair.paths) for pair in rest), size)} elsewhere are there twice as well",
            severity=weight(size),
            unpacked_bytes=size,
            compressed_bytes=sum(pair.compressed_bytes for pair in rest),
        )
        yield survey.about_paths(finding, (path for pair in rest for path in pair.paths))


def _alike(survey: Survey) -> Iterator[Sequence[str]]:
    """Paths of equal files, in the order of layers and paths."""
    entries, tree = survey.analysis.entries, survey.analysis.tree
    sizes, crcs, kinds = entries.sizes, entries.crcs, entries.kinds
    found: dict[tuple[int, int], list[tuple[int, str]]] = {}
    for path, row in tree.rows.items():
        if sizes[row] >= _LEAST_BYTES and kinds[row] == FILE:
            found.setdefault((sizes[row], crcs[row]), []).append((entries.layers[row], path))
    for alike in found.values():
        if len(alike) > 1:
            free = [path for _, path in sorted(alike) if survey.is_free(path)]
            if len(free) > 1:
                yield free


def _places(first: str, second: str) -> tuple[str, str]:
    """The directories in which two equal trees begin: what differs, without the end that is the same. For files of
    different names it is the directories they lie in."""
    one, other = first.split("/"), second.split("/")
    if one[-1] != other[-1]:
        return "/".join(one[:-1]), "/".join(other[:-1])
    while len(one) > 1 and len(other) > 1 and one[-1] == other[-1]:
        one.pop()
        other.pop()
    return "/".join(one), "/".join(other)


def _fix(pair: _Pair) -> str:
    one, other = shown(pair.first), shown(pair.second)
    if pair.first == pair.second or len(pair.paths) == 1:
        return f"make it a link, in the same RUN: ln -sf /{shown(pair.example)} /{shown(pair.paths[0])}"
    if pair.across:
        return f"leave /{other} out of its layer, and link it: ln -s /{one} /{other}"
    return f"make one of them a link, in the same RUN: ln -s /{one} /{other}"


RULE = Rule(
    code="duplicate-files",
    severity="warning",
    safety="safe",
    title="files that are there twice",
    find=_find,
    doc=__doc__,
)
