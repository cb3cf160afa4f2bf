"""A folder for what is too large for memory and too short-lived for the cache, on the cache's file system.

``/tmp`` is often memory, and a compressed archive or an engine's image has gigabytes.
"""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lightship.paths import storage_errors
from lightship.rootfs.removal import remove, remove_stale

__all__ = ["scratch"]

_KIND = "temporary"


@contextlib.contextmanager
def scratch(cache_root: Path) -> Iterator[Path]:
    """An empty folder below ``cache_root``, gone when the block ends; what killed processes left there a day ago goes
    too."""
    parent = cache_root / _KIND
    with storage_errors("make a temporary folder in the cache"):
        parent.mkdir(parents=True, exist_ok=True)
        remove_stale(parent.iterdir())
        made = Path(tempfile.mkdtemp(dir=parent, prefix="lightship-"))
    try:
        yield made
    finally:
        remove(made)
