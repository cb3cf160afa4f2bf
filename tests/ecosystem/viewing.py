"""A dict as recognisers see an image: `Files` for tests."""

from collections.abc import Iterator, Mapping

from lightship.ecosystem.inventory import Found, Recogniser

__all__ = ["DictFiles", "found_in"]


class DictFiles:
    """Only what the recogniser's ``wanted`` names can be read, as when an image streams by."""

    def __init__(self, contents: Mapping[str, bytes], recogniser: Recogniser, scanned: Mapping[str, bytes]) -> None:
        self._all = contents
        self._scanned = scanned
        self._kept: dict[str, bytes] = {}
        for path, content in contents.items():
            directory, _, name = path.rpartition("/")
            for wanted in recogniser.wanted:
                named = name == wanted.name or (bool(wanted.suffix) and name.endswith(wanted.suffix))
                if (named or not (wanted.name or wanted.suffix)) and wanted.is_in(directory):
                    self._kept[path] = wanted.keep(content)
                    break

    def kept(self, *names: str) -> Iterator[tuple[str, bytes]]:
        for path, content in sorted(self._kept.items()):
            directory, _, name = path.rpartition("/")
            if any(
                each == f"{directory}/"
                if each.endswith("/")
                else name == each or (each[0] == "." and name.endswith(each))
                for each in names
            ):
                yield path, content

    def read(self, path: str) -> bytes | None:
        return self._kept.get(path)

    def scanned(self, code: str) -> Iterator[tuple[str, bytes]]:  # noqa: ARG002
        yield from sorted(self._scanned.items())

    def exists(self, path: str) -> bool:
        return path in self._all


def found_in(
    recogniser: Recogniser, contents: Mapping[str, bytes], *, scanned: Mapping[str, bytes] | None = None
) -> tuple[dict[str, Found], list[str]]:
    """What ``recogniser`` finds by name, with ``paths`` as tuples, and the paths it did not understand."""
    problems: list[str] = []

    def problem(path: str, why: str) -> None:
        assert why
        problems.append(path)

    files = DictFiles(contents, recogniser, scanned or {})
    found = {each.name: each for each in recogniser.find(files, problem)}
    return found, problems
