"""A registry that fails when it is told to, and a way to it that does not wait long."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.registry.faulty import Registry, served

from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import Repository, open_repository

__all__ = ["access", "other", "registry", "repository"]


@pytest.fixture
def registry() -> Iterator[Registry]:
    with served() as found:
        yield found


@pytest.fixture
def other() -> Iterator[Registry]:
    """A second one, which has nothing to do with the first."""
    with served() as found:
        yield found


@pytest.fixture
def access(tmp_path: Path) -> RegistryAccess:
    return RegistryAccess(timeout_s=5.0, retries=2, backoff_s=0.01, memory=tmp_path / "memory")


@pytest.fixture
def repository(registry: Registry, access: RegistryAccess) -> Iterator[Repository]:
    """``agent/api`` of the registry."""
    with open_repository(ImageName(registry=registry.host, repository="agent/api"), access) as found:
        yield found


@pytest.fixture
def impatient(access: RegistryAccess) -> RegistryAccess:
    """A connection that says nothing for a moment is dead, and is not tried again."""
    return replace(access, timeout_s=0.3, retries=0)
