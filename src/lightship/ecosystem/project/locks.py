"""Package names of a lock, told leniently: which packages an installation gets, and which of them have no wheel.

No target is asked and no marker evaluated (`lightship.ecosystem.python.select` does that, on a directory): a hint about
a system library or a compiler is right for some platform of the lock. Formats: uv.lock (uv 0.9), poetry.lock 2.1,
pdm.lock 4.5, pylock.toml 1.0 (https://packaging.python.org/en/latest/specifications/pylock-toml/), requirements.txt
(pip 25).
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.toml_walk import as_list, as_table, as_tables, as_text, as_texts, inner
from lightship.ecosystem.python.names import normal_name

__all__ = ["LockedNames", "names_in_lock"]

_REQUIREMENT = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(?:[=<>!~;@ (]|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedNames:
    """``versions`` by normal name. ``sdist_only`` have no wheel in the lock; a lock that names no files (requirements)
    tells nothing of it. ``hashes``: every file of a requirements.txt is pinned by its hash."""

    versions: Mapping[str, str]
    sdist_only: frozenset[str] = frozenset()
    hashes: bool = True


def names_in_lock(files: ProjectFiles, path: str, groups: Collection[str] = ()) -> LockedNames:
    """What the lock at ``path`` installs unasked: no groups but ``groups`` where the format tells them apart."""
    name = path.rpartition("/")[2]
    if name == "uv.lock":
        return _of_packages(_uv_reached(list(as_tables(files.toml(path).get("package"))), groups))
    if name == "poetry.lock":
        return _of_packages(filter(_is_main, as_tables(files.toml(path).get("package"))))
    if name == "pdm.lock":
        return _of_packages(filter(_is_default, as_tables(files.toml(path).get("package"))))
    if name.startswith("pylock."):
        return _of_packages(as_tables(files.toml(path).get("packages")))
    return _of_requirements(files.text(path))


def _of_packages(packages: Iterable[Mapping[str, object]]) -> LockedNames:
    versions, sdist_only = {}, set()
    for package in packages:
        name = normal_name(as_text(package.get("name")))
        source = as_table(package.get("source"))
        if not name or {"virtual", "editable"} & source.keys():
            continue
        versions[name] = as_text(package.get("version"))
        wheels, others = _files(package)
        if others and not wheels:
            sdist_only.add(name)
    return LockedNames(versions=versions, sdist_only=frozenset(sdist_only))


def _files(package: Mapping[str, object]) -> tuple[int, int]:
    """How many wheels and other files the lock names."""
    named = [as_text(each.get("file")) for each in as_tables(package.get("files"))]
    wheels = len(as_list(package.get("wheels"))) + sum(name.endswith(".whl") for name in named)
    others = ("sdist" in package) + sum(not name.endswith(".whl") for name in named)
    return wheels, others


def _is_main(package: Mapping[str, object]) -> bool:
    """Poetry 2.1 writes ``groups``; before, ``category``. What is optional is installed for an extra alone."""
    groups = as_texts(package.get("groups"))
    category = as_text(package.get("category"))
    return ("main" in groups if groups else category in ("", "main")) and package.get("optional") is not True


def _is_default(package: Mapping[str, object]) -> bool:
    groups = as_texts(package.get("groups"))
    return not groups or "default" in groups


def _uv_reached(packages: list[Mapping[str, object]], groups: Collection[str]) -> Iterator[Mapping[str, object]]:
    """What the workspace's own members ask for, themselves and by ``groups``, with the extras that are asked for."""
    by_name: dict[str, list[Mapping[str, object]]] = {}
    for package in packages:
        by_name.setdefault(normal_name(as_text(package.get("name"))), []).append(package)
    own = [each for each in packages if {"virtual", "editable"} & as_table(each.get("source")).keys()]
    waiting = [(normal_name(as_text(each.get("name"))), "") for each in own or packages]
    chosen = [edges for each in own for name, edges in inner(each, "dev-dependencies").items() if name in groups]
    waiting += [pair for edges in chosen for pair in _targets(edges)]
    seen: set[tuple[str, str]] = set()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        for package in by_name.get(name, ()):
            edges = inner(package, "optional-dependencies").get(extra) if extra else package.get("dependencies")
            waiting += _targets(edges)
    reached = {name for name, _ in seen}
    return (package for name, kin in by_name.items() if name in reached for package in kin)


def _targets(edges: object) -> Iterator[tuple[str, str]]:
    """Names that dependencies name, each alone and with each extra."""
    for edge in as_tables(edges):
        name = normal_name(as_text(edge.get("name")))
        yield name, ""
        yield from ((name, extra) for extra in as_texts(edge.get("extra")))


def _of_requirements(text: str) -> LockedNames:
    versions: dict[str, str] = {}
    hashed = True
    for line in re.sub(r"\\\r?\n", " ", text).splitlines():
        code = line.split(" #")[0].strip()
        match = _REQUIREMENT.match(code)
        if not code or code.startswith(("#", "-")) or match is None:
            continue
        pin = re.search(r"={2,3}\s*([^\s;]+)", code)
        versions[normal_name(match[1])] = pin[1] if pin else ""
        hashed = hashed and ("--hash=" in code or "#sha256=" in code)
    return LockedNames(versions=versions, hashes=hashed and bool(versions))
