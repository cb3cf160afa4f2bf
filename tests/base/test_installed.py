"""Which CPythons are installed on a machine."""

from pathlib import Path

import pytest

from lightship.base.installed import find_cpython, tree_version
from lightship.errors import InputError


def tree(root: Path, version: str) -> None:
    """What tells an installed CPython: its header, and the two places that the header's version names."""
    minor = ".".join(version.split(".")[:2])
    for folder in ("bin", f"lib/python{minor}", f"include/python{minor}"):
        (root / folder).mkdir(parents=True)
    (root / "bin" / f"python{minor}").write_bytes(b"")
    (root / "include" / f"python{minor}" / "patchlevel.h").write_text(f'#define PY_VERSION      "{version}"\n')


def test_the_newest_of_a_version_is_found(tmp_path: Path) -> None:
    for version in ("3.12.1", "3.12.10", "3.12.9", "3.13.0rc1", "3.11.7"):
        tree(tmp_path / "versions" / version, version)
    roots = [tmp_path / "nowhere", tmp_path / "versions"]
    assert find_cpython("3.12", roots) == tmp_path / "versions" / "3.12.10"
    assert find_cpython("3.12.9", roots) == tmp_path / "versions" / "3.12.9"
    assert find_cpython("3.13", roots) is None, "a candidate is not 3.13"
    assert find_cpython("3.1", roots) is None
    assert find_cpython(str(tmp_path / "versions" / "3.11.7"), []) == tmp_path / "versions" / "3.11.7"


def test_what_is_no_cpython(tmp_path: Path) -> None:
    assert tree_version(tmp_path) is None
    with pytest.raises(InputError, match="no CPython in"):
        find_cpython(str(tmp_path), [])
