"""Which versions of build requirements a project holds back, where uv and pip read it.

``[tool.uv] build-constraint-dependencies`` (https://docs.astral.sh/uv/reference/settings/), in pyproject.toml or
``uv.toml`` beside it; pip's ``PIP_BUILD_CONSTRAINT`` files (pip 25.3).
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

from lightship.errors import InputError

__all__ = ["constraint_files", "read_build_constraints"]


def constraint_files(project: Path, environment: Mapping[str, str]) -> tuple[Path, ...]:
    """The files that `read_build_constraints` looks for, whether they are there or not."""
    named = environment.get("PIP_BUILD_CONSTRAINT", "").split()
    return (project / "uv.toml", project / "pyproject.toml", *(project / name for name in named))


def read_build_constraints(project: Path, environment: Mapping[str, str]) -> tuple[str, ...]:
    """The constraints for builds of ``project``'s packages, sorted; raise InputError for a file not understood."""
    found: set[str] = set()
    own, shared, *named = constraint_files(project, environment)
    if own.is_file():
        found.update(_listed(own, _load(own)))
    elif shared.is_file():
        tool = _load(shared).get("tool")
        table = tool.get("uv") if isinstance(tool, dict) else None
        found.update(_listed(shared, table if isinstance(table, dict) else {}))
    for path in named:
        found.update(_lines(path))
    return tuple(sorted(found))


def _load(path: Path) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"{path} is not TOML: {error}") from error


def _listed(path: Path, table: Mapping[str, object]) -> list[str]:
    value = table.get("build-constraint-dependencies", [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{path}: build-constraint-dependencies: want an array of strings")
    return value


def _lines(path: Path) -> list[str]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read the build constraints {path}: {error}") from error
    return [text for line in lines if (text := line.partition("#")[0].strip())]
