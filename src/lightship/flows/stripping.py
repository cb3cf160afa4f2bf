"""Stripping as a step of a package's way into the image."""

from collections.abc import Mapping

from lightship.build.install import InstalledWheel
from lightship.build.packages import Transform
from lightship.build.strip import STRIPPED_VERSION, strip_entries
from lightship.plan.model import Entry
from lightship.store.cache import Cache

__all__ = ["STRIPPING_KEY", "stripping"]

STRIPPING_KEY = STRIPPED_VERSION


def stripping(cache: Cache) -> Transform:
    """A transform that takes debug symbols out of a wheel's files; stripped files are kept in ``cache``."""

    def strip(installed: InstalledWheel, files: Mapping[str, Entry]) -> Mapping[str, Entry]:
        stripped = strip_entries(tuple(files.values()), installed.sha256, cache)
        return dict(zip(files, stripped.entries, strict=True))

    return strip
