"""Whiteouts: how a layer says that a path of the layers below is gone. OCI image-spec 1.1, layer.md, "Whiteouts"."""

from lightship.errors import HostileError
from lightship.values import dataclass

__all__ = ["Whiteout", "parse_whiteout", "whiteout_path"]

_PREFIX = ".wh."
_OPAQUE = ".wh..wh..opq"


@dataclass(frozen=True, slots=True)
class Whiteout:
    """``path`` is gone, with everything below it; when ``opaque`` only what the layers below have in it."""

    path: str
    opaque: bool = False


def parse_whiteout(path: str) -> Whiteout | None:
    """What the tar member ``path`` (normal) removes, or None when it is an ordinary member.

    Raise HostileError for ``.wh.`` alone and for names that would remove ``.`` or ``..``. Other names below
    ``.wh..wh.`` are of AUFS itself and remove nothing: they come out as a whiteout of a path that cannot be.
    """
    directory, slash, name = path.rpartition("/")
    if not name.startswith(_PREFIX):
        return None
    if name == _OPAQUE:
        return Whiteout(directory, opaque=True)
    target = name.removeprefix(_PREFIX)
    if target in ("", ".", ".."):
        raise HostileError(f"whiteout removes nothing that can be: {path!r}")
    return Whiteout(f"{directory}{slash}{target}")


def whiteout_path(path: str, *, opaque: bool = False) -> str:
    """The member that removes ``path``, or with ``opaque`` what is in the directory ``path``."""
    if opaque:
        return f"{path}/{_OPAQUE}" if path else _OPAQUE
    directory, slash, name = path.rpartition("/")
    return f"{directory}{slash}{_PREFIX}{name}"
