"""Platforms: ``os/arch[/variant]``. OCI image-spec 1.1, image-index.md; names as Go's GOOS and GOARCH."""

from dataclasses import dataclass

from lightship.errors import UsageError

__all__ = ["MACHINES", "Platform"]

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""GOARCH to what ``uname -m``, wheel tags and PEP 508's platform_machine say."""


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform; ``str(platform)`` is ``linux/arm64/v8``."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read ``os/arch[/variant]``; raise UsageError for anything else."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            raise UsageError(f"platform not understood: want os/arch[/variant], got {text!r}")
        return cls(*parts)

    @property
    def machine(self) -> str:
        """``x86_64`` or ``aarch64``; raise UsageError for an architecture that has no name here."""
        try:
            return MACHINES[self.architecture]
        except KeyError:
            raise UsageError(
                f"architecture not supported: want {' or '.join(MACHINES)}, got {self.architecture}"
            ) from None

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))
