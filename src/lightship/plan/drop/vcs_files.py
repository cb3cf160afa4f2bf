"""Files for version control and hosted workflows.

What it does
============
Leaves out ``.gitignore``, ``.gitattributes``, ``.gitmodules``, ``.gitkeep``, ``.hgignore``, ``.hgtags`` and everything
below ``.git``, ``.github``, ``.gitlab``, ``.hg`` and ``.svn``.

Why
===
An image is no checkout. Inside a directory of templates they are data that a generator copies, so they stay.

Bad
===
::

    - pkg/.gitignore
    - .github/workflows/test.yml
    - pkg/vendor/.git/HEAD

Good
====
::

      pkg/templates/project/.gitignore
      pkg/cookiecutter/.github/workflows/test.yml
      pkg/git.py

References
==========
git-scm.com/docs/gitignore, 2.44.
"""

import posixpath
from collections.abc import Iterator

from lightship.ecosystem.leftovers import TEMPLATES, VCS_DIRECTORIES, VCS_FILES
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    for path in distribution.files:
        if "/." not in path and not path.startswith("."):
            continue
        name = posixpath.basename(path)
        inside = not VCS_DIRECTORIES.isdisjoint(posixpath.dirname(path).split("/"))
        if (name in VCS_FILES or inside) and TEMPLATES.search(path) is None:
            yield path


RULE = Rule(
    code="vcs-files",
    safety="safe",
    reason="file for version control",
    select=_select,
    doc=__doc__,
)
