"""Symbols and debug sections inside of programs and libraries.

What it does
============
Adds up what ``strip`` would take out of ELF files: symbol tables and debug sections, which no segment loads. Only files
count of which that is 64 KiB or more, and which another rule does not tell of whole. What stripping could break
(signed files, files with a payload behind them, kernel modules and object files) is left out, by the same code that
decides in lightship's own builds. Of a library linked by lld the symbol tables are told, debug sections are not: the
names of its sections went by before it was known where they are.

Why
===
A debugger and a profiler read them, the loader does not. Many wheels ship them: in a scientific environment they are a
tenth of all bytes.

Bad
===
::

    RUN pip install --target /app/lib pyarrow
    COPY --from=build /src/server /app/server

Good
====
In the build stage::

    RUN find /app/lib -name '*.so*' -type f -exec strip --strip-unneeded {} +
    RUN strip --strip-all /src/server

References
==========
strip(1), binutils 2.40; System V ABI, gABI draft, "Sections"; lightship's own builds do it unless ``--strip`` says no.
"""

from collections.abc import Iterable, Iterator

from lightship.analyze.hidden import told, weight, where_from
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Group, Survey
from lightship.analyze.rules.telling import gathered, package_names, shared_directory
from lightship.findings import Finding

__all__ = ["RULE"]

_MOST_TOLD = 4
_FIX = "in the build stage, before COPY --from: find DIRECTORY -name '*.so*' -type f -exec strip --strip-unneeded {} +"


def _find(survey: Survey) -> Iterator[Finding]:
    for group, others in gathered(_groups(survey), _MOST_TOLD):
        where = where_from(survey.analysis, group.layer) + (f" and {others} more" if others else "")
        owners = package_names(survey, group.paths)
        finding = RULE.finding(
            f"{told(group.files, group.unpacked_bytes)} of symbols in {where}{f', of {owners}' if owners else ''}",
            severity=weight(group.unpacked_bytes),
            location=shared_directory(group.paths),
            unpacked_bytes=group.unpacked_bytes,
            compressed_bytes=group.compressed_bytes,
            fix=_FIX,
            cause=survey.analysis.cause(group.layer),
        )
        yield survey.about_paths(finding, group.paths)


def _groups(survey: Survey) -> list[Group]:
    """By layer, most bytes first. The compressed bytes are those of the files, shared out evenly."""
    entries, strippable = survey.analysis.entries, survey.analysis.strippable
    groups: dict[int, Group] = {}
    for path, row in _visible(survey):
        group = groups.setdefault(entries.layers[row], Group(layer=entries.layers[row]))
        group.paths.append(path)
        group.files += 1
        group.unpacked_bytes += strippable[row]
        group.compressed_bytes += entries.compressed[row] * strippable[row] // entries.sizes[row]
    return sorted(groups.values(), key=lambda group: (-group.unpacked_bytes, group.layer))


def _visible(survey: Survey) -> Iterable[tuple[str, int]]:
    """Each such file under the first of its names, in the order of paths."""
    strippable, tree = survey.analysis.strippable, survey.analysis.tree
    if not strippable:
        return ()
    names: dict[int, str] = {}
    for path, row in tree.rows.items():
        source = tree.sources.get(row, row)
        if source in strippable and survey.is_free(path):
            names[source] = min(names.get(source, path), path)
    return sorted((path, row) for row, path in names.items())


RULE = Rule(
    code="unstripped-objects",
    severity="warning",
    safety="safe",
    title="symbols that only a debugger reads",
    find=_find,
    doc=__doc__,
)
