"""Which modules a Python distribution brings: the names by which sources would ask for it."""

import posixpath

from lightship.analyze.rules.survey import Survey

__all__ = ["modules_of"]

_SUFFIXES = (".py", ".so")


def modules_of(survey: Survey, number: int) -> set[tuple[str, ...]]:
    """The outermost modules and packages, as parts of their dotted names: ``("google", "cloud", "storage")`` where the
    levels above belong to nobody. A distribution with a ``.pth`` file is loaded by every start: ``()``."""
    site = posixpath.dirname(posixpath.dirname(survey.analysis.packages[number].location))
    prefix = f"{site}/" if site else ""
    inside = [path.removeprefix(prefix) for path in survey.owned([number]) if path.startswith(prefix)]
    if any("/" not in path and path.endswith(".pth") for path in inside):
        return {()}
    packages = {posixpath.dirname(path) for path in inside if path.endswith("/__init__.py")}
    found: set[tuple[str, ...]] = set()
    for path in inside:
        if path.endswith(_SUFFIXES) and not path.startswith(".."):
            parts = path.split("/")
            parts[-1] = parts[-1].partition(".")[0]
            found.add(_outermost(parts, packages))
    return found


def _outermost(parts: list[str], packages: set[str]) -> tuple[str, ...]:
    for length in range(1, len(parts)):
        if "/".join(parts[:length]) in packages:
            return tuple(parts[:length])
    return tuple(parts[:1])
