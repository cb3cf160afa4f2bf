"""Source maps are off by the prefix.

What it does
============
Finds scripts and styles that changed and have a source map.

Why
===
A map counts columns of the file it was made for. Behind a prefix of another length, on the same line, developer tools
and error trackers show a neighbouring place. The maps also lie where the scripts do: on a CDN everybody can fetch them.

Bad
===
::

    a=()=>import("https://cdn.lightship.invalid/assets/b.js")
    //# sourceMappingURL=a.js.map

Good
====
::

    lightship assets compress DIR --maps remove

References
==========
ECMA-426, 2024-12; sentry.io and others take maps from the build, before it is retargeted.
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    changed = {
        path for path, each in subject.rendered.items() if len(each.content) != len(subject.plan.tree.read(path))
    }
    mapped = [each for each in subject.of_kind("map") if each.path in changed]
    if mapped:
        yield Leftover(
            message=f"{len(mapped)} files changed their length and have a map: {subject.sample(mapped)}",
            fix="give an error tracker the maps of the build, and keep them from the CDN "
            "(lightship assets compress --maps remove)",
            paths=tuple(each.path for each in mapped),
        )


RULE = LeftoverRule(
    code="source-maps", severity="note", title="source maps are off by the prefix", find=_find, doc=__doc__
)
