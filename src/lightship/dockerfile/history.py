"""The settings of a stage, in a shape that tells at once what counts at a place: every line of a file asks."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from operator import attrgetter

from lightship.dockerfile.settings import Setting

__all__ = ["Environment", "History", "history_of"]

_PLACE = attrgetter("place")


@dataclass(frozen=True, slots=True)
class History:
    """Settings by what they set, in their order: variables by name, folder, user and shell by the kind."""

    variables: Mapping[str, tuple[Setting, ...]]
    kinds: Mapping[str, tuple[Setting, ...]]


def history_of(settings: Iterable[Setting]) -> History:
    """Of one stage's settings."""
    variables: dict[str, list[Setting]] = {}
    kinds: dict[str, list[Setting]] = {}
    for setting in settings:
        if setting.kind in ("ARG", "ENV"):
            variables.setdefault(setting.name, []).append(setting)
        else:
            kinds.setdefault(setting.kind, []).append(setting)
    return History(
        {name: tuple(each) for name, each in variables.items()}, {kind: tuple(each) for kind, each in kinds.items()}
    )


@dataclass(frozen=True, slots=True)
class Environment(Mapping[str, str | None]):
    """What counts at ``place`` of the first of ``histories``; the others are those of the stages that it is FROM, the
    nearest first. As a mapping: the variables; None for a value that only a build knows."""

    histories: tuple[History, ...]
    place: int

    def setting(self, kind: str) -> Setting | None:
        """The last WORKDIR, USER or SHELL."""
        return self._last([each.kinds.get(kind, ()) for each in self.histories])

    def variable(self, name: str) -> Setting | None:
        """The last ARG or ENV of that name."""
        return self._last([each.variables.get(name, ()) for each in self.histories])

    def _last(self, found: list[tuple[Setting, ...]]) -> Setting | None:
        for number, settings in enumerate(found):
            end = bisect_left(settings, self.place, key=_PLACE) if number == 0 else len(settings)
            if end:
                return settings[end - 1]
        return None

    def __getitem__(self, name: str) -> str | None:
        setting = self.variable(name)
        if setting is None:
            raise KeyError(name)
        return setting.value

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(name for each in reversed(self.histories) for name in each.variables)
        return (name for name in names if self.variable(name) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
