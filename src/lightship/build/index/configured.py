"""Which settings count: uv's for a ``uv.lock`` when uv is configured, else pip's.

A ``uv.lock`` was made through uv's indexes, so they answer for its files. Every other lock, and a ``uv.lock`` of a
user who configured only pip, goes through pip's, which always exist: pip has a default index.
"""

from collections.abc import Mapping
from pathlib import Path

from lightship.build.index.pip_settings import read_pip_settings
from lightship.build.index.settings import IndexSettings
from lightship.build.index.uv_settings import read_uv_settings

__all__ = ["read_index_settings"]


def read_index_settings(environment: Mapping[str, str], lock: Path) -> IndexSettings:
    """The user's index settings for ``lock``. Costs one short process; call it only where something is missing.

    Raise InputError for a configuration that is not understood.
    """
    if lock.name == "uv.lock" and (settings := read_uv_settings(environment, lock.parent)) is not None:
        return settings
    return read_pip_settings(environment)
