"""How the tests of this folder reach a registry."""

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tests.store.registry.faulty import Registry

from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import Repository, open_repository

__all__ = ["KIND", "MANIFEST", "known", "opened", "password"]

MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}'
KIND = "application/vnd.oci.image.manifest.v1+json"


def known(access: RegistryAccess, folder: Path, host: str, entry: dict[str, str]) -> RegistryAccess:
    file = folder / "config.json"
    file.write_text(json.dumps({"auths": {host: entry}}))
    return replace(access, credential_files=(file,))


def password(user: str = "ada", secret: str = "s3cret") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{secret}".encode()).decode()}


@contextmanager
def opened(registry: Registry, access: RegistryAccess) -> Iterator[Repository]:
    with open_repository(ImageName(registry=registry.host, repository="agent/api"), access) as repository:
        yield repository
