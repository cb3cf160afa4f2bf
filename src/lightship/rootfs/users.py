"""Who a container's process is. OCI image-spec 1.1, config.md, ``User``; passwd(5), group(5)."""

from collections.abc import Iterator
from pathlib import Path

from lightship.errors import ImageError
from lightship.rootfs.links import read_file
from lightship.values import dataclass

__all__ = ["Identity", "resolve_user"]

_MOST_BYTES = 4 * 2**20
_MOST_ID = 2**32 - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """``home`` is absolute: from the image's passwd, and ``/`` for somebody it does not know."""

    uid: int
    gid: int
    home: str = "/"


def resolve_user(root: Path, user: str) -> Identity:
    """The identity that ``user`` (``user``, ``uid``, each with ``:group`` or ``:gid``; empty: root) has in ``root``.

    Names are looked up in the image's own ``/etc/passwd`` and ``/etc/group``, which are read inside ``root`` only.
    Without a group it is the user's own, 0 for a uid without an entry. Raise ImageError for an unknown name.
    """
    name, colon, group = user.partition(":")
    entry = _find(root, "etc/passwd", name or "0", number_field=2, fields=4)
    if entry is not None:
        uid, gid, home = _number(entry[2]), _number(entry[3]), entry[5] if len(entry) > 5 else "/"
    else:
        uid, gid, home = _number(name or "0"), 0, "/"
    if uid is None or gid is None:
        raise ImageError(f"user {name!r} is not in the image's /etc/passwd")
    if colon and group:
        found = _find(root, "etc/group", group, number_field=2, fields=3)
        chosen = _number(found[2] if found else group)
        if chosen is None:
            raise ImageError(f"group {group!r} is not in the image's /etc/group")
        gid = chosen
    return Identity(uid=uid, gid=gid, home=home if home.startswith("/") else "/")


def _find(root: Path, path: str, wanted: str, *, number_field: int, fields: int) -> list[str] | None:
    """The first line whose number is ``wanted`` where that is a number, else whose name is."""
    numeric = _number(wanted) is not None
    for entry in _entries(root, path, fields):
        if (entry[number_field] if numeric else entry[0]) == wanted:
            return entry
    return None


def _entries(root: Path, path: str, fields: int) -> Iterator[list[str]]:
    content = read_file(root, path, limit_bytes=_MOST_BYTES) or b""
    for line in content.decode(errors="replace").splitlines():
        entry = line.split(":")
        if len(entry) >= fields:
            yield entry


def _number(text: str) -> int | None:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        return None
    number = int(text)
    return number if number <= _MOST_ID else None
