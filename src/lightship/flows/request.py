"""What a build is asked for, and what it works with."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

from lightship.config import Options
from lightship.oci.platform import Platform
from lightship.store.registry.access import RegistryAccess
from lightship.values import dataclass

__all__ = ["STARTUP_LOCK", "BuildRequest"]

STARTUP_LOCK = "lightship-startup.lock"
"""The modules of a traced start, beside the project's own lock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildRequest:
    """One call of ``lightship build``. ``outputs`` are references as typed; without any, the image goes to a layout in
    the cache. ``platform`` names one, or several with commas between them. ``environ`` is where the indexes' settings
    and CI's facts are read. ``epoch`` is SOURCE_DATE_EPOCH; ``access`` says how registries are reached."""

    project: Path
    options: Options = field(default_factory=Options)
    tags: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    platform: str | None = None
    plan_only: bool = False
    update_base: bool = False
    retrace: bool = False
    epoch: int | None = None
    environ: Mapping[str, str] = field(default_factory=dict)
    access: RegistryAccess = field(default_factory=RegistryAccess)
    jobs: int = 1

    @property
    def is_anew(self) -> bool:
        """Whether what is remembered of earlier builds must not be taken."""
        return self.plan_only or self.update_base or self.retrace

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """What ``platform`` names, each once, in the order of an index; none where nothing was asked for. Raise
        UsageError for what is no platform."""
        names = (name.strip() for name in (self.platform or "").split(",") if name.strip())
        return tuple(sorted({Platform.parse(name) for name in names}, key=str))
