"""Which ids of the host stand behind the ids inside a user namespace that runc makes.

user_namespaces(7); subuid(5). runc gives its pipes to the container's id 0 (libcontainer/configs/config_linux.go,
HostUID, and process_linux.go, runc 1.1), so that one must always be mapped, and to the caller unless root calls.
Another user takes a second id of the host, which root has, and an ordinary user by ``/etc/subuid``, where newuidmap(1)
looks.
"""

from pathlib import Path

from lightship.errors import ToolError
from lightship.values import dataclass

__all__ = ["IdMap", "map_ids"]

_SPARE = 65534
"""For root: the id of nobody stands behind an unused id 0."""


@dataclass(frozen=True, slots=True)
class IdMap:
    """One id inside and the host's id behind it."""

    inside: int
    host: int


def map_ids(wanted: int, *, caller: int, names: tuple[str, ...], ranges: Path) -> tuple[IdMap, ...]:
    """Id 0 and ``wanted``. Root stands behind ``wanted`` itself when it calls, any other ``caller`` behind id 0, with
    the first id of its range in ``ranges`` behind ``wanted``; ``names`` are what it is called there.

    Raise ToolError where an ordinary ``caller`` has no range.
    """
    if wanted == 0:
        return (IdMap(0, caller),)
    if caller == 0:
        return (IdMap(0, _SPARE), IdMap(wanted, caller))
    other = _first(names, ranges)
    if other is None:
        raise ToolError(
            f"runc cannot start a command as {wanted} for this user: {ranges} gives it no range",
            hint="add one with usermod --add-subuids 100000-165535 --add-subgids 100000-165535, or use --user 0:0",
        )
    return (IdMap(0, caller), IdMap(wanted, other))


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
