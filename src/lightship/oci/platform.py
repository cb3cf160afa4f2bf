"""Platforms: ``os/arch[/variant]``. OCI image-spec 1.1, image-index.md; names as Go's GOOS and GOARCH."""

from lightship.errors import UsageError
from lightship.values import dataclass

__all__ = ["MACHINES", "Platform"]

MACHINES = {"amd64": "x86_64", "arm64": "aarch64"}
"""GOARCH to what ``uname -m``, wheel tags and PEP 508's platform_machine say."""

_ARCHITECTURES = {
    "x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64", "i386": "386", "armhf": "arm",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Platform:
    """One platform; ``str(platform)`` is ``linux/arm/v7``."""

    os: str
    architecture: str
    variant: str = ""

    @classmethod
    def parse(cls, text: str) -> "Platform":
        """Read ``os/arch[/variant]``; raise UsageError for anything else."""
        parts = text.split("/")
        if len(parts) not in (2, 3) or not all(parts):
            known = {*MACHINES, *_ARCHITECTURES, *_ARCHITECTURES.values()}
            raise UsageError(
                f"platform not understood: want os/arch[/variant], got {text!r}",
                hint=f"{cls('linux', text).normal()}?" if text.lower() in known else None,
            )
        return cls(*parts).normal()

    def normal(self) -> "Platform":
        """The same platform as an index names it: ``x86_64`` is ``amd64``, arm64 v8 has no variant, arm is v7.

        Source: containerd's platforms package, https://github.com/containerd/platforms v1.0.0, database.go.
        """
        os, architecture = self.os.lower(), _ARCHITECTURES.get(self.architecture.lower(), self.architecture.lower())
        variant = self.variant.lower()
        if architecture == "arm64" and variant in ("8", "v8"):
            variant = ""
        elif architecture == "arm":
            variant = f"v{variant}" if variant.isdigit() else variant or "v7"
        elif architecture == "amd64" and variant == "v1":
            variant = ""
        return Platform(os, architecture, variant)

    def document(self) -> dict[str, object]:
        """The platform as JSON, as in an index."""
        made: dict[str, object] = {"architecture": self.architecture, "os": self.os}
        if self.variant:
            made["variant"] = self.variant
        return made

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
