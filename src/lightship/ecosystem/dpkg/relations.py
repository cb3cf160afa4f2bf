"""Relationship fields: ``libc6 (>= 2.34), media-types | mime-support, python3:any``. Debian Policy 4.7, 7.1."""

import re
from dataclasses import dataclass

from lightship.ecosystem.dpkg.version import satisfies
from lightship.errors import ArchiveError

__all__ = ["Relation", "parse_relations"]

_RELATION = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9+.-]*)(?::(?P<arch>[a-z0-9-]+))?"
    r"(?:\s*\(\s*(?P<operator><<|<=|=|>=|>>|<|>)\s*(?P<version>[A-Za-z0-9][^\s)]*)\s*\))?"
    r"(?:\s*\[(?P<only>[^\]]*)\])?(?:\s*<[^>]*>)*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """One alternative: a package name, and a version bound where one is given."""

    name: str
    operator: str = ""
    version: str = ""

    def accepts(self, version: str) -> bool:
        """Whether a package of that version will do."""
        return not self.operator or satisfies(version, self.operator, self.version)

    def __str__(self) -> str:
        return f"{self.name} ({self.operator} {self.version})" if self.operator else self.name


def parse_relations(field: str, *, architecture: str = "") -> tuple[tuple[Relation, ...], ...]:
    """Every comma-separated relation as its alternatives, in order; raise ArchiveError for what is none.

    With ``architecture``, alternatives restricted to others (``[arm64]``, ``[!amd64]``) are left out.
    """
    groups = []
    for group in filter(None, (part.strip() for part in field.replace("\n", " ").split(","))):
        alternatives = []
        for text in group.split("|"):
            match = _RELATION.fullmatch(text.strip())
            if match is None:
                raise ArchiveError(f"relation not understood: {text.strip()!r}")
            if architecture and match["only"] and not _applies(match["only"].split(), architecture):
                continue
            alternatives.append(
                Relation(name=match["name"], operator=match["operator"] or "", version=match["version"] or "")
            )
        if alternatives:
            groups.append(tuple(alternatives))
    return tuple(groups)


def _applies(only: list[str], architecture: str) -> bool:
    names = {name.removeprefix("!") for name in only}
    matches = bool(names & {architecture, f"linux-{architecture}", "any", "linux-any"})
    return matches != only[0].startswith("!")
