"""A mention of the old host stays.

What it does
============
Tells where the host of the replaced prefix still stands: in a form that is not understood, in a file that is no text,
or in a file that ``--leave`` names.

Why
===
What is not understood is not changed. It may be prose, or an address that browsers still ask for.

Bad
===
::

    fetch("//" + "cdn.example" + path)

Good
====
::

    fetch("https://cdn.lightship.invalid" + path)

References
==========
docs/guides/assets-cdn.md, "What is understood".
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]

_SAMPLES = 3


def _find(subject: Subject) -> Iterator[Leftover]:
    left = subject.plan.left
    if not left:
        return
    said = "; ".join(f"{each.path}, byte {each.offset}: {each.excerpt!r}" for each in left[:_SAMPLES])
    more = f"; and {len(left) - _SAMPLES} more" if len(left) > _SAMPLES else ""
    yield Leftover(
        message=f"{subject.plan.present.host} is still mentioned: {said}{more}",
        fix="look at these; write the whole prefix, in one piece, where an address is meant",
        paths=tuple(dict.fromkeys(each.path for each in left)),
    )


RULE = LeftoverRule(
    code="mention-left", severity="warning", title="a mention of the old host stays", find=_find, doc=__doc__
)
