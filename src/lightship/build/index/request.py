"""What is asked for and what came of it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.errors import LockError

__all__ = ["Fetched", "Request"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One locked file. ``index`` is the index that the lock names; ``pinned`` files have no place but their own URL."""

    project: str
    artifact: Artifact
    index: str | None = None
    pinned: bool = False

    @classmethod
    def of(cls, package: LockedPackage, artifact: Artifact) -> Self:
        """The request for ``artifact`` of ``package``; raise LockError for packages that have no file to fetch."""
        if package.kind == "git":
            raise LockError(
                f"{package.name} {package.version} comes from git ({package.url}), and a build takes files only",
                hint=f"build its wheel (`pip wheel 'git+{package.url}'`), lock that file or publish it to your index",
            )
        if package.kind in ("directory", "editable"):
            raise LockError(f"{package.name} {package.version} is a directory: there is no file to fetch")
        return cls(project=package.name, artifact=artifact, index=package.index, pinned=package.kind == "url")

    @property
    def kind(self) -> str:
        """The cache's kind: ``wheels`` or ``sdists``."""
        return "wheels" if self.artifact.filename.endswith(".whl") else "sdists"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """A file on this machine whose bytes have the hash ``sha256``: in the cache, or where the user keeps it."""

    path: Path
    sha256: str
