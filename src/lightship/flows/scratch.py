"""A folder for what is too large for memory and too short-lived for the cache, on the cache's file system.

``/tmp`` is often memory, and a compressed archive or an engine's image has gigabytes.
"""

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lightship.paths import storage_errors
from lightship.rootfs.removal import remove

__all__ = ["scratch"]

_KIND = "temporary"
_LEFT_BEHIND_S = 86_400


@contextlib.contextmanager
def scratch(cache_root: Path) -> Iterator[Path]:
    """An empty folder below ``cache_root``, gone when the block ends; what killed processes left there a day ago goes
    too."""
    parent = cache_root / _KIND
    with storage_errors("make a temporary folder in the cache"):
        parent.mkdir(parents=True, exist_ok=True)
        limit = time.time() - _LEFT_BEHIND_S
        for old in parent.iterdir():
            with contextlib.suppress(OSError):  # another process removes it as well
                if old.stat().st_mtime < limit:
                    remove(old)
        made = Path(tempfile.mkdtemp(dir=parent, prefix="lightship-"))
    try:
        yield made
    finally:
        remove(made)
