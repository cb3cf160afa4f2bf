"""Environment markers, evaluated for a target and never for the host.

Dependency specifiers, https://packaging.python.org/en/latest/specifications/dependency-specifiers/ (PEP 508).
Lock files use ``extra`` as a set: several extras can be active at once, and each comparison asks for one of them.
"""

import re
from collections.abc import Collection

from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.target import Target
from lightship.errors import LockError

__all__ = ["Markers", "require_python"]

_EXTRA = re.compile(
    r"""\bextra \s* (==|!=) \s* (?:"([^"]*)"|'([^']*)')
      | (?:"([^"]*)"|'([^']*)') \s* (==|!=) \s* extra\b""",
    re.VERBOSE,
)


class Markers:
    """Evaluates markers for one target; each different text is parsed once."""

    def __init__(self, target: Target) -> None:
        self._environment = target.marker_environment()
        self._known: dict[str, bool] = {}

    def applies(self, marker: str | None, active: Collection[str] = (), *, where: str = "marker") -> bool:
        """True when there is no marker, or it holds for the target with the extras ``active`` (normalised names).

        Raise LockError, beginning with ``where``, for what is no marker.
        """
        if not marker:
            return True
        text = marker if "extra" not in marker else _EXTRA.sub(lambda found: _constant(found, active), marker)
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = self._evaluate(text, marker, where)
        return known

    def _evaluate(self, text: str, marker: str, where: str) -> bool:
        try:
            return Marker(text).evaluate(self._environment)
        except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, RecursionError) as error:
            raise LockError(f"{where}: want an environment marker, got {marker[:200]!r}") from error


def _constant(found: re.Match[str], active: Collection[str]) -> str:
    """A marker that is always true or always false on Linux, for one comparison with ``extra``."""
    name = normal_name(found[2] or found[3] or found[4] or found[5] or "")
    equal = (found[1] or found[6]) == "=="
    return "os_name == 'posix'" if (name in active) == equal else "os_name != 'posix'"


def require_python(wanted: str | None, target: Target, *, where: str) -> None:
    """Raise LockError when the target's Python is outside ``wanted`` (a version specifier; None allows every one)."""
    if not wanted:
        return
    try:
        specifiers = SpecifierSet(wanted)
    except InvalidSpecifier as error:
        raise LockError(f"{where}: want a version specifier, got {wanted[:200]!r}") from error
    if not specifiers.contains(target.python, prereleases=True):
        raise LockError(
            f"{where} needs Python {wanted}, the image has {target.python}",
            hint="set python in [image] (or --python) to a version in that range",
        )
