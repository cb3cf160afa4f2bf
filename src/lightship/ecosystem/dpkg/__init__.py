"""Debian packages as data: control paragraphs, versions, relations, what is installed. No I/O.

Debian Policy 4.7, chapters 5 (control files) and 7 (relationships).
"""

from lightship.ecosystem.dpkg.control import Paragraph, parse_paragraphs
from lightship.ecosystem.dpkg.installed import InstalledPackage, parse_installed
from lightship.ecosystem.dpkg.relations import Relation, parse_relations
from lightship.ecosystem.dpkg.version import satisfies, upstream_version, version_key

__all__ = [
    "InstalledPackage",
    "Paragraph",
    "Relation",
    "parse_installed",
    "parse_paragraphs",
    "parse_relations",
    "satisfies",
    "upstream_version",
    "version_key",
]
