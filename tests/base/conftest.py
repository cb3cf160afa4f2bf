"""A pretend distribution: the packages that every base has, with contents of a few bytes."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.base.pretend import NOW, PretendArchive, distribution, served

from lightship.base.request import BaseRequest
from lightship.oci.platform import Platform
from lightship.store.cache import Cache

__all__ = ["Distribution"]


class Distribution:
    """A served archive, a cache, and requests for both."""

    def __init__(self, archive: PretendArchive, uri: str, asked: list[str], cache: Cache) -> None:
        self.archive = archive
        self.uri = uri
        self.asked = asked
        self.cache = cache

    def request(self, **fields: object) -> BaseRequest:
        values: dict[str, object] = {
            "platform": Platform("linux", "amd64"),
            "archive": self.archive.settings(self.uri),
            "at": NOW,
            **fields,
        }
        return BaseRequest(**values)  # type: ignore[arg-type]


@pytest.fixture
def debian(tmp_path: Path) -> Iterator[Distribution]:
    """Add packages to ``debian.archive``, then ``write()`` it."""
    archive = PretendArchive(tmp_path / "archive")
    archive.add(*distribution())
    with served(archive.root) as (uri, asked):
        yield Distribution(archive, uri, asked, Cache(tmp_path / "cache"))
