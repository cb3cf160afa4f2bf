"""Python packages that nothing names.

What it does
============
Finds distributions that no source of the application names, no command, shell script or variable names, and no other
distribution that is named requires, with or without an extra. A name that stands anywhere in a source counts, in a
string or a comment as well. Nothing is said where the image has no sources of its own. The bytes are those that no
other finding has counted.

Why
===
Requirements outlive the code that needed them: the client of a cloud that was left, a driver of another database.
What is loaded through an entry point alone (a plug-in) is named nowhere: try the image without before you believe it.

Bad
===
With no ``boto3`` anywhere below ``/app``::

    RUN pip install flask boto3
    COPY app /app

Good
====
::

    RUN pip install flask
    COPY app /app

References
==========
deptry.com, DEP002, which tells of unused dependencies from a project's sources.
"""

from collections.abc import Container, Iterable, Iterator

from lightship.analyze.rules.build_tools import build_distributions
from lightship.analyze.rules.modules import modules_of
from lightship.analyze.rules.requirements import asked_with_extras
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.sources import PYTHON_SOURCES, SHELL_SOURCES, python_words, shell_words
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, tell
from lightship.findings import Finding

__all__ = ["RULE"]

_LEAST_BYTES = 100_000
_MOST_TOLD = 20


def _find(survey: Survey) -> Iterator[Finding]:
    words = python_words(survey)
    if not words:
        return
    packages = survey.analysis.packages
    candidates = {n for n, package in survey.packages("python") if package.within is None}
    asks = {number: _asked(survey, number) for number in candidates}
    said = words | shell_words(survey) | survey.command_words | _variables(survey)
    named = {number for number in candidates if _is_named(survey, number, said)}
    unnamed = candidates - _reached(named, asks, candidates) - build_distributions(survey)
    required = {other for number in unnamed for other in asks[number] if other != number}
    heads = sorted(unnamed, key=lambda number: (number in required, number))  # a circle has no head but its first
    found = []
    left = set(unnamed)
    for head in heads:
        if head not in left:
            continue
        bundle = _reached({head}, asks, left)
        left -= bundle
        size = sum(packages[number].unpacked_bytes for number in bundle)
        if size >= _LEAST_BYTES:
            found.append((size, head, bundle))
    for _, head, bundle in sorted(found, key=lambda each: (-each[0], each[1]))[:_MOST_TOLD]:
        names = [packages[head].name, *sorted(packages[number].name for number in bundle if number != head)]
        yield from tell(
            RULE,
            survey,
            survey.owned(sorted(bundle)),
            f"{listed(names)}, which no source here names,",
            f"take {packages[head].name} out of the requirements, and try the application without it",
            most=1,
        )


def _asked(survey: Survey, number: int) -> frozenset[int]:
    by_name = (survey.distributions.get(name, ()) for name in asked_with_extras(survey, number))
    return frozenset(other for numbers in by_name for other in numbers) | {*survey.analysis.packages[number].requires}


def _reached(roots: Iterable[int], asks: dict[int, frozenset[int]], within: Container[int]) -> set[int]:
    reached, todo = set(roots), list(roots)
    while todo:
        for other in asks[todo.pop()] - reached:
            if other in within:
                reached.add(other)
                todo.append(other)
    return reached


def _is_named(survey: Survey, number: int, words: frozenset[str]) -> bool:
    name = survey.analysis.packages[number].name
    if name in words or name.replace("-", "_") in words:
        return True
    modules = modules_of(survey, number)
    return any(all(part in words for part in module) for module in modules)


def _variables(survey: Survey) -> frozenset[str]:
    values = " ".join(survey.environment.values())
    return frozenset("".join(letter if letter.isalnum() or letter in "_-" else " " for letter in values).split())


RULE = Rule(
    code="unimported-distributions",
    severity="warning",
    safety="traced",
    title="Python packages that nothing names",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({".py", ".sh"}),
    wanted=(PYTHON_SOURCES, SHELL_SOURCES),
)
