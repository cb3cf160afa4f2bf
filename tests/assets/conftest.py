"""A site to plant faults in, and what `verify` finds there."""

from collections.abc import Callable, Iterator

import pytest
from tests.assets.faulty import FaultySite

from lightship.assets.verify.checks.served import SERVED
from lightship.assets.verify.crawl import CrawlRequest, crawl
from lightship.assets.verify.fetch import Fetcher
from lightship.assets.verify.reach import Limits, Reach
from lightship.assets.verify.site import Site
from lightship.findings import Finding
from lightship.progress import SILENT
from lightship.store.registry.access import RegistryAccess

Seen = Callable[..., Site]


@pytest.fixture(scope="session")
def _faulty_site() -> Iterator[FaultySite]:
    with FaultySite.running() as found:
        yield found


@pytest.fixture
def faulty(_faulty_site: FaultySite) -> FaultySite:
    """Without a fault."""
    _faulty_site.plant()
    return _faulty_site


@pytest.fixture
def seen(faulty: FaultySite) -> Seen:
    """The site as a verification sees it."""

    def see(limits: Limits | None = None, *, cdns: tuple[str, ...] | None = None, **request: object) -> Site:
        reach = Reach(site=faulty.site.origin, cdns=(faulty.cdn.origin,) if cdns is None else cdns)
        wanted = CrawlRequest(**{"root": faulty.root, **request})  # type: ignore[arg-type]
        with Fetcher(reach, RegistryAccess(), limits or Limits(timeout_s=60)) as fetcher:
            return crawl(fetcher, wanted, SILENT)

    return see


def findings(site: Site) -> list[Finding]:
    return [finding for check in SERVED for finding in check.run(site)]
