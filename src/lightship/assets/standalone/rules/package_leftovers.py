"""Settings of tools, and lock files, that packages ship.

What it does
============
Leaves out, below ``node_modules``, settings of linters, editors and hosted workflows, lock files of other packages'
development, and what installers note.

Why
===
The tools that read them are not there.

Bad
===
::

    - node_modules/pkg/.eslintrc
    - node_modules/pkg/.github/workflows/ci.yml
    - node_modules/pkg/yarn.lock
    - node_modules/pkg/tsconfig.json
    - node_modules/.package-lock.json
      node_modules/pkg/package.json

Good
====
::

      .env
      package.json
      tsconfig.json
      node_modules/pkg/config.json
      node_modules/pkg/.parse.js

References
==========
https://docs.npmjs.com/cli/v11/configuring-npm/package-json, ``files``.
"""

import re
from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_NAMES = re.compile(
    r"\.(?:eslintrc|prettierrc|babelrc|swcrc|nycrc|mocharc|jshintrc)(?:\.\w+)?"
    r"|\.(?:eslintignore|prettierignore|npmignore|gitignore|gitattributes|editorconfig|jscsrc|tm_properties|airtap\.yml)"
    r"|\.(?:travis|appveyor|codeclimate|zuul)\.yml|\.DS_Store"
    r"|yarn\.lock|pnpm-lock\.yaml|package-lock\.json|\.package-lock\.json|\.modules\.yaml|\.yarn-integrity"
    r"|tsconfig(?:\.[\w-]+)?\.json|tslint\.json|karma\.conf\.js|Gruntfile\.js|Gulpfile\.js|Makefile"
)
_FOLDERS = ("/.github/", "/.circleci/", "/.vscode/", "/.idea/", "/.husky/", "/.nyc_output/")


def _select(server: Server) -> Iterator[str]:
    for path in server.modules:
        name = path.rpartition("/")[2]
        if (_NAMES.fullmatch(name) or any(folder in path for folder in _FOLDERS)) and path not in server.needed:
            yield path


RULE = Rule(
    code="package-leftovers",
    safety="safe",
    reason="settings or lock file of a tool that is not there",
    select=_select,
    doc=__doc__,
)
