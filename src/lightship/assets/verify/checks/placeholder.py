"""Nothing in the directory asks for the placeholder.

What it does
============
With a directory: looks for `https://cdn.lightship.invalid` in every file but source maps and hidden ones.

Why
===
A front end that is built for many CDNs is built for a name that is nobody's, and retargeted before it is deployed. One
that was not is a page without scripts and styles for every user.

Bad
===
::

    index.html | <script src=https://cdn.lightship.invalid/app.js></script>

Good
====
::

    index.html | <script src=https://static.example/app.js></script>
    .lightship-retarget.json | {"built": "https://cdn.lightship.invalid"}

References
==========
docs/guides/assets-cdn.md. https://www.rfc-editor.org/rfc/rfc2606, 2: no host of `.invalid` will ever be.
"""

from collections.abc import Iterator

from lightship.assets.retarget.prefix import placeholder_sentence
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.tree import Tree
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_LEFT = Kind(code="placeholder-left", severity="error", title="a build that was not retargeted")


def _run(tree: Tree) -> Iterator[Finding]:
    paths = [file.path for file in tree.files if file.placeholder]
    if paths:
        yield _LEFT.finding(
            placeholder_sentence(paths),
            location=paths[0],
            fix=f"lightship assets retarget {tree.root} --cdn URL, or --origin for the page's own origin",
        )


CHECK = Check(name="placeholder", kinds=(_LEFT,), run=_run, doc=__doc__)
