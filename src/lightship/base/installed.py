"""The CPythons that are installed on this machine: which folder holds one, of what version. Asked at every build."""

import re
from collections.abc import Sequence
from pathlib import Path

from lightship.errors import InputError

__all__ = ["find_cpython", "tree_version"]

_VERSION = re.compile(r'^#define\s+PY_VERSION\s+"([0-9][^"]*)"', re.MULTILINE)


def find_cpython(python: str, roots: Sequence[Path]) -> Path | None:
    """The folder that ``python`` names: a path, or the newest tree of that version below ``roots``.

    None when a version was asked for and no root has it; raise InputError for a path that is no CPython.
    """
    if "/" in python:
        directory = Path(python).expanduser()
        if tree_version(directory) is None:
            raise InputError(
                f"no CPython in {python}: want bin/python3.x, lib/python3.x and include/python3.x/patchlevel.h",
                hint="name the folder that holds bin, lib and include",
            )
        return directory
    found = []
    for root in roots:
        children = sorted(root.iterdir()) if root.is_dir() else []
        for directory in (child for child in children if not child.is_symlink()):
            version = tree_version(directory)
            # 3.13.0rc1 is no 3.13: a candidate is for who names it.
            finished = version is not None and version.replace(".", "").isdigit()
            if version and (version == python or (finished and version.startswith(python + "."))):
                numbers = tuple(int(part) for part in re.findall(r"\d+", version))
                found.append((numbers, str(directory), directory))
    return max(found)[2] if found else None


def tree_version(directory: Path) -> str | None:
    """The version that the tree's ``patchlevel.h`` states, or None when ``directory`` holds no CPython 3."""
    for header in sorted(directory.glob("include/python3.*/patchlevel.h")):
        match = _VERSION.search(header.read_text(encoding="utf-8", errors="replace"))
        if match is None:
            continue
        minor = ".".join(match[1].split(".")[:2])
        if (directory / "bin" / f"python{minor}").exists() and (directory / "lib" / f"python{minor}").is_dir():
            return match[1].rstrip("+")
    return None
