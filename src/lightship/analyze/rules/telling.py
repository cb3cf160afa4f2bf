"""Sentences that rules have in common."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lightship.analyze.hidden import told, weight, where_from
from lightship.analyze.model import NOBODY
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Group, Survey
from lightship.findings import Finding, Safety, Severity

__all__ = ["gathered", "listed", "package_names", "shared_directory", "shown", "tell", "tell_leftovers"]

_LONGEST = 200
_BUILT_BY = "lightship build: "
_LOOK = "nothing, unless a test run without them stays green: drop in lightship.toml leaves them out"


def tell(
    rule: Rule,
    survey: Survey,
    paths: Iterable[str],
    what: str | Callable[[Group], str],
    fix: str | Callable[[Group], str],
    *,
    severity: Severity | None = None,
    safety: Safety | None = None,
    most: int = 4,
) -> Iterator[Finding]:
    """A finding for each layer that brought some of ``paths``: ``12 files, 3.4 MB of WHAT in layer 2 (RUN …)``. At most
    ``most`` of them: the last one tells of all layers that are left."""
    groups = survey.take(paths)
    for group, others in gathered(groups, most):
        also = f" and {others} more" if others else ""
        words = what if isinstance(what, str) else what(group)
        finding = rule.finding(
            f"{told(group.files, group.unpacked_bytes)} of {words} in {where_from(survey.analysis, group.layer)}{also}",
            severity=severity or weight(group.unpacked_bytes),
            safety=safety,
            location=shared_directory(group.paths),
            unpacked_bytes=group.unpacked_bytes,
            compressed_bytes=group.compressed_bytes,
            fix=fix if isinstance(fix, str) else fix(group),
            cause=survey.analysis.cause(group.layer),
        )
        yield survey.about_paths(finding, group.paths)


def tell_leftovers(
    rule: Rule,
    survey: Survey,
    paths: Iterable[str],
    what: str,
    fix: str,
) -> Iterator[Finding]:
    """As `tell`, of files that `lightship.plan.drop` has a rule for too. What a build of lightship shipped of a Python
    distribution went through that rule, which reads the sources: it stayed for a reason, and is only noted."""
    judged: list[str] = []
    others: list[str] = []
    for path in paths:
        (judged if _was_judged(survey, path) else others).append(path)
    yield from tell(rule, survey, others, what, fix)
    kept = f"{what}, which lightship build kept as sources name them or a setting says so,"
    yield from tell(rule, survey, judged, kept, _LOOK, severity="note", safety="traced")


def _was_judged(survey: Survey, path: str) -> bool:
    analysis = survey.analysis
    row = analysis.tree.source(analysis.tree.rows[path])
    owner = analysis.owners[row]
    if owner == NOBODY or analysis.packages[owner].ecosystem != "python":
        return False
    return analysis.layers[analysis.entries.layers[row]].instruction.startswith(_BUILT_BY)


def gathered(groups: list[Group], most: int) -> Iterator[tuple[Group, int]]:
    """The first ``most`` of ``groups``, the last of which is all that are left, with how many others it holds."""
    yield from ((group, 0) for group in groups[: most - 1])
    rest = groups[most - 1 :]
    if rest:
        together = Group(layer=rest[0].layer)
        for group in rest:
            together.paths += group.paths
            together.files += group.files
            together.unpacked_bytes += group.unpacked_bytes
            together.compressed_bytes += group.compressed_bytes
        yield together, len(rest) - 1


def shared_directory(paths: Sequence[str]) -> str:
    """The deepest directory with all of them in it, or the file itself when there is one; with its first ``/``."""
    first, last = min(paths), max(paths)
    if first == last:
        return f"/{first}"
    shared = []
    for one, other in zip(first.split("/")[:-1], last.split("/")[:-1], strict=False):
        if one != other:
            break
        shared.append(one)
    return f"/{'/'.join(shared)}"


def package_names(survey: Survey, paths: Iterable[str]) -> str:
    """Names of the packages that own ``paths``, those with most of them first."""
    counted: dict[str, int] = {}
    for path in paths:
        owner = survey.owner(path)
        if owner >= 0:
            name = survey.analysis.packages[owner].name
            counted[name] = counted.get(name, 0) + 1
    return listed(sorted(counted, key=lambda name: (-counted[name], name)))


def listed(names: Sequence[str], most: int = 4) -> str:
    """``a, b and 3 more``."""
    said = [shown(name) for name in names[:most]]
    left = len(names) - len(said)
    if left:
        return f"{', '.join(said)} and {left} more"
    return " and ".join([", ".join(said[:-1]), said[-1]]) if len(said) > 1 else "".join(said)


def shown(text: str) -> str:
    """A name from the image as part of a sentence: on one line, not endless, and nothing in it obeyed by a terminal."""
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
