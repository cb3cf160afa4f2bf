"""The Python side of a project: which tool manages it, its lock, its Python, its groups, what it installs.

pyproject.toml: https://packaging.python.org/en/latest/specifications/pyproject-toml/ (read November 2026);
``.python-version`` is pyenv's and uv's.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.locks import LockedNames, names_in_lock
from lightship.ecosystem.project.toml_walk import as_table, as_text, as_texts, inner
from lightship.ecosystem.python.names import normal_name

__all__ = ["Manager", "PythonProject", "detect_python"]

Manager = Literal["uv", "poetry", "pdm", "pip"]

_NEWEST, _OLDEST = 14, 9
_PREFERRED = 12
"""CPython 3.12: every wheel of the larger locks exists for it (November 2026), and it is supported until October 2028
(PEP 693)."""

_FROM_PYTHON = re.compile(
    r"^[ \t]*FROM[ \t]+(?:--platform=\S+[ \t]+)?(?:\S+/)?python:3\.(\d{1,3})(?=[\s.@-]|$)", re.IGNORECASE | re.MULTILINE
)
"""A stage on the official image, or a mirror of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProject:
    """``python`` is a minor version such as ``3.12``, ``python_from`` whence it is known. ``lock`` is None where there
    is none; ``locked`` are then the direct dependencies, as far as they are written. ``default_groups`` are those that
    the tool installs unasked, without ``dev``. ``src`` says that the code lies in ``src``. ``scripts`` are the commands
    of ``[project.scripts]``."""

    name: str
    manager: Manager
    lock: str | None
    python: str
    python_from: str
    groups: tuple[str, ...] = ()
    default_groups: tuple[str, ...] = ()
    locked: LockedNames = field(default_factory=lambda: LockedNames(versions={}))
    has_build_system: bool = False
    src: bool = False
    scripts: Mapping[str, str] = field(default_factory=dict)

    @property
    def installs_itself(self) -> bool:
        """The code is only found once the project is installed."""
        return self.has_build_system and self.src

    def has(self, *names: str) -> bool:
        """Whether any of these packages is installed."""
        return any(name in self.locked.versions for name in names)


def detect_python(files: ProjectFiles) -> PythonProject | None:
    """The Python project at the root of ``files``; None where there is none."""
    paths = {path for path in files.paths if "/" not in path}
    requirements = _requirements(paths)
    marks = {"pyproject.toml", "setup.py", "setup.cfg", "Pipfile", "uv.lock", "poetry.lock", "pdm.lock"}
    if not requirements and not paths & marks and not any(path.startswith("pylock.") for path in paths):
        return None
    pyproject = files.toml("pyproject.toml")
    project, tool = inner(pyproject, "project"), inner(pyproject, "tool")
    manager, lock = _manager(paths, tool, requirements)
    groups = {*inner(pyproject, "dependency-groups"), *inner(tool, "poetry", "group")}
    defaults = inner(tool, "uv").get("default-groups")
    default_groups = tuple(groups) if defaults == "all" else as_texts(defaults)
    default_groups = tuple(sorted(name for name in default_groups if name != "dev"))
    locked = names_in_lock(files, lock, default_groups) if lock else LockedNames(versions={}, hashes=False)
    if not locked.versions:
        direct = _direct(project, inner(tool, "poetry"))
        locked = LockedNames(versions=direct, hashes=False)
    python, source = _python(files, project, inner(tool, "poetry"))
    return PythonProject(
        name=normal_name(as_text(project.get("name")) or as_text(inner(tool, "poetry").get("name"))),
        manager=manager,
        lock=lock,
        python=python,
        python_from=source,
        groups=tuple(sorted(groups)),
        default_groups=default_groups,
        locked=locked,
        has_build_system="build-system" in pyproject and inner(tool, "uv").get("package") is not False,
        src=any(path.startswith("src/") and path.endswith(".py") for path in files.paths),
        scripts={str(name): text for name, text in as_table(project.get("scripts")).items() if isinstance(text, str)},
    )


def _requirements(paths: set[str]) -> tuple[str, ...]:
    """``requirements.txt`` first, then those that say that they are locks or for production."""
    found = [path for path in paths if re.fullmatch(r"requirements(?:[-_.](?:lock|prod|production))?\.txt", path)]
    return tuple(sorted(found, key=lambda path: (path != "requirements.txt", path)))


def _manager(paths: set[str], tool: Mapping[str, object], requirements: tuple[str, ...]) -> tuple[Manager, str | None]:
    """A lock says most, then the tool's own table, then a list of requirements."""
    if "uv.lock" in paths:
        return "uv", "uv.lock"
    if "poetry.lock" in paths:
        return "poetry", "poetry.lock"
    if "pdm.lock" in paths:
        return "pdm", "pdm.lock"
    pylocks = sorted(path for path in paths if re.fullmatch(r"pylock\.(?:[A-Za-z0-9_-]+\.)?toml", path))
    if pylocks:
        return "uv", "pylock.toml" if "pylock.toml" in pylocks else pylocks[0]
    if requirements:
        return "pip", requirements[0]
    for manager in ("poetry", "pdm", "uv"):
        if manager in tool:
            return manager, None
    return "pip", None


def _direct(project: Mapping[str, object], poetry: Mapping[str, object]) -> dict[str, str]:
    written = [*as_texts(project.get("dependencies")), *as_table(poetry.get("dependencies"))]
    names = (re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) for text in written)
    return {normal_name(match[0]): "" for match in names if match and match[0].lower() != "python"}


def _python(files: ProjectFiles, project: Mapping[str, object], poetry: Mapping[str, object]) -> tuple[str, str]:
    """``.python-version``; else, where ``requires-python`` allows it, the official image that an old Dockerfile begins
    with, since that is what runs; else the preferred version, else the newest."""
    match = re.match(r"\s*(?:cpython-|python-)?3\.(\d+)", files.text(".python-version"))
    if match and _OLDEST <= int(match[1]) <= _NEWEST:
        return f"3.{match[1]}", ".python-version"
    asked = as_text(project.get("requires-python")) or _caret(
        as_text(as_table(poetry.get("dependencies")).get("python"))
    )
    allowed = _allowed(asked) if asked else []
    running = _FROM_PYTHON.search(files.text("Dockerfile"))
    if running and int(running[1]) in (allowed or range(_OLDEST, _NEWEST + 1)):
        return f"3.{running[1]}", "Dockerfile"
    if not allowed:
        return f"3.{_PREFERRED}", "the default"
    return f"3.{_PREFERRED if _PREFERRED in allowed else allowed[-1]}", "requires-python"


def _caret(text: str) -> str:
    """Poetry's ``^3.11`` and ``~3.11`` (https://python-poetry.org/docs/dependency-specification/)."""
    match = re.fullmatch(r"([\^~])\s*3(?:\.(\d+))?(\.\d+)?", text.strip())
    if match is None:
        return text
    low = f">=3.{match[2] or 0}{match[3] or ''}"
    return f"{low},<4" if match[1] == "^" else f"{low},<3.{int(match[2] or 0) + 1}"


def _allowed(specifier: str) -> list[int]:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier:
        return []
    newest_patch = 30
    return [minor for minor in range(_OLDEST, _NEWEST + 1) if wanted.contains(f"3.{minor}.{newest_patch}")]
