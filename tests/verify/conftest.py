"""One built image for all tests of ``verify``, and a way to verify it with a layer of faults on top."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from tests.base.pretend import served
from tests.flows.world import World, new_world
from tests.verify.whole_world import add_packages, lock_of, whole_archive

from lightship.flows.verified import VerifyOutcome
from lightship.flows.verify import VerifyRequest, verify_image
from lightship.image.mutate import append, with_runtime
from lightship.image.synthetic import synthetic_layer
from lightship.progress import SILENT
from lightship.store.open import locate, open_image

Verify = Callable[..., VerifyOutcome]


@pytest.fixture(scope="session")
def whole_world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A world whose project was built to ``home/out`` once, with all bytecode."""
    root = tmp_path_factory.mktemp("whole")
    archive = whole_archive(root / "archive")
    with served(archive.root) as (uri, asked):
        more = {"system-packages": ["pretend-whole"], "env": {"TZ": "Asia/Shanghai"}}
        world = new_world(root, archive, uri, asked, **more)
        add_packages(world.links)
        (world.project / "requirements.txt").write_text(lock_of(world.links.folder))
        with world.with_own_links(world.links.folder) as complete:
            complete.build(complete.home / "out")
            yield complete


@pytest.fixture
def verified(whole_world: World, require_tool: Callable[[str], str]) -> Verify:
    """Verify that image with ``faults`` on top (path to content; a whiteout removes), by the checks named."""
    require_tool("bwrap")

    def verify(
        *checks: str,
        faults: Mapping[str, bytes | str | None] | None = None,
        runtime: Mapping[str, object] | None = None,
        **request: Any,
    ) -> VerifyOutcome:
        with open_image(locate(f"oci:{whole_world.home / 'out'}")) as image:
            changed = append(image, [synthetic_layer(faults)]) if faults else image
            if runtime:
                changed = with_runtime(changed, runtime)
            wanted = VerifyRequest(only=checks, **request)
            return verify_image(changed, wanted, whole_world.cache, SILENT, name="pretend")

    return verify


@pytest.fixture
def site(whole_world: World) -> str:
    """site-packages of the image."""
    from tests.flows.world import MINOR

    return f"opt/venv/lib/python{MINOR}/site-packages"


def removed(path: str) -> dict[str, bytes]:
    """A layer that removes ``path``."""
    folder, _, name = path.rpartition("/")
    return {f"{folder}/.wh.{name}": b""}
