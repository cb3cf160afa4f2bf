"""A Next.js server as ``output: "standalone"`` leaves it: files, links, packages, what its build says of itself.

https://nextjs.org/docs/app/api-reference/config/next-config-js/output (Next.js 16). What the build wrote is read from
the files it wrote; nothing is executed, and no link is followed out of the directory.
"""

import functools
import json
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from lightship.assets.scan import read_file, scan
from lightship.errors import InputError
from lightship.paths import storage_errors

__all__ = ["Package", "ServerTree", "read_tree"]

_MOST_JSON_BYTES = 64 << 20
_MOST_LINKS = 40  # path_resolution(7): Linux gives up there
_MANIFEST = "required-server-files.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A folder that Node takes for a package (https://nodejs.org/api/packages.html): it has a ``package.json`` and
    lies directly in a ``node_modules``. What Next.js carries in its own ``dist/compiled`` counts as well."""

    folder: str
    name: str
    version: str
    document: Mapping[str, object]

    def names(self, key: str) -> tuple[str, ...]:
        """The texts of a list such as ``os`` or ``cpu``, or the names in a table such as ``optionalDependencies``."""
        found = self.document.get(key)
        found = [found] if isinstance(found, str) else found
        return tuple(str(each) for each in found) if isinstance(found, (list, dict)) else ()


class ServerTree:
    """What is below ``root``. Paths are relative to it; ``files`` have their sizes, ``links`` their targets as the file
    system has them. ``app`` is the folder of ``server.js`` ("" for the root), ``dist`` that of the build."""

    def __init__(self, root: Path, files: Mapping[str, int], links: Mapping[str, str], *, app: str, dist: str) -> None:
        self.root = root
        self.files = files
        self.links = links
        self.app = app
        self.dist = dist
        self._real: dict[str, str] = {}

    @functools.cached_property
    def config(self) -> Mapping[str, object]:
        """Next.js's configuration as the build resolved it."""
        found = self.json(f"{self.dist}/{_MANIFEST}").get("config")
        return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}

    @functools.cached_property
    def images(self) -> Mapping[str, object]:
        """What the configuration says of ``next/image``."""
        found = self.config.get("images")
        return cast("Mapping[str, object]", found) if isinstance(found, dict) else {}

    @functools.cached_property
    def included(self) -> tuple[str, ...]:
        """Patterns of what the configuration asked the build to take in, whatever names it: relative to ``root``."""
        experimental = self.config.get("experimental")
        tables = [self.config, experimental if isinstance(experimental, dict) else {}]
        found: list[str] = []
        for table in tables:
            includes = table.get("outputFileTracingIncludes")
            for patterns in includes.values() if isinstance(includes, dict) else ():
                for pattern in patterns if isinstance(patterns, list) else ():
                    place = posixpath.normpath(posixpath.join(self.app, str(pattern)))
                    found += _without_braces(place) if not place.startswith((".", "/")) else []
        return tuple(dict.fromkeys(found))

    @functools.cached_property
    def packages(self) -> Mapping[str, Package]:
        """By folder, sorted."""
        found = {}
        for path in self.files:
            folder, name = posixpath.split(path)
            if name == "package.json" and _is_package(folder):
                document = self.json(path)
                said = document.get("name")
                found[folder] = Package(
                    folder=folder,
                    name=said if isinstance(said, str) and said else _name_by_folder(folder),
                    version=str(document.get("version") or ""),
                    document=document,
                )
        return dict(sorted(found.items()))

    @functools.cached_property
    def next_folder(self) -> str:
        """The folder of the package ``next``; "" where there is none."""
        return next((each.folder for each in self.packages.values() if _name_by_folder(each.folder) == "next"), "")

    @functools.cached_property
    def directories(self) -> frozenset[str]:
        """Every folder that a file or a link lies in, at any depth."""
        found = {""}
        for path in (*self.files, *self.links):
            folder = posixpath.dirname(path)
            while folder not in found:
                found.add(folder)
                folder = posixpath.dirname(folder)
        return frozenset(found)

    def real(self, path: str) -> str | None:
        """``path`` with every link resolved; None where it leads nowhere, out of the root, or in a circle."""
        if path not in self._real:
            found = self._resolve(path)
            self._real[path] = found if found is not None else "\0"
        known = self._real[path]
        return None if known == "\0" else known

    def _resolve(self, path: str) -> str | None:
        waiting = path.split("/")[::-1]
        done: list[str] = []
        budget = _MOST_LINKS
        while waiting:
            part = waiting.pop()
            if part in ("", "."):
                continue
            if part == "..":
                if not done:
                    return None
                done.pop()
                continue
            done.append(part)
            target = self.links.get("/".join(done))
            if target is not None:
                budget -= 1
                if budget < 0 or target.startswith("/"):
                    return None
                done.pop()
                waiting += target.split("/")[::-1]
        found = "/".join(done)
        return found if found in self.files or found in self.directories else None

    def package_of(self, path: str) -> Package | None:
        """The innermost package whose folder ``path`` lies in."""
        folder = posixpath.dirname(path)
        while folder:
            if folder in self.packages:
                return self.packages[folder]
            folder = posixpath.dirname(folder)
        return None

    def named(self, path: str) -> str:
        """``path`` as people know it, without pnpm's and Yarn's stores: ``node_modules/next/dist/server/x.js``."""
        package = self.package_of(path)
        if package is None:
            return path
        if package.folder.startswith(self.next_folder + "/"):
            return f"node_modules/next{path[len(self.next_folder) :]}"
        return f"node_modules/{_name_by_folder(package.folder)}{path[len(package.folder) :]}"

    def below(self, folder: str) -> Iterator[str]:
        """Files in ``folder`` and below it."""
        prefix = folder + "/" if folder else ""
        return (path for path in self.files if path.startswith(prefix))

    def read(self, path: str) -> bytes:
        """A file's bytes. Raise StorageError where it cannot be read."""
        with storage_errors(f"read {path}"):
            return read_file(self.root / path)[0]

    def json(self, path: str) -> Mapping[str, object]:
        """A JSON object; empty for what is none, is not there, or is larger than any manifest."""
        if not 0 < self.files.get(path, 0) <= _MOST_JSON_BYTES:
            return {}
        try:
            found = json.loads(self.read(path))
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _without_braces(pattern: str) -> list[str]:
    """``a/{b,c}/*`` as ``a/b/*`` and ``a/c/*``; one that has too many of them is a pattern for everything there."""
    waiting = [pattern]
    done: list[str] = []
    while waiting and len(waiting) + len(done) <= _MOST_PATTERNS:
        found = waiting.pop()
        match = _BRACES.search(found)
        if match is None:
            done.append(found)
        else:
            waiting += [found[: match.start()] + each + found[match.end() :] for each in match[1].split(",")]
    return done if not waiting else [pattern.partition("{")[0].rpartition("/")[0] or "**"]


_MOST_PATTERNS = 100
_BRACES = re.compile(r"\{([^{}]*)\}")
_PACKAGE = re.compile(r"(?:^|.*/)node_modules/(@[^/]+/[^/@]+|[^/@.][^/]*)")
_COMPILED = re.compile(r"(?:^|.*/)node_modules/next/dist/compiled/(@[^/]+/[^/]+|[^/@][^/]*)")


def _is_package(folder: str) -> bool:
    return _PACKAGE.fullmatch(folder) is not None or _COMPILED.fullmatch(folder) is not None


def _name_by_folder(folder: str) -> str:
    match = _COMPILED.fullmatch(folder) or _PACKAGE.fullmatch(folder)
    return match[1] if match is not None else folder


def read_tree(root: Path) -> ServerTree:
    """The server at ``root``: ``.next/standalone``, with or without what was copied into it. Raise InputError where it
    is none, or more than one; StorageError where it cannot be listed whole: a decision wants all of it."""
    found = scan(root)
    if found.faults:
        raise InputError(f"{root}: {found.faults[0]}")
    files = {seen.path: seen.size_bytes for seen in (*found.files, *found.sidecars, *found.lone)}
    files = dict(sorted(files.items()))
    links = {}
    for link in found.links:
        with storage_errors(f"read the link {link}"):
            links[link] = str((root / link).readlink())
    app, dist = _place(root, files)
    return ServerTree(root, files, links, app=app, dist=dist)


def _place(root: Path, files: Mapping[str, int]) -> tuple[str, str]:
    """Where ``server.js`` and the build are: a monorepo's server lies as deep as its source did."""
    builds = [posixpath.dirname(path) for path in files if posixpath.basename(path) == _MANIFEST]
    builds = [build for build in builds if "node_modules" not in build.split("/")]
    apps = [(_app_of(build, files), build) for build in builds]
    apps = [(app, build) for app, build in apps if app is not None]
    if len(apps) == 1:
        app, build = apps[0]
        return str(app), build
    if not apps:
        raise InputError(
            f'{root}: want the output of Next.js with output: "standalone" (server.js beside its build), '
            "and there is none",
            hint="next build writes it to .next/standalone",
        )
    raise InputError(f"{root}: want one server, got {len(apps)}: {', '.join(str(app) or '.' for app, _ in apps)}")


def _app_of(build: str, files: Mapping[str, int]) -> str | None:
    folder = posixpath.dirname(build)
    while True:
        if posixpath.join(folder, "server.js") in files:
            return folder
        if not folder:
            return None
        folder = posixpath.dirname(folder)
