"""A decision carried out: the smaller tree beside the whole one, or in its place with the rest set aside.

What is set aside lies in ``DIR.left-out``: below ``files`` as it lay in the tree, and named in ``list.json``, which is
written first, so that an interruption at any point can be taken back.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from lightship.assets.standalone.model import Selection
from lightship.assets.standalone.tree import ServerTree
from lightship.errors import HostileError, InputError, StorageError, UsageError
from lightship.paths import atomic_file, normal_path, parents, storage_errors
from lightship.rootfs.removal import remove

__all__ = ["check_output", "check_place", "place_of", "restore", "set_aside", "write_copy"]

_LIST = "list.json"
_SCHEMA = "lightship/left-out/1"


def check_output(tree: ServerTree, output: Path) -> None:
    """Raise UsageError where ``output`` cannot be written: it is there, or inside the tree."""
    if os.path.lexists(output):
        raise UsageError(f"{output} is there already", hint=f"remove it first: rm -r {output}")
    if output.resolve().is_relative_to(tree.root.resolve()):
        raise UsageError(f"{output} lies in {tree.root}, the directory that it is made from")


def write_copy(tree: ServerTree, selection: Selection, output: Path) -> None:
    """``output`` with what stays: bytes, modes and times as they were. It appears whole or not at all."""
    check_output(tree, output)
    with storage_errors(f"write {output}"):
        output.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{output.name[:64]}.", dir=output.parent))
    try:
        with storage_errors(f"write {output}"):
            made = {""}
            for path in (*selection.kept, *selection.links):
                for folder in parents(path):
                    if folder not in made:
                        made.add(folder)
                        (scratch / folder).mkdir()
            for path in selection.kept:
                shutil.copy2(tree.root / path, scratch / path, follow_symlinks=False)
            for path, target in selection.links.items():
                (scratch / path).symlink_to(target)
            for folder in sorted(made, key=len, reverse=True):
                shutil.copystat(tree.root / folder, scratch / folder)
            scratch.rename(output)
    except BaseException:
        remove(scratch)
        raise


def place_of(root: Path) -> Path:
    """Where what is left out of ``root`` is set aside."""
    return root.with_name(f"{root.resolve().name}.left-out")


def check_place(root: Path) -> None:
    """Raise UsageError where something is set aside already."""
    place = place_of(root)
    if os.path.lexists(place):
        raise UsageError(
            f"{place} is there already: something was left out of {root} before",
            hint="bring it back first with --restore, or remove that directory when it is of an older build",
        )


def set_aside(tree: ServerTree, selection: Selection) -> Path:
    """Move what is left out of the tree to a directory beside it, and return that. When it cannot be moved whole, what
    was moved is brought back."""
    check_place(tree.root)
    place = place_of(tree.root)
    document = {
        "schema": _SCHEMA,
        "build_id": _build_id(tree.root / tree.dist),
        "dist": tree.dist,
        "left_out": [
            {"path": each.path, "rule": each.rule, "unpacked_bytes": each.unpacked_bytes} for each in selection.left
        ],
    }
    try:
        with storage_errors(f"set aside what is left out of {tree.root}"):
            (place / "files").mkdir(parents=True)
            with atomic_file(place / _LIST) as stream:
                stream.write(json.dumps(document, indent=1).encode("utf-8", "surrogateescape"))
            for each in selection.left:
                _move(tree.root / each.path, place / "files" / each.path)
    except BaseException:
        with contextlib.suppress(StorageError, InputError):
            restore(tree.root)
        raise
    _remove_empty(tree.root, {folder for each in selection.left for folder in parents(each.path)})
    return place


def restore(root: Path) -> int:
    """Bring back what was set aside, and return how many paths that were. Raise InputError where nothing was, where the
    list cannot be believed, or where the tree is of another build by now."""
    place = place_of(root)
    document = _read_list(place)
    paths = _paths(document, place)
    dist = document.get("dist")
    if not isinstance(dist, str) or _build_id(root / normal_path(dist)) != document.get("build_id"):
        raise InputError(
            f"{place} is of another build than {root}", hint=f"remove it when it is of no use any more: rm -r {place}"
        )
    brought = 0
    with storage_errors(f"bring back what was left out of {root}"):
        for path in paths:
            source = place / "files" / path
            if not os.path.lexists(source):  # an interruption left it, or brought it back, before
                continue
            _check_inside(place / "files", path)
            _check_inside(root, path)
            if os.path.lexists(root / path):
                raise InputError(f"{path} is in {root} again: it is left as it is")
            _move(source, root / path)
            brought += 1
    remove(place)
    return brought


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    os.rename(source, target)  # noqa: PTH104 - both on one file system: side by side


def _check_inside(root: Path, path: str) -> None:
    """Raise HostileError where a link leads the way to ``path`` out of ``root``."""
    for folder in parents(path):
        if (root / folder).is_symlink():
            raise HostileError(f"{path}: {folder} is a symbolic link")


def _remove_empty(root: Path, folders: set[str]) -> None:
    for folder in sorted(folders, key=lambda each: (-each.count("/"), each)):
        with contextlib.suppress(OSError):  # not empty: something of it stays
            (root / folder).rmdir()


def _build_id(dist: Path) -> str:
    try:
        return (dist / "BUILD_ID").read_bytes()[:300].decode(errors="replace").strip()
    except OSError:
        return ""


def _read_list(place: Path) -> Mapping[str, object]:
    try:
        document = json.loads((place / _LIST).read_bytes().decode("utf-8", "surrogateescape"))
    except FileNotFoundError as error:
        raise InputError(f"nothing was set aside: there is no {place / _LIST}") from error
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"cannot read {place / _LIST}: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != _SCHEMA:
        raise InputError(f"{place / _LIST}: want the schema {_SCHEMA}")
    return document


def _paths(document: Mapping[str, object], place: Path) -> list[str]:
    rows = document.get("left_out")
    paths = [row.get("path") for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
    if not all(isinstance(path, str) and path for path in paths):
        raise InputError(f"{place / _LIST}: want a path in each row of left_out")
    return [normal_path(str(path)) for path in paths]
