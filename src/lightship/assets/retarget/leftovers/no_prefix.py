"""No prefix to replace.

What it does
============
Tells that no file of the directory has a prefix in front of its assets.

Why
===
Addresses such as ``/_next/static/…`` and ``/assets/…`` belong to the page's own origin, and nothing tells them from
other paths afterwards. The build has to be given a prefix once; the reserved placeholder is one that is never asked
for by mistake.

Bad
===
::

    // next.config.js
    module.exports = { output: "standalone" };

Good
====
::

    // next.config.js
    module.exports = { output: "standalone", assetPrefix: "https://cdn.lightship.invalid" };

References
==========
nextjs.org, assetPrefix; vite.dev, "Public base path" (2026-10); RFC 2606, 2.
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject
from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.units import format_names

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    if subject.plan.slots:
        return
    framework = subject.framework
    if subject.plan.others:
        there = format_names([each.text for each in subject.plan.others])
        yield Leftover(
            message=f"none of {subject.plan.looked} files has {subject.plan.built.text} in it: {there} is there",
            fix=f"--from {subject.plan.others[0].text}, or no --from: then it is found",
        )
        return
    told = framework.prefix_of(subject.plan.tree)
    relative = " (its addresses are relative to the page)" if told in (".", "..") else ""
    yield Leftover(
        message=f"none of {subject.plan.looked} files has {subject.plan.built.text} in it: "
        f"this build of {framework.title} has its assets with the page{relative}",
        fix=f"build again with `{framework.line.format(prefix=PLACEHOLDER)}` in {framework.where}",
    )


RULE = LeftoverRule(code="no-prefix", severity="error", title="no prefix to replace", find=_find, doc=__doc__)
