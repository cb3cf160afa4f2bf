"""What dpkg, or a distroless image, says is installed: ``var/lib/dpkg/status`` and ``status.d/*``. dpkg(1)."""

import re
from dataclasses import dataclass

from lightship.ecosystem.dpkg.control import parse_paragraphs

__all__ = ["InstalledPackage", "parse_installed"]

_NUMBER = re.compile(r"[0-9]{1,15}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledPackage:
    """One installed package. ``installed_bytes`` is the package's own claim (KiB there), 0 where it makes none."""

    name: str
    version: str
    architecture: str
    source: str
    installed_bytes: int = 0


def parse_installed(text: str, *, what: str = "dpkg status") -> tuple[InstalledPackage, ...]:
    """The installed packages of a status file, sorted by name and architecture.

    A paragraph without ``Status`` counts as installed: a file of ``status.d`` has none.
    """
    packages = []
    for fields in parse_paragraphs(text, what=what):
        status = fields.get("status", "install ok installed").split()
        if not status or status[-1] != "installed" or "package" not in fields or "version" not in fields:
            continue
        size = fields.get("installed-size", "")
        packages.append(
            InstalledPackage(
                name=fields["package"],
                version=fields["version"],
                architecture=fields.get("architecture", ""),
                source=fields.get("source", fields["package"]).partition(" ")[0],
                installed_bytes=int(size) * 1024 if _NUMBER.fullmatch(size) else 0,
            )
        )
    return tuple(sorted(packages, key=lambda package: (package.name, package.architecture)))
