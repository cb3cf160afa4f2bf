"""Apply drop rules to one distribution: what is kept, what is dropped, and why."""

import posixpath
import re
from collections.abc import Collection, Iterable, Sequence

from lightship.archive.content import Inline
from lightship.archive.inflate import Containers
from lightship.errors import UsageError
from lightship.findings import SAFETY_ORDER, Safety
from lightship.plan.drop.globs import matches_any
from lightship.plan.drop.rule import Distribution, Rule
from lightship.plan.model import Dropped, Entry
from lightship.store.cache import cache_key
from lightship.values import dataclass

__all__ = ["ASKED", "DropOptions", "apply", "drops_whole", "is_protected"]

ASKED = "asked"
"""The rule named for a path that the user's own ``drop`` pattern left out."""

_LICENCE = re.compile(r"(?:UN)?LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|AUTHORS|PATENTS", re.IGNORECASE)
_METADATA = frozenset(
    {"METADATA", "RECORD", "WHEEL", "INSTALLER", "entry_points.txt", "top_level.txt", "direct_url.json"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DropOptions:
    """What may be left out. ``keep`` and ``drop`` are patterns over paths as in ``RECORD`` (``pkg/tests/**``); ``keep``
    wins over every rule and over ``drop``. ``off`` names the codes of rules that are switched off."""

    max_safety: Safety = "safe"
    keep: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    off: tuple[str, ...] = ()

    def active(self, rules: Sequence[Rule]) -> list[Rule]:
        """Rules that are on and no more daring than ``max_safety``; raise UsageError when ``off`` names no rule."""
        unknown = set(self.off) - {rule.code for rule in rules}
        if unknown:
            codes = ", ".join(rule.code for rule in rules)
            raise UsageError(f"no such drop rule: want one of {codes}, got {min(unknown)}")
        allowed = SAFETY_ORDER[: SAFETY_ORDER.index(self.max_safety) + 1]
        return [rule for rule in rules if rule.safety in allowed and rule.code not in self.off]

    def key(self, rules: Sequence[Rule]) -> str:
        """Names everything that the outcome depends on beside the distribution itself."""
        active = [f"{rule.code}/{rule.version}" for rule in self.active(rules)]
        return cache_key("drop", 1, *active, "keep", *self.keep, "drop", *self.drop)


def apply(
    distribution: Distribution, rules: Sequence[Rule], options: DropOptions
) -> tuple[dict[str, Entry], tuple[Dropped, ...]]:
    """Split the distribution's files into those kept, in their order, and those dropped, sorted by path.

    The first rule that selects a path has it. Licences and what readers of ``RECORD`` need are never dropped, unless
    the whole distribution goes.
    """
    dropped: dict[str, Dropped] = {}
    kept_by_user = {path for path in distribution.files if options.keep and matches_any(path, options.keep)}
    for rule in options.active(rules):
        for path in rule.select(distribution):
            if path not in dropped and path not in kept_by_user and (rule.whole or not is_protected(path)):
                dropped[path] = _dropped(path, distribution.files[path], rule.code, rule.safety, rule.reason)
    if options.drop:
        for path, entry in distribution.files.items():
            asked = path not in dropped and path not in kept_by_user and matches_any(path, options.drop)
            if asked and not is_protected(path):
                dropped[path] = _dropped(path, entry, ASKED, "closure", "the configuration asks for it")
    kept = {path: entry for path, entry in distribution.files.items() if path not in dropped}
    return kept, tuple(dropped[path] for path in sorted(dropped))


def drops_whole(name: str, required_by: Collection[str], rules: Iterable[Rule]) -> bool:
    """True when one of ``rules`` leaves out the whole distribution called ``name``; opens nothing."""
    with Containers() as containers:
        probe = Distribution(
            name, {"probe": Entry(path="probe", content=Inline(b""))}, containers, required_by=required_by
        )
        return any(rule.whole and any(True for _ in rule.select(probe)) for rule in rules)


def is_protected(path: str) -> bool:
    """True for licences, wherever they are, and for metadata that installers and `importlib.metadata` read."""
    directory, name = posixpath.split(path)
    if ".dist-info" in directory and (name in _METADATA or "/licenses" in directory or "/sboms" in directory):
        return True
    return _LICENCE.match(name) is not None and not name.endswith((".py", ".pyc", ".so", ".pyi"))


def _dropped(path: str, entry: Entry, code: str, safety: Safety, reason: str) -> Dropped:
    return Dropped(
        path=entry.path or path,
        owner=entry.owner,
        rule=code,
        safety=safety,
        reason=reason,
        unpacked_bytes=entry.unpacked_bytes,
    )
