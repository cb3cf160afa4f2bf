"""Versions of Debian packages: ``[epoch:]upstream[-revision]`` and their order. Debian Policy 4.7, 5.6.12."""

import functools
import re

from lightship.errors import ArchiveError

__all__ = ["satisfies", "upstream_version", "version_key"]

_PAIR = re.compile(r"([^0-9]*)([0-9]*)")
_SHAPE = re.compile(r"(?:([0-9]+):([A-Za-z0-9.+:~-]+)|([A-Za-z0-9.+~-]+))", re.ASCII)

_Key = tuple[int, tuple[object, ...], tuple[object, ...]]


@functools.lru_cache(maxsize=4096)
def version_key(version: str) -> _Key:
    """A value that sorts as dpkg compares; raise ArchiveError for what is no version."""
    match = _SHAPE.fullmatch(version)
    if match is None:
        raise ArchiveError(f"version not understood: {version!r}")
    rest = match[2] or match[3]
    upstream, _, revision = rest.rpartition("-") if "-" in rest else (rest, "", "")
    return int(match[1] or 0), _part_key(upstream), _part_key(revision or "0")


def _part_key(part: str) -> tuple[object, ...]:
    # The end of a run sorts as 0, between "~" and the letters; the closing pair lets "1" sort after "1~".
    key: list[object] = []
    for text, number in _PAIR.findall(part):
        if text or number:
            key += [(*map(_order, text), 0), int(number or 0)]
    return (*key, (0,), 0)


def _order(character: str) -> int:
    if character == "~":
        return -1
    return ord(character) if character.isalpha() else ord(character) + 256


def satisfies(version: str, operator: str, wanted: str) -> bool:
    """Whether ``version OPERATOR wanted`` holds, for the operators ``<< <= = >= >>`` (Policy 7.1)."""
    have, want = version_key(version), version_key(wanted)
    match operator:
        case "<<":
            return have < want
        case "<=" | "<":
            return have <= want
        case "=":
            return have == want
        case ">=" | ">":
            return have >= want
        case ">>":
            return have > want
        case _:
            raise ArchiveError(f"relation not understood: {operator!r}")


def upstream_version(version: str) -> str:
    """The upstream part without epoch, revision and repacking marks: ``1:2.36-9+deb12u4`` gives ``2.36``."""
    upstream = version.partition(":")[2] if ":" in version else version
    upstream = upstream.rpartition("-")[0] if "-" in upstream else upstream
    return re.split(r"[+~]", upstream, maxsplit=1)[0]
