"""An ignore comment that does not do what it seems to.

What it does
============
Finds ``# lightship ignore=…`` comments without a reason (they take nothing back), with a code that no rule has, or
with a code that finds nothing there.

Why
===
What is ignored for no reason, or for one that is gone, hides what comes after it.

Bad
===
::

    # lightship ignore=runs-as-root
    FROM python:3.12-slim
    CMD ["python", "-m", "app"]

Good
====
::

    # lightship ignore=runs-as-root: the chart sets runAsUser
    FROM python:3.12-slim
    CMD ["python", "-m", "app"]

References
==========
The same rule of other tools: mypy ``warn_unused_ignores`` 1.13, ruff RUF100.
"""

from collections.abc import Iterator, Sequence

from lightship.dockerfile.edit import Edit, whole_lines
from lightship.lint.ignores import Ignore
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE", "remarks"]


def remarks(
    subject: Subject, ignores: Sequence[Ignore], *, used: set[Ignore], asked: frozenset[str], known: frozenset[str]
) -> Iterator[Remark]:
    """About each comment that is no good. Whether one is used is only said when all its codes were ``asked``."""
    for ignore in ignores:
        strange = [code for code in ignore.codes if code not in known]
        if not ignore.reason:
            message, fix = (
                "an ignore comment without a reason takes nothing back",
                "say why: # lightship ignore=code: …",
            )
        elif strange:
            message, fix = f"no rule is called {', '.join(strange)}", "correct the code, or take the comment out"
        elif ignore not in used and asked.issuperset(ignore.codes):
            message, fix = f"nothing to ignore here: {', '.join(ignore.codes)} finds nothing", "take the comment out"
            edit = Edit(whole_lines(subject.dockerfile.text, ignore.comment), "")
            yield Remark(span=ignore.comment, message=message, fix=fix, edits=(edit,))
            continue
        else:
            continue
        yield Remark(span=ignore.comment, message=message, fix=fix)


def _nothing(_subject: Subject) -> tuple[Remark, ...]:
    """What other rules found decides; `lightship.lint.check` asks `remarks` after them."""
    return ()


RULE = Rule(
    code="bad-ignore",
    family="ignores",
    severity="warning",
    safety=None,
    title="an ignore comment that does not do what it seems to",
    find=_nothing,
    doc=__doc__,
)
