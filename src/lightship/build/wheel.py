"""What a wheel says about itself: its file name, ``WHEEL`` and ``METADATA``, and whether they agree.

Binary distribution format 1.0 (packaging.python.org/specifications/binary-distribution-format, 2024).
"""

import re
from dataclasses import dataclass

from lightship.errors import ArchiveError

__all__ = ["WheelName", "check_identity", "headers", "normalise_name", "root_is_purelib"]

_FILENAME = re.compile(
    r"(?P<distribution>[^-]+)-(?P<version>[^-]+)(?:-(?P<build>\d[^-]*))?-(?P<tag>[^-]+-[^-]+-[^-]+)\.whl"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelName:
    """The parts of a wheel's file name; ``distribution`` and ``version`` are escaped as in the name."""

    distribution: str
    version: str
    build: str
    tag: str

    @classmethod
    def parse(cls, filename: str) -> "WheelName":
        """Raise ArchiveError for a name that breaks the format."""
        match = _FILENAME.fullmatch(filename)
        if match is None:
            raise ArchiveError(f"not a wheel's file name: want name-version-python-abi-platform.whl, got {filename!r}")
        return cls(**match.groupdict(default=""))


def normalise_name(name: str) -> str:
    """PEP 503: lower case, runs of ``-``, ``_`` and ``.`` become one ``-``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def headers(raw: bytes) -> dict[str, str]:
    """The header fields of a ``WHEEL`` or ``METADATA`` file by lower-case name; of a repeated field the first."""
    found: dict[str, str] = {}
    ends = [end for blank in (b"\n\n", b"\r\n\r\n") if (end := raw.find(blank)) != -1]
    head = raw[: min(ends)] if ends else raw  # the rest is the description, often a hundred times as long
    for line in head.decode("utf-8", "replace").splitlines():
        name, colon, value = line.partition(":")
        if colon and not line[0].isspace():
            found.setdefault(name.strip().lower(), value.strip())
    return found


def root_is_purelib(wheel: dict[str, str], what: str) -> bool:
    """Check ``WHEEL``'s fields and return ``Root-Is-Purelib``; raise ArchiveError for a version that is not 1.x."""
    version = wheel.get("wheel-version", "")
    if not re.fullmatch(r"1\.\d+", version):
        raise ArchiveError(f"{what}: want Wheel-Version 1.x, got {version or 'none'}")
    value = wheel.get("root-is-purelib", "").lower()
    if value not in ("true", "false"):
        raise ArchiveError(f"{what}: want Root-Is-Purelib true or false, got {value or 'none'}")
    return value == "true"


def check_identity(name: WheelName, metadata: dict[str, str], what: str) -> None:
    """Raise ArchiveError when ``METADATA`` names another project or version than the file name."""
    project, version = metadata.get("name", ""), metadata.get("version", "")
    if normalise_name(project) != normalise_name(name.distribution):
        raise ArchiveError(f"{what}: METADATA is of another project: want {name.distribution}, got {project or 'none'}")
    if version != name.version and not _same_version(version, name.version):
        raise ArchiveError(f"{what}: METADATA is of another version: want {name.version}, got {version or 'none'}")


def _same_version(version: str, escaped: str) -> bool:
    """A file name writes ``_`` for the ``-`` of a version, and old tools for the ``+`` of a local one."""
    from packaging.version import InvalidVersion, Version

    for spelling in (escaped.replace("_", "-"), escaped.replace("_", "+", 1)):
        try:
            if Version(version) == Version(spelling):
                return True
        except InvalidVersion:
            if version == spelling:  # from before PEP 440
                return True
    return False
