"""The merged tree as recognisers see it: `lightship.ecosystem.inventory.Files` over rows and kept contents."""

from collections.abc import Iterator, Mapping

from lightship.analyze.entries import SYMLINK, Entries
from lightship.analyze.merge import Merged
from lightship.errors import HostileError
from lightship.rootfs.links import resolve

__all__ = ["MergedFiles"]


class MergedFiles:
    """``kept`` are contents by row; ``scanned`` what scanners found, by (code, row). Only what is visible is shown."""

    def __init__(
        self, entries: Entries, tree: Merged, kept: Mapping[int, bytes], scanned: Mapping[tuple[str, int], bytes]
    ) -> None:
        self._entries = entries
        self._tree = tree
        self._kept = kept
        self._by_name: dict[str, list[str]] = {}
        self._by_suffix: dict[str, list[str]] = {}
        self._by_directory: dict[str, list[str]] = {}
        self._scanned: dict[str, list[tuple[str, bytes]]] = {}
        self._directories: dict[str, str] = {}
        shown = sorted(path for path, row in tree.rows.items() if tree.sources.get(row, row) in kept)
        for path in shown:
            directory, _, name = path.rpartition("/")
            self._by_name.setdefault(name, []).append(path)
            self._by_suffix.setdefault(name[name.rfind(".") :] if "." in name else "", []).append(path)
            self._by_directory.setdefault(f"{directory}/", []).append(path)
        for (code, row), found in scanned.items():
            path = entries.paths[row]
            if tree.rows.get(path) == row:
                self._scanned.setdefault(code, []).append((path, found))

    def kept(self, *names: str) -> Iterator[tuple[str, bytes]]:
        """See `Files.kept`."""
        paths: set[str] = set()
        for name in names:
            if name.endswith("/"):
                paths.update(self._by_directory.get(name, ()))
            else:
                paths.update((self._by_suffix if name.startswith(".") else self._by_name).get(name, ()))
        for path in sorted(paths):
            yield path, self._kept[self._tree.source(self._tree.rows[path])]

    def read(self, path: str) -> bytes | None:
        """See `Files.read`."""
        row = self._find(path)
        return None if row is None else self._kept.get(self._tree.source(row))

    def scanned(self, code: str) -> Iterator[tuple[str, bytes]]:
        """See `Files.scanned`."""
        yield from sorted(self._scanned.get(code, ()))

    def exists(self, path: str) -> bool:
        """See `Files.exists`."""
        return self._find(path) is not None

    def place(self, path: str) -> str:
        """Where the directory entry ``path`` lies: links on the way are followed, one at its end is not."""
        if path in self._tree.rows:
            return path
        directory, _, name = path.rpartition("/")
        found = self._directories.get(directory)
        if found is None:
            try:
                found = resolve(directory, self._readlink)
            except HostileError:  # a loop leads nowhere
                found = directory
            self._directories[directory] = found
        return f"{found}/{name}" if found else name

    def _find(self, path: str) -> int | None:
        row = self._tree.rows.get(path)
        if row is not None and self._entries.kinds[self._tree.source(row)] != SYMLINK:
            return row
        try:
            return self._tree.rows.get(resolve(path, self._readlink))
        except HostileError:
            return None

    def _readlink(self, path: str) -> str | None:
        row = self._tree.rows.get(path)
        if row is None:
            return None
        row = self._tree.source(row)
        return self._entries.link_targets[row] if self._entries.kinds[row] == SYMLINK else None
