"""Which settings count: uv's for a ``uv.lock`` when uv is configured, else pip's.

A ``uv.lock`` was made through uv's indexes, so they answer for its files. Every other lock, and a ``uv.lock`` of a
user who configured only pip, goes through pip's, which always exist: pip has a default index.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path

from lightship.build.index.pip_settings import read_pip_settings
from lightship.build.index.settings import IndexSettings
from lightship.build.index.uv_settings import project_uv_indexes, read_uv_settings
from lightship.store.cache import cache_key

__all__ = ["project_indexes", "read_index_settings"]


def read_index_settings(environment: Mapping[str, str], lock: Path, *, named: Iterable[str] = ()) -> IndexSettings:
    """The user's index settings for ``lock``. Costs one short process; call it only where something is missing.

    ``named`` are indexes that a requirements file names itself: pip would ask them, so they are asked for the packages
    that say so. Raise InputError for a configuration that is not understood.
    """
    settings = read_uv_settings(environment, lock.parent) if lock.name == "uv.lock" else None
    return (settings or read_pip_settings(environment)).with_indexes(named)


def project_indexes(environment: Mapping[str, str], lock: Path, *, named: Iterable[str] = ()) -> str:
    """A key for what the project, not its user, says about indexes; "" for nothing. Costs no process.

    What was built with packages from a project's own index must not serve another project.
    """
    own = project_uv_indexes(environment, lock.parent) if lock.name == "uv.lock" else ""
    named = sorted(named)
    return cache_key("project-indexes", own, *named) if own or named else ""
