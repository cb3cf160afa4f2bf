"""Patterns of ``keep`` and ``drop`` that match no path of any package: mostly a slip, and otherwise silent.

Drop rules see one package at a time, in layers that may come from the cache, so nobody sees all paths before the
layers' explanations (`lightship.plan.explain`) do. They are read as bytes, and only when there are patterns.
"""

import json
import posixpath
import re
from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from lightship.config import Options
from lightship.findings import Finding
from lightship.paths import storage_errors
from lightship.plan.drop.globs import matches_any

__all__ = ["pattern_findings"]

_WILD = re.compile(r"\*+/?|\?|\[[^]]+\]")
_DEPTH = "../../.."
"""From site-packages to the environment, as ``RECORD`` names what lies outside."""


def pattern_findings(options: Options, explanations: Sequence[Path]) -> tuple[Finding, ...]:
    """A warning for each pattern that matches nothing of what packages have, be it kept or left out.

    Costs nothing without patterns, and some hundredths of a second for ten thousand files with them.
    """
    if not options.keep and not options.drop:
        return ()
    paths = _package_paths(options, explanations)
    asked = [("keep", pattern) for pattern in options.keep] + [("drop", pattern) for pattern in options.drop]
    return tuple(
        _unused(setting, pattern, paths, options) for setting, pattern in asked if not _is_used(pattern, paths)
    )


def _is_used(pattern: str, paths: Sequence[str]) -> bool:
    # a plain search first: it is many times faster than the pattern
    literal = max(_WILD.split(pattern.strip("/")), key=len)
    return any(literal in path and matches_any(path, (pattern,)) for path in paths)


def _package_paths(options: Options, explanations: Sequence[Path]) -> list[str]:
    """Everything below the environment's prefix, relative to its site-packages."""
    prefix = options.prefix.strip("/")
    below = re.compile(rb'"path":"' + re.escape(json.dumps(f"{prefix}/")[1:-1].encode()) + rb'([^"]*)"')
    site = re.compile(r"lib/python[\d.]+/site-packages/")
    found = []
    for explanation in explanations:
        with storage_errors("read what is in the layers"):
            layer = explanation.read_bytes()
        for raw in below.findall(layer):
            path = raw.decode("ascii")
            path = json.loads(f'"{path}"', strict=False) if "\\" in path and not path.endswith("\\") else path
            inside = site.match(path)
            found.append(path[inside.end() :] if inside else f"{_DEPTH}/{path}")
    return found


def _unused(setting: str, pattern: str, paths: Sequence[str], options: Options) -> Finding:
    return Finding(
        code="pattern-unused",
        severity="warning",
        title="a pattern that matches nothing",
        message=f"--{setting} {pattern} matches no path of any package",
        location=pattern,
        fix=_advice(setting, pattern, paths, options),
    )


def _advice(setting: str, pattern: str, paths: Sequence[str], options: Options) -> str:
    plain = pattern.strip("/")
    inside = re.fullmatch(r"(?:.*/)?site-packages/(.+)", plain)
    if inside is not None:
        return f"paths are relative to site-packages: write {inside[1]}"
    workdir = options.workdir.strip("/")
    if setting == "drop" and (plain == workdir or plain.startswith(f"{workdir}/")):
        return "drop is for packages; write the project's own files to .dockerignore"
    first = plain.partition("/")[0]
    names = {posixpath.normpath(path).partition("/")[0] for path in paths}
    near = [name for name in get_close_matches(first, sorted(names), n=1) if name != first]
    if near:
        return f"did you mean {near[0]}{plain[len(first) :]}?"
    if first in names:
        return f"{first} has no such path; -v tells where all of them are listed"
    return "patterns are relative to site-packages, such as pandas/tests/**"
