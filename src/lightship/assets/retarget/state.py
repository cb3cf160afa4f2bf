"""What a directory was retargeted to: ``.lightship-retarget.json``, with the place of every prefix and the digest of
every file, so that the next time needs no search, works from the page's own origin too, and gives the same bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.slot import SLOT_KINDS, Form, Slot
from lightship.errors import InputError, UsageError
from lightship.paths import normal_path

__all__ = ["STATE_NAME", "STATE_SCHEMA", "FileState", "State", "state_from", "state_text"]

STATE_NAME = ".lightship-retarget.json"
STATE_SCHEMA = "lightship/retarget-state/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileState:
    """``sha256`` is of the plain bytes."""

    sha256: str
    slots: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """``built`` is the prefix of the build, ``present`` the one of its files."""

    built: Prefix
    present: Prefix
    files: Mapping[str, FileState]


def state_text(state: State) -> bytes:
    """As it is written; the same state gives the same bytes."""
    files = {
        path: {"sha256": found.sha256, "slots": [_slot_row(slot) for slot in found.slots]}
        for path, found in sorted(state.files.items())
    }
    document = {"schema": STATE_SCHEMA, "built": state.built.text, "present": state.present.text, "files": files}
    return json.dumps(document, separators=(",", ":")).encode() + b"\n"


def state_from(content: bytes) -> State:
    """Raise InputError for what this tool did not write."""
    try:
        document = cast("dict[str, Any]", json.loads(content))
        if document["schema"] != STATE_SCHEMA:
            raise InputError(f"{STATE_NAME}: its schema is {document['schema']!r}, want {STATE_SCHEMA!r}")
        files = {_path(path): _file(found) for path, found in document["files"].items()}
        return State(built=Prefix.parse(document["built"]), present=Prefix.parse(document["present"]), files=files)
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, UsageError) as error:
        raise InputError(
            f"{STATE_NAME} is not what was written: {error}", hint="remove it and name the present prefix with --from"
        ) from error


def _file(found: dict[str, Any]) -> FileState:
    slots = tuple(_slot(row) for row in found["slots"])
    ends = [0, *(slot.end for slot in slots)]
    if any(slot.begin < end for slot, end in zip(slots, ends, strict=False)):
        raise ValueError("its places overlap")
    if any(cover >= len(slots) for slot in slots for cover in slot.covers):
        raise ValueError("a length covers nothing")
    return FileState(sha256=str(found["sha256"]), slots=slots)


def _path(path: str) -> str:
    if normal_path(path) != path:
        raise ValueError(f"{path!r} is no path in the directory")
    return path


def _slot_row(slot: Slot) -> list[object]:
    form = [slot.form.colon, slot.form.slash, slot.form.dot]
    row: list[object] = [slot.begin, slot.end, slot.kind, form, slot.extra, list(slot.covers), slot.path]
    row += [slot.first, slot.last]
    defaults: list[object] = [[":", "/", "."], "", [], "", 0, -1]
    while len(row) > 3 and row[-1] == defaults[len(row) - 4]:
        row.pop()
    return row


def _slot(row: list[Any]) -> Slot:
    rest: list[Any] = [[":", "/", "."], "", [], "", 0, -1][len(row) - 3 :]
    begin, end, kind, form, extra, covers, path, first, last = [*row, *rest]
    numbers = (begin, end, first, last, *covers)
    if not all(isinstance(number, int) for number in numbers) or not 0 <= begin <= end or kind not in SLOT_KINDS:
        raise ValueError(f"{row!r} is no place")
    if not all(isinstance(text, str) for text in (*form, extra, path)) or min(covers, default=0) < 0:
        raise ValueError(f"{row!r} is no place")
    if path:
        _path(path)
    return Slot(
        begin=begin,
        end=end,
        kind=kind,
        form=Form(*form),
        extra=extra,
        covers=tuple(covers),
        path=path,
        first=first,
        last=last,
    )
