"""Caches and lists of package managers.

What it does
============
Finds what apt, apk, dnf, pip, uv, Poetry, PDM, npm, pnpm, Yarn, Conda, Cargo and Go keep for their next run: package
lists, downloaded archives, wheels, stores. Files that are hard-linked into an environment cost nothing and are left.

Why
===
An image is not installed into again. The cache is pulled and unpacked with every deployment and never read.

Bad
===
::

    RUN apt-get update && apt-get install -y libpq5
    RUN pip install -r requirements.txt

Good
====
::

    RUN apt-get update && apt-get install -y libpq5 && rm -rf /var/lib/apt/lists/* /var/cache/apt/*
    RUN --mount=type=cache,target=/root/.cache/pip pip install -r requirements.txt

References
==========
docs.docker.com, "Building best practices" and "RUN --mount=type=cache" (2026); pip, "Caching"; uv, "Caching";
hadolint DL3009, DL3042.
"""

from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE"]

_APT_CLEAN = "etc/apt/apt.conf.d/docker-clean"
_SYSTEM = {
    "apt": ("var/lib/apt/lists", "var/cache/apt"),
    "apk": ("var/cache/apk", "etc/apk/cache"),
    "dnf": ("var/cache/dnf", "var/cache/yum", "var/cache/libdnf5"),
    "zypper": ("var/cache/zypp",),
    "pacman": ("var/cache/pacman/pkg",),
}
_BELOW_CACHE = {
    "pip": "pip", "uv": "uv", "pypoetry": "poetry", "pipenv": "pipenv", "pdm": "pdm", "yarn": "yarn", "pnpm": "pnpm",
    "node-gyp": "node-gyp", "go-build": "go", "pre-commit": "pre-commit", "conda": "conda",
}  # fmt: skip
_BY_END = {
    ".npm": "npm", "share/pnpm/store": "pnpm", ".pnpm-store": "pnpm", ".node-gyp": "node-gyp", "go/pkg/mod": "go",
    "cargo/registry": "cargo", ".cargo/registry": "cargo",
}  # fmt: skip
_VARIABLES = {
    "PIP_CACHE_DIR": "pip", "UV_CACHE_DIR": "uv", "POETRY_CACHE_DIR": "poetry", "YARN_CACHE_FOLDER": "yarn",
    "npm_config_cache": "npm", "NPM_CONFIG_CACHE": "npm",
}  # fmt: skip
_FIXES = {
    "apt": "end that RUN with: && rm -rf /var/lib/apt/lists/* /var/cache/apt/*",
    "apk": "apk add --no-cache",
    "dnf": "end that RUN with: && dnf clean all",
    "pip": "pip install --no-cache-dir, or RUN --mount=type=cache,target=/root/.cache/pip",
    "uv": "RUN --mount=type=cache,target=/root/.cache/uv, or uv sync --no-cache",
    "poetry": "poetry install --no-cache, or RUN --mount=type=cache,target=/root/.cache/pypoetry",
    "npm": "RUN --mount=type=cache,target=/root/.npm, or end that RUN with: && npm cache clean --force",
    "pnpm": "RUN --mount=type=cache,id=pnpm,target=/pnpm/store, or end that RUN with: && pnpm store prune",
    "yarn": "RUN --mount=type=cache,target=/usr/local/share/.cache/yarn, or end that RUN with: && yarn cache clean",
    "conda": "end that RUN with: && conda clean --all --yes",
}
_OTHERWISE = "delete it in the RUN that fills it, or put it on RUN --mount=type=cache"


def _find(survey: Survey) -> Iterator[Finding]:
    found: dict[str, list[str]] = {}
    for manager, place in _places(survey):
        found.setdefault(manager, []).append(place)
    findings: list[Finding] = []
    for manager, places in found.items():
        paths = [path for place in places for path in survey.below(place)]
        findings += tell(RULE, survey, paths, f"{manager}'s cache", _fix(manager, survey))
    yield from sorted(findings, key=lambda finding: -(finding.unpacked_bytes or 0))


def _places(survey: Survey) -> Iterator[tuple[str, str]]:
    for manager, places in _SYSTEM.items():
        yield from ((manager, place) for place in places)
    for variable, manager in _VARIABLES.items():
        place = survey.environment.get(variable, "").strip("/")
        if place.count("/"):  # a whole top-level directory is somebody's mistake, not a cache
            yield manager, place
    for cache in survey.directories(".cache"):
        yield from ((manager, f"{cache}/{name}") for name, manager in _BELOW_CACHE.items())
    for end, manager in _BY_END.items():
        for directory in survey.directories(end.rpartition("/")[2]):
            if f"/{directory}".endswith(f"/{end}"):
                yield manager, directory
    for directory in survey.directories("pkgs"):
        if survey.exists(f"{directory.rpartition('/')[0]}/conda-meta".lstrip("/")):
            yield "conda", directory


def _fix(manager: str, survey: Survey) -> str:
    fix = _FIXES.get(manager, _OTHERWISE)
    if manager == "apt" and not survey.exists(_APT_CLEAN):
        return f"{fix} (the base has no {_APT_CLEAN.rpartition('/')[2]}, so apt keeps every archive that it installs)"
    return fix


RULE = Rule(
    code="package-caches",
    severity="warning",
    safety="lossless",
    title="caches and lists of package managers",
    find=_find,
    doc=__doc__,
    directories=frozenset({".cache", "pkgs", *(end.rpartition("/")[2] for end in _BY_END)}),
)
