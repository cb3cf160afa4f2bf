"""Tools for a build, left in the final image.

What it does
============
Finds tools that install, package or fetch: pip, uv, Poetry, setuptools and their kin as Python distributions, the
wheels of ``ensurepip``, a copied ``uv`` binary, npm, Yarn and pnpm beside Node, and git, curl, wget, gnupg as packages
of the distribution. A tool is left where something that is no tool requires it, or where the image's command, health
check or a shell script names it.

Why
===
They are needed until the image is made. Each is a few megabytes, a scanner's finding every month, and a way in.

Bad
===
::

    FROM python:3.12
    RUN curl -sSL https://example.org/install.sh | sh
    RUN pip install poetry && poetry install

Good
====
::

    FROM python:3.12 AS build
    RUN pip install poetry && poetry install
    FROM python:3.12-slim
    COPY --from=build /app/.venv /app/.venv

References
==========
docs.docker.com, "Multi-stage builds" (2026); the rule ``build-tools`` of lightship's own builds, in drop-rules.md.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator

from lightship.analyze.model import NOBODY
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.sources import shell_words
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, tell
from lightship.ecosystem.leftovers import BUILD_TOOLS
from lightship.findings import Finding

__all__ = ["RULE", "build_distributions"]

_DISTRIBUTIONS = BUILD_TOOLS | {
    "poetry", "poetry-core", "poetry-plugin-export", "hatch", "hatchling", "flit", "flit-core", "pdm", "pdm-backend",
    "meson", "meson-python", "ninja", "cmake", "scikit-build", "scikit-build-core", "setuptools-scm", "setuptools-rust",
    "maturin", "pipx", "tox", "nox", "pre-commit", "twine", "installer", "pyproject-hooks", "cibuildwheel",
}  # fmt: skip
_PACKAGES = re.compile(
    r"curl|wget|git|git-man|mercurial|subversion|gnupg2?|gnupg-(?:l10n|utils)|gpg|gpg-agent|gpgconf|gpgsm|gpg-wks-.*"
    r"|dirmngr|pinentry-curses|unzip|software-properties-common|apt-transport-https|lsb-release|pipx"
    r"|python3-(?:pip|setuptools|wheel|venv|virtualenv)|py3-(?:pip|setuptools|wheel)|poetry|uv"
)
_COMMANDS = {"gnupg": "gpg", "gnupg2": "gpg", "git-man": "git", "mercurial": "hg", "subversion": "svn"}
_BINARIES = ("uv", "uvx", "poetry", "pdm", "rye", "pixi")
_NODE = ("npm", "corepack", "yarn", "pnpm")
_NODE_USES = {"npm": ("npm", "npx"), "corepack": ("corepack", "yarn", "pnpm"), "yarn": ("yarn",), "pnpm": ("pnpm",)}


def build_distributions(survey: Survey) -> set[int]:
    """Numbers of Python's build tools that nothing but build tools requires and no command names."""
    packages = survey.analysis.packages
    said = _said(survey)
    found = {
        number
        for number, package in survey.packages("python")
        if package.name in _DISTRIBUTIONS and package.name not in said
    }
    kept: set[int] | None = None
    while kept is None or kept:
        kept = {number for number in found if not found.issuperset(packages[number].required_by)}
        found -= kept
    return found


def _find(survey: Survey) -> Iterator[Finding]:
    packages, said = survey.analysis.packages, _said(survey)
    tools: dict[str, list[str]] = {}
    for number in sorted(build_distributions(survey)):
        tools.setdefault(packages[number].name, []).extend(survey.owned([number]))
    for bundle in survey.directories("ensurepip"):
        tools.setdefault("ensurepip", []).extend(survey.below(f"{bundle}/_bundled"))
    system = {n: package for n, package in survey.packages("deb", "apk", "rpm") if _PACKAGES.fullmatch(package.name)}
    for number, package in system.items():
        outside = [by for by in package.required_by if by not in system]
        if not outside and _COMMANDS.get(package.name, package.name) not in said:
            tools.setdefault(package.name, []).extend(survey.owned([number]))
    for path in survey.named(*_BINARIES):
        name = posixpath.basename(path)
        if posixpath.basename(posixpath.dirname(path)) == "bin" and survey.owner(path) == NOBODY and name not in said:
            tools.setdefault(name, []).append(path)
    for directory in survey.directories(*_NODE):
        name = posixpath.basename(directory)
        if directory.endswith(f"/lib/node_modules/{name}") and said.isdisjoint(_NODE_USES[name]):
            tools.setdefault(name, []).extend(survey.below(directory))
    yield from tell(
        RULE,
        survey,
        [path for paths in tools.values() for path in paths],
        lambda group: f"tools for a build ({listed(_names(tools, group.paths))})",
        "use them in a build stage alone, and COPY --from it what they made: a later RUN that deletes saves nothing",
    )


def _names(tools: dict[str, list[str]], paths: Iterable[str]) -> list[str]:
    here = set(paths)
    return [name for name, owned in tools.items() if not here.isdisjoint(owned)]


def _said(survey: Survey) -> frozenset[str]:
    return survey.command_words | shell_words(survey)


RULE = Rule(
    code="build-tools",
    severity="warning",
    safety="closure",
    title="tools for a build",
    find=_find,
    doc=__doc__,
    names=frozenset(_BINARIES),
    suffixes=frozenset({".sh"}),
    directories=frozenset({"ensurepip", *_NODE}),
)
