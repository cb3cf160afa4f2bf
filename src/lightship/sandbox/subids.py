"""Which ids of the host stand behind the ids inside a user namespace that runc makes.

user_namespaces(7); subuid(5). runc wants the container's id 0 mapped, whoever runs the command
(libcontainer/configs/config_linux.go, HostUID, runc 1.1): for another user that takes a second id of the host, which
root has, and an ordinary user by ``/etc/subuid``, where newuidmap(1) looks.
"""

from dataclasses import dataclass
from pathlib import Path

from lightship.errors import ToolError

__all__ = ["IdMap", "map_ids"]

_SPARE = 65534
"""For root: the id of nobody stands behind an unused id 0."""


@dataclass(frozen=True, slots=True)
class IdMap:
    """One id inside and the host's id behind it."""

    inside: int
    host: int


def map_ids(wanted: int, *, caller: int, names: tuple[str, ...], ranges: Path) -> tuple[IdMap, ...]:
    """``wanted`` is the caller inside; id 0 as well where that is another. ``names`` are the caller's in ``ranges``.

    Raise ToolError where an ordinary ``caller`` has no second id.
    """
    if wanted == 0:
        return (IdMap(0, caller),)
    spare = _SPARE if caller == 0 else _first(names, ranges)
    if spare is None:
        raise ToolError(
            f"runc cannot start a command as {wanted} for this user: {ranges} gives it no range",
            hint="add one with usermod --add-subuids 100000-165535 --add-subgids 100000-165535, or use --user 0:0",
        )
    return (IdMap(0, spare), IdMap(wanted, caller))


def _first(names: tuple[str, ...], ranges: Path) -> int | None:
    try:
        lines = ranges.read_text(errors="replace").splitlines()
    except OSError:
        return None
    for line in lines:
        name, _, rest = line.partition(":")
        first, _, count = rest.partition(":")
        if name in names and first.isdigit() and count.strip().isdigit() and int(count) > 0:
            return int(first)
    return None
