"""Which contents are kept while a layer streams by: the wishes of all recognisers, as one cheap question for each path.

A layer may be hostile: what is kept of one file is capped by its `Wanted`, and what is kept of a layer by
`KEPT_CAP_BYTES`.
"""

from collections.abc import Callable, Iterable, Sequence

from lightship.ecosystem.inventory import Recogniser, Scanner, Wanted

__all__ = ["KEPT_CAP_BYTES", "Interest"]

KEPT_CAP_BYTES = 256 << 20
"""Of all contents kept of one layer. 400 Python distributions and 500 Debian packages keep some 15 MB."""


class Interest:
    """What ``recognisers`` want, and ``others`` where no recogniser does. Does not change; safe for threads."""

    def __init__(self, recognisers: Sequence[Recogniser], others: Iterable[Wanted] = ()) -> None:
        self._by_name: dict[str, list[Wanted]] = {}
        self._by_suffix: dict[str, list[Wanted]] = {}
        self._by_directory: dict[str, list[Wanted]] = {}
        self._scanners: list[tuple[str, Callable[[], Scanner]]] = []
        for wanted in (*(each for recogniser in recognisers for each in recogniser.wanted), *others):
            if wanted.name:
                self._by_name.setdefault(wanted.name, []).append(wanted)
            elif wanted.suffix:
                self._by_suffix.setdefault(wanted.suffix, []).append(wanted)
            else:
                self._by_directory.setdefault(wanted.directory, []).append(wanted)
        for recogniser in recognisers:
            if recogniser.scanner is not None:
                self._scanners.append((recogniser.code, recogniser.scanner))

    def asker(self) -> Callable[[str], Wanted | None]:
        """Who wants the content of a path: the first that does. For one thread, and quickest where paths of one
        directory follow each other, as they do in a layer."""
        by_name, by_suffix, by_directory = self._by_name, self._by_suffix, self._by_directory
        here = ""
        answers: dict[str, Wanted | None] = {}

        def in_file(path: str) -> Wanted | None:
            nonlocal here, answers
            directory, _, name = path.rpartition("/")
            if directory != here:
                here, answers = directory, {}
            key = name
            candidates: Sequence[Wanted] | None = by_name.get(name)
            if candidates is None:
                dot = name.rfind(".")
                key = name[dot:] if dot >= 0 else ""
                if key in answers:
                    return answers[key]
                candidates = by_suffix.get(key)
            found: Wanted | None = None
            if candidates is not None:
                found = next((wanted for wanted in candidates if wanted.is_in(directory)), None)
            if found is None:
                listed = by_directory.get(directory)
                found = listed[0] if listed is not None else None
            if key is not name:
                answers[key] = found
            return found

        return in_file

    def scanners(self) -> list[tuple[str, Scanner]]:
        """A scanner of each kind, for one executable."""
        return [(code, make()) for code, make in self._scanners]
