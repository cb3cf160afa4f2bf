"""What a Node program can load, found without running it: files that name each other, from the places where it starts.

Node's rules are those of https://nodejs.org/api/modules.html and https://nodejs.org/api/esm.html (Node 24). Every text
that looks like a literal ``require``, ``import`` or ``require.resolve`` counts, in comments as well; every condition of
``exports`` counts that Node itself may take. A file that loads by a name that is made at run time brings its whole
package and all that the package says it may depend on; data beside code is kept where a text of the package names it.
"""

import os
import posixpath
import re
from collections.abc import Collection, Iterable, Iterator

from lightship.assets.standalone.tree import Package, ServerTree

__all__ = ["reachable", "resolved", "specifiers"]

_CODE = (".js", ".cjs", ".mjs")
_ENDINGS = ("", ".js", ".json", ".node", ".cjs", ".mjs")
_CONDITIONS = ("node", "node-addons", "import", "require", "module-sync", "production", "default")
"""Of ``exports`` and ``imports``; browsers', bundlers' and developers' are not Node's."""

_QUOTED = rb"""\s*(["'`])([^"'`\s\\]{1,300})\1"""
_RESOLVED = re.compile(rb"\s*\(" + _QUOTED)
_AFTER = {
    b"equire": re.compile(rb"(?:\w{0,8}(?:\.resolve)?|\([\w.]{1,40}\))\s*\(" + _QUOTED),
    b"resolve": _RESOLVED,
    b"import": re.compile(rb"\s*\(?" + _QUOTED),
    b"from": re.compile(_QUOTED),
    b".x(": re.compile(_QUOTED),
    b".y(": re.compile(_QUOTED),
}
"""What stands before a literal name, and how it goes on: ``from"x"``, ``import("x")``, ``require('x')``,
``createRequire(import.meta.url)("x")``; ``a.y("x")`` is how Turbopack loads what it left outside. Words are looked for
first: that takes a tenth of the time of one expression over 50 MB of chunks."""
_AT_RUN_TIME = re.compile(rb"""(?:\.resolve)?\s*\(\s*(?![\s"'`)/*])|\s*\(\s*`[^`]{0,300}\$\{""")


def specifiers(source: bytes) -> tuple[frozenset[str], bool]:
    """What a source asks for by literal names, and whether it asks for something by a name made at run time."""
    found = {name for word, after in _AFTER.items() for name in _names(source, word, after)}
    made = any(
        _AT_RUN_TIME.match(source, at + len(word)) and not source[max(0, at - 1) : at].isalnum()
        for word in (b"require", b"import")
        for at in _places(source, word)
    )
    return frozenset(name for name in found if "${" not in name), made


def _names(source: bytes, word: bytes, after: re.Pattern[bytes]) -> Iterator[str]:
    for at in _places(source, word):
        match = after.match(source, at + len(word))
        if match is not None:
            yield match[2].decode(errors="replace")


def _places(source: bytes, word: bytes) -> Iterator[int]:
    at = source.find(word)
    while at != -1:
        yield at
        at = source.find(word, at + len(word))


def reachable(
    tree: ServerTree, roots: Iterable[str], *, closed: Collection[str] = (), unasked: Collection[str] = ()
) -> frozenset[str]:
    """Files of ``tree`` that loading ``roots`` can load. ``closed`` are files that are never entered, ``unasked``
    packages that the package ``next`` does not ask for here."""
    walk = _Walk(tree, frozenset(closed), frozenset(unasked))
    for root in roots:
        walk.enter(root)
    walk.go()
    return frozenset(walk.found)


def resolved(tree: ServerTree, sources: Iterable[str]) -> frozenset[str]:
    """Files that ``sources`` look for by ``require.resolve`` and its like: looked for, and perhaps never opened. Who
    looks for a ``package.json`` may mean the package: then its main file is looked for too."""
    walk = _Walk(tree, frozenset(), frozenset())
    found = {
        target
        for path in sources
        if path in tree.files and path.endswith(_CODE)
        for name in _names(tree.read(path), b"resolve", _RESOLVED)
        for target in walk.resolve(path, name)
    }
    packages = [path.removesuffix("/package.json") for path in found if path.endswith("/package.json")]
    return frozenset(found.union(*(walk.main(folder) for folder in packages)))


class _Walk:
    def __init__(self, tree: ServerTree, closed: frozenset[str], unasked: frozenset[str]) -> None:
        self._tree = tree
        self._closed = closed
        self._unasked = unasked
        self._waiting: list[str] = []
        self._whole: set[str] = set()
        self._data = _data_by_package(tree)
        self.found: set[str] = set()

    def enter(self, path: str) -> None:
        if path in self._tree.files and path not in self.found and path not in self._closed:
            self.found.add(path)
            self._waiting.append(path)

    def go(self) -> None:
        while self._waiting:
            path = self._waiting.pop()
            package = self._tree.package_of(path)
            if package is not None:
                self._enter_scopes(path, package)
            if path.endswith(_CODE):
                self._follow(path, package)

    def _enter_scopes(self, path: str, package: Package) -> None:
        """Node looks for the nearest ``package.json`` of a file: whether it is a module, and what it is called."""
        folder = posixpath.dirname(path)
        while len(folder) >= len(package.folder):
            self.enter(f"{folder}/package.json")
            folder = posixpath.dirname(folder)

    def _follow(self, path: str, package: Package | None) -> None:
        source = self._tree.read(path)
        names, at_run_time = specifiers(source)
        if package is not None and self._is_next(package):
            names = frozenset(name for name in names if _package_name(name) not in self._unasked)
        for name in names:
            for found in self.resolve(path, name):
                self.enter(found)
        if package is None:
            return
        data = self._data.get(package.folder, {})
        for named in [named for named in data if named in source]:
            for found in data.pop(named):
                self.enter(found)
        if at_run_time and not self._is_next(package):
            self._enter_whole(package)

    def _is_next(self, package: Package) -> bool:
        """Next.js loads by names made at run time what the build wrote, and that is entered anyway."""
        folder = self._tree.next_folder
        return bool(folder) and (package.folder == folder or package.folder.startswith(f"{folder}/dist/compiled/"))

    def _enter_whole(self, package: Package) -> None:
        if package.folder in self._whole:
            return
        self._whole.add(package.folder)
        for path in self._tree.below(package.folder):
            if self._tree.package_of(path) is package:
                self.enter(path)
        for key in ("dependencies", "optionalDependencies", "peerDependencies"):
            for name in package.names(key):
                folder = self._package_folder(package.folder, name)
                if folder is not None and folder in self._tree.packages:
                    self._enter_whole(self._tree.packages[folder])

    def resolve(self, path: str, name: str) -> Iterator[str]:
        if name.startswith((".", "/")):
            yield from self._file(posixpath.normpath(posixpath.join(posixpath.dirname(path), name)))
        elif name.startswith("#"):
            package = self._tree.package_of(path)
            if package is not None:
                yield from self._exported(package, "imports", name)
        elif not name.startswith("node:"):
            yield from self._bare(posixpath.dirname(path), name)

    def _file(self, path: str) -> Iterator[str]:
        exact = self._exact(path)
        folder = self._tree.real(path) if exact is None else None
        if exact is not None:
            yield exact
        elif folder is not None:
            yield from self.main(folder)

    def _exact(self, path: str) -> str | None:
        """The file that Node takes for ``path``, by one of the endings that may be left out."""
        if path.startswith(".."):
            return None
        found = (self._tree.real(path + ending) for ending in _ENDINGS)
        return next((real for real in found if real is not None and real in self._tree.files), None)

    def main(self, folder: str) -> Iterator[str]:
        package = self._tree.packages.get(folder)
        document = package.document if package else self._tree.json(f"{folder}/package.json")
        for key in ("main", "module"):
            said = document.get(key)
            if isinstance(said, str) and said.strip("./"):
                place = posixpath.normpath(posixpath.join(folder, said))
                exact = self._exact(place)
                yield from (exact,) if exact is not None else self._index(place)
        if f"{folder}/package.json" in self._tree.files:
            yield f"{folder}/package.json"
        yield from self._index(folder)

    def _index(self, folder: str) -> Iterator[str]:
        exact = self._exact(f"{folder}/index")
        if exact is not None:
            yield exact

    def _bare(self, folder: str, name: str) -> Iterator[str]:
        package_name = _package_name(name)
        rest = name[len(package_name) + 1 :]
        found = self._package_folder(folder, package_name)
        if found is None:
            return
        package = self._tree.packages.get(found)
        if package is not None and package.document.get("exports") is not None:
            yield from self._exported(package, "exports", f"./{rest}" if rest else ".")
        if rest:
            yield from self._file(f"{found}/{rest}")
        else:
            yield from self.main(found)

    def _package_folder(self, folder: str, name: str) -> str | None:
        while True:
            if posixpath.basename(folder) != "node_modules":
                found = self._tree.real(posixpath.join(folder, "node_modules", name))
                if found is not None and found in self._tree.directories:
                    return found
            if not folder:
                return None
            folder = posixpath.dirname(folder)

    def _exported(self, package: Package, key: str, wanted: str) -> Iterator[str]:
        table = package.document.get(key)
        if not isinstance(table, dict) or (key == "exports" and not any(str(each).startswith(".") for each in table)):
            table = {".": table}
        for pattern, value in table.items():
            head, star, tail = str(pattern).partition("*")
            if star and wanted.startswith(head) and wanted.endswith(tail) and len(wanted) >= len(head) + len(tail):
                middle = wanted[len(head) : len(wanted) - len(tail)]
            elif pattern == wanted:
                middle = ""
            else:
                continue
            for target in _targets(value):
                if target.startswith("./"):
                    yield from self._file(posixpath.normpath(f"{package.folder}/{target.replace('*', middle)}"))
                elif key == "imports":  # a package's exports lead to its own files alone
                    yield from self._bare(package.folder, target)


def _package_name(name: str) -> str:
    """``@scope/name`` of ``@scope/name/inside``."""
    parts = name.split("/")
    return "/".join(parts[: 2 if name.startswith("@") else 1])


def _targets(value: object) -> Iterator[str]:
    """Every target that Node may take, whatever the conditions are when it starts."""
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            yield found
        elif isinstance(found, list):
            waiting += found
        elif isinstance(found, dict):
            waiting += [each for condition, each in found.items() if str(condition).startswith(_CONDITIONS)]


def _data_by_package(tree: ServerTree) -> dict[str, dict[bytes, list[str]]]:
    """What is no code, by package and by name; every ``package.json`` is entered with what lies beside it."""
    found: dict[str, dict[bytes, list[str]]] = {}
    for path in tree.files:
        name = posixpath.basename(path)
        package = None if name == "package.json" or name.endswith(_CODE) else tree.package_of(path)
        if package is not None:
            found.setdefault(package.folder, {}).setdefault(os.fsencode(name), []).append(path)
    return found
