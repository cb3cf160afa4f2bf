"""`lightship assets push` into Azure's blobs, as their maker's emulator has them."""

import base64
import gzip
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.azure import Azure, azurite
from tests.conformance.faults import at, faults
from tests.conformance.object_stores import ObjectStore
from tests.conformance.pushing import FOREVER, RECHECKED, Pusher, write_site
from tests.conformance.test_push_stores import BIG, FILES, PACKED, TYPES, WRITING, release

pytestmark = [pytest.mark.conformance, pytest.mark.network, pytest.mark.xdist_group("azurite")]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Azure]:
    with azurite(tmp_path_factory.mktemp("azurite")) as azure:
        yield azure


@pytest.fixture
def azure(emulator: Azure) -> Azure:
    return emulator.with_new_container()


@pytest.fixture
def pusher(azure: Azure, tmp_path: Path) -> Pusher:
    nobody = ObjectStore(name="azure", endpoint=azure.endpoint, access_key="", secret="", bucket=azure.container)
    more = {**dict.fromkeys(nobody.environment, ""), **azure.environment, "LIGHTSHIP_ENDPOINT": azure.endpoint}
    return Pusher(store=nobody, home=tmp_path, scheme="az", more=more)


def test_a_site_arrives_as_it_is_and_is_sent_once(azure: Azure, pusher: Pusher) -> None:
    files = {**FILES, "film-Ab12cd3e.mp4": os.urandom(BIG)}
    write_site(pusher.web, files)
    refused = pusher()
    assert (refused.status, azure.names()) == (2, [])
    assert "back\\slash.js: its key has a backslash, which Azure makes a slash of" in refused.stderr
    del files["back\\slash.js"]
    write_site(pusher.web, files)
    with faults(azure.endpoint) as proxy:
        through = replace(
            pusher, more={**pusher.more, "LIGHTSHIP_ENDPOINT": f"{proxy.endpoint}/{azure.endpoint.rpartition('/')[2]}"}
        )
        assert sorted(through().sent) == sorted(files)
        assert sum("film-Ab12cd3e.mp4" in each.target for each in proxy.asked) == 4, "three parts and their list"
        proxy.forget()
        assert through().report["unchanged"] is True
        assert proxy.methods(*WRITING) == []
    assert sorted(azure.names()) == sorted(f"pre fix/{name}" for name in files)
    for name, content in files.items():
        headers, stored = azure.get(f"pre fix/{name}")
        assert headers["content-type"] == TYPES[Path(name).suffix], name
        assert headers.get("content-encoding", "") == ("gzip" if name in PACKED else ""), name
        assert headers["cache-control"] == (FOREVER if name.startswith(("assets/", "film")) else RECHECKED), name
        assert (gzip.decompress(stored) if name in PACKED else stored) == content, name


def test_the_last_releases_stay_and_a_failure_passes(azure: Azure, pusher: Pusher) -> None:
    for number in range(1, 5):
        write_site(pusher.web, release(number))
        with faults(azure.endpoint) as proxy:
            proxy.rule = at(2 + 3 * number, ("half", "busy", "broken", "unheard")[number - 1])
            endpoint = f"{proxy.endpoint}/{azure.endpoint.rpartition('/')[2]}"
            done = replace(pusher, more={**pusher.more, "LIGHTSHIP_ENDPOINT": endpoint})("--keep", "2")
            assert done.status == 0, done.stderr
        kept = range(max(1, number - 1), number + 1)
        assert set(azure.names()) == {f"pre fix/{name}" for each in kept for name in release(each)}


def test_a_wrong_key_is_one_sentence_without_it(azure: Azure, pusher: Pusher) -> None:
    write_site(pusher.web, release(1))
    wrong = base64.b64encode(b"nobody's").decode()
    done = replace(pusher, more={**pusher.more, "AZURE_STORAGE_ACCOUNT_KEY": wrong})("-v")
    assert (done.status, done.stdout) == (3, "")
    sentence, hint = done.stderr.splitlines()[-2:]
    assert sentence.startswith(f"error: az://{azure.container}/pre fix: ")
    assert hint.startswith("hint: ")
    assert wrong not in done.stderr
    assert azure.names() == []
