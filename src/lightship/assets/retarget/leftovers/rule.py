"""What a rule about a retargeted directory is: a question to a `Subject`, answered with findings.

One rule a file, listed in `lightship.assets.retarget.leftovers.known`. The docstring is the rule's page: what it does,
why, bad, good, references.
"""

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from lightship.assets.reading.page import Policy, policies
from lightship.assets.reading.reference import Kind, Reference
from lightship.assets.references import references
from lightship.assets.retarget.plan import Plan
from lightship.assets.retarget.rendering import Rendered
from lightship.findings import Finding, Severity

if TYPE_CHECKING:
    from lightship.assets.retarget.frameworks.framework import Framework

__all__ = ["Found", "Leftover", "LeftoverRule", "Subject"]

_PAGES = (".html", ".htm")
_READ = (".html", ".htm", ".css", ".js", ".mjs", ".webmanifest", ".json")
_SAMPLES = 3


@dataclass(frozen=True, slots=True)
class Found:
    """A reference and the file that has it."""

    path: str
    reference: Reference


@dataclass(frozen=True, slots=True, kw_only=True)
class Leftover:
    """What a rule says: a sentence, what to do, and the files it is about."""

    message: str
    fix: str
    paths: tuple[str, ...] = ()
    severity: Severity | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverRule:
    """``code`` is never reused; ``doc`` is the rule's page."""

    code: str
    severity: Severity
    title: str
    find: Callable[["Subject"], Iterable[Leftover]]
    doc: str

    def findings(self, subject: "Subject") -> Iterator[Finding]:
        """What it says of ``subject``."""
        for each in self.find(subject):
            yield Finding(
                code=self.code,
                severity=each.severity or self.severity,
                title=self.title,
                message=each.message,
                location=each.paths[0] if each.paths else "",
                fix=each.fix,
            )


@dataclass(frozen=True)
class Subject:
    """A directory as it is under ``plan.target``."""

    plan: Plan
    rendered: Mapping[str, Rendered]

    @property
    def framework(self) -> "Framework":
        """Whose build it is."""
        return self.plan.framework

    def content(self, path: str) -> bytes:
        """A file's bytes under the target."""
        found = self.rendered.get(path)
        return found.content if found is not None else self.plan.tree.read(path)

    @functools.cached_property
    def asked(self) -> tuple[str, ...]:
        """Files that a browser gets, sorted."""
        stale = frozenset(self.plan.stale)
        return tuple(path for path in sorted(self.plan.tree.paths) if path not in stale and self.framework.asked(path))

    @functools.cached_property
    def pages(self) -> tuple[str, ...]:
        """Of these, the pages."""
        return tuple(path for path in self.asked if path.endswith(_PAGES))

    @functools.cached_property
    def found(self) -> tuple[Found, ...]:
        """What all these files refer to."""
        return tuple(
            Found(path, reference)
            for path in self.asked
            if path.endswith(_READ) and not self.plan.tree.is_large(path)
            for reference in references(path, self.content(path))
        )

    @functools.cached_property
    def policies(self) -> tuple[tuple[str, Policy], ...]:
        """What pages say of themselves."""
        return tuple((path, policy) for path in self.pages for policy in policies(self.content(path)))

    def of_kind(self, *kinds: Kind) -> list[Found]:
        """The references of some kinds."""
        return [each for each in self.found if each.reference.kind in kinds]

    def is_moved(self, found: Found) -> bool:
        """Whether a browser asks the CDN for it: it has the prefix, or is relative to a file that lies there."""
        target = found.reference.target
        if not self.plan.target.host:
            return False
        if self.has_prefix(target):
            return True
        relative = not target.startswith(("/", "http:", "https:")) and not found.reference.base
        return relative and not found.path.endswith(_PAGES) and self.is_on_cdn(found.path)

    def has_prefix(self, target: str) -> bool:
        """Whether an address begins with the prefix."""
        prefix = self.plan.target.text
        return bool(prefix) and (target == prefix or target.startswith(prefix + "/"))

    def is_on_cdn(self, path: str) -> bool:
        """Whether pages ask the CDN for this file."""
        return path.rpartition("/")[2] in self._moved_names

    @functools.cached_property
    def _moved_names(self) -> frozenset[str]:
        targets = (
            each.reference.target.partition("?")[0] for each in self.found if self.has_prefix(each.reference.target)
        )
        named = {target.rpartition("/")[2] for target in targets}
        moved = self.framework.moved
        return frozenset(named | {path.rpartition("/")[2] for path in self.asked if moved is not None and moved(path)})

    def sample(self, found: Iterable[Found]) -> str:
        """``a.html: /x.png, b.css: /y.png and 3 more``; each target once."""
        first = {each.reference.target: each.path for each in reversed(tuple(found))}
        every = [f"{path}: {target}" for target, path in reversed(first.items())]
        more = f" and {len(every) - _SAMPLES} more" if len(every) > _SAMPLES else ""
        return ", ".join(every[:_SAMPLES]) + more

    def resolved(self, found: Found) -> str:
        """The path below the root that a reference without an origin of its own leads to."""
        base = urljoin("/" + found.path, found.reference.base)
        return urljoin(base, found.reference.target).partition("?")[0].partition("#")[0].lstrip("/")
