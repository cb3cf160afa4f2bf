"""`lightship assets push` into real stores that fail in the middle, are not the right ones, or do not trust the clock:
the site stays whole, the next push completes it, and errors are one sentence that tells no secret."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import get_args

import pytest
from tests.conformance.faults import Asked, Fault, Proxy, at, faults
from tests.conformance.object_stores import ObjectStore
from tests.conformance.pushing import Pushed, Pusher, lying, plain, write_site
from tests.conformance.test_push_stores import PAGE, SCRIPT, release
from tests.conftest import require_tool

from lightship.assets.push.credentials import StoreAccess
from lightship.assets.push.target import parse_target
from lightship.assets.push.upload import open_bucket
from lightship.errors import NetworkError
from lightship.flows.assets.push import push_assets
from lightship.flows.assets.push_request import PushRequest
from lightship.progress import SILENT
from lightship.store.cache import Cache

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("object-stores")]

BIG = 20_000_000


class Pushing:
    """The flow itself, that tries nothing twice unless it is told to: dozens of pushes in a second or two."""

    def __init__(self, store: ObjectStore, proxy: Proxy, home: Path) -> None:
        self.store, self.proxy, self.home = store, proxy, home
        self._environ = store.through(proxy.endpoint).environment
        self._cache = Cache(home / "cache")

    def __call__(self, number: int, prefix: str, *, retries: int = 0) -> None:
        """Release ``number``, of which two stay."""
        write_site(self.home / "web", release(number))
        target = parse_target(f"s3://{self.store.bucket}/{prefix}")
        request = PushRequest(directory=self.home / "web", target=target, keep=2, connections=4)
        access = StoreAccess(environ=self._environ, retries=retries, backoff_s=0.01)
        push_assets(request, lambda each: open_bucket(each, access), self._cache, SILENT)

    def lying(self, prefix: str) -> dict[str, bytes]:
        return plain(lying(self.store, f"{prefix}/"))


@pytest.fixture
def pushing(object_store: ObjectStore, tmp_path: Path) -> Iterator[Pushing]:
    with faults(object_store.endpoint) as proxy:
        yield Pushing(object_store, proxy, tmp_path)


def check_whole(lying: dict[str, bytes], number: int) -> None:
    """The page is of one release or the next, and all that either leads to is there."""
    page = lying["index.html"]
    assert page in (release(number)["index.html"], release(number + 1)["index.html"])
    whole = {**release(number), "index.html": page}
    if page == release(number + 1)["index.html"]:
        whole |= release(number + 1)
    assert {name: lying.get(name) for name in whole} == whole


def test_a_store_that_fails_from_some_request_on(pushing: Pushing) -> None:
    """For each request of the third release's push: it fails, and so do all after it, in one way or another."""
    kinds = get_args(Fault)[1:]
    proxy = pushing.proxy
    for number in range(1, 60):
        prefix = f"site {number}"
        pushing(1, prefix, retries=5)
        pushing(2, prefix, retries=5)
        proxy.forget()
        proxy.rule = at(number, kinds[number % len(kinds)], times=1000)
        with suppress(NetworkError):  # a release that is there is not undone by a deletion that fails
            pushing(3, prefix)
        if proxy.count < number:
            break
        proxy.rule = at(1, "")
        check_whole(pushing.lying(prefix), 2)
        pushing(3, prefix, retries=5)
        assert pushing.lying(prefix) == {**release(2), **release(3)}, number
    assert 15 < number < 59, "requests were looked at up to the last"


def test_a_store_that_fails_once_is_asked_again(pushing: Pushing) -> None:
    """Whatever it failed at, and whether or not it had done it."""
    kinds = [kind for kind in get_args(Fault)[1:] if kind != "refused"]
    proxy = pushing.proxy
    pushing(0, "site", retries=5)
    for number in range(1, 60):
        proxy.forget()
        proxy.rule = at(number, kinds[number % len(kinds)])
        pushing(number, "site", retries=5)
        if proxy.count < number:
            break
    assert 15 < number < 59, "requests were looked at up to the last"
    assert pushing.lying("site") == {**release(number - 1), **release(number)}


def test_a_large_file_whose_every_request_fails_once(object_store: ObjectStore, tmp_path: Path) -> None:
    """An end that was not heard of is left out: asked again, some stores say NoSuchUpload, and the next push sends the
    file once more."""
    pusher = Pusher(store=object_store, home=tmp_path)
    film = os.urandom(BIG)
    write_site(pusher.web, {"film.mp4": film})
    failed: dict[str, Fault] = {}

    def rule(asked: Asked) -> Fault:
        if "film.mp4" not in asked.target or asked.target in failed:
            return ""
        kinds: tuple[Fault, ...] = ("half", "unheard", "busy", "broken", "half")
        failed[asked.target] = kinds[len(failed) % len(kinds)]
        return failed[asked.target]

    with faults(object_store.endpoint) as proxy:
        proxy.rule = rule
        done = replace(pusher, store=object_store.through(proxy.endpoint))()
    assert done.sent == ["film.mp4"]
    assert len(failed) == 5
    assert plain(pusher.lying()) == {"film.mp4": film}


def _killed(pusher: Pusher, proxy: Proxy, when: str, how: signal.Signals) -> Pushed:
    """The command is sent ``how`` while the store has a request before it that fits ``when``."""
    running: list[subprocess.Popen[str]] = []

    def rule(asked: Asked) -> Fault:
        if when in str(asked) and running[0].poll() is None:
            running[0].send_signal(how)
            if how == signal.SIGKILL:
                running[0].wait()
                return "half"
        return ""

    through = replace(pusher, store=pusher.store.through(proxy.endpoint))
    with proxy.lock:  # no request is looked at before the process is known
        proxy.rule = rule
        running.append(
            subprocess.Popen(
                through.argv(), env=through.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
    with running[0] as process:
        stdout, stderr = process.communicate(timeout=300)
    proxy.rule = at(1, "")
    return Pushed(status=process.returncode, stdout=stdout, stderr=stderr)


@pytest.mark.parametrize(
    ("when", "sent"),
    [
        ("PUT /{bucket}/pre%20fix/film.mp4?partNumber=2", {"film.mp4", "index.html"}),
        ("PUT /{bucket}/pre%20fix/index.html", {"film.mp4", "index.html"}),
        ("PUT /{bucket}/pre%20fix/.lightship/releases/", {"film.mp4", "index.html"}),
    ],
    ids=["in a part", "at the page", "at the release"],
)
def test_a_push_that_is_killed_is_completed_by_the_next(
    object_store: ObjectStore, tmp_path: Path, when: str, sent: set[str]
) -> None:
    """Names with a hash that are there are not sent again; for others nobody can know who wrote them."""
    pusher = Pusher(store=object_store, home=tmp_path)
    write_site(pusher.web, release(1))
    assert pusher().status == 0
    after = {**release(2), "film.mp4": os.urandom(BIG // 2)}
    write_site(pusher.web, after)
    with faults(object_store.endpoint) as proxy:
        done = _killed(pusher, proxy, when.format(bucket=object_store.bucket), signal.SIGKILL)
    assert done.status == -signal.SIGKILL
    there = plain(pusher.lying())
    assert {name: there.get(name) for name in release(1) if name != "index.html"} == {
        name: content for name, content in release(1).items() if name != "index.html"
    }
    assert there["index.html"] in (release(1)["index.html"], after["index.html"])
    assert "film.mp4" not in there or there["film.mp4"] == after["film.mp4"], "whole or not at all"
    done = pusher()
    assert sent <= set(done.sent) <= sent | {"only 2.txt"}
    assert plain(pusher.lying()) == {**release(1), **after}


def test_one_that_is_killed_while_it_deletes_is_not_waited_for(object_store: ObjectStore, tmp_path: Path) -> None:
    pusher = Pusher(store=object_store, home=tmp_path, more={"LIGHTSHIP_KEEP": "1"})
    write_site(pusher.web, release(1))
    assert pusher().status == 0
    write_site(pusher.web, release(2))
    with faults(object_store.endpoint) as proxy:
        done = _killed(pusher, proxy, f"DELETE /{object_store.bucket}/pre%20fix/", signal.SIGKILL)
    assert done.status == -signal.SIGKILL
    write_site(pusher.web, release(3))
    done = pusher()
    assert done.status == 0, done.stderr
    assert "seconds ago ended while it deleted old releases: going on" in done.stderr
    assert plain(pusher.lying()) == release(3)


def test_an_interrupt_ends_it_with_130(moto_store: ObjectStore, tmp_path: Path) -> None:
    pusher = Pusher(store=moto_store.with_new_bucket(), home=tmp_path)
    write_site(pusher.web, {"film.mp4": os.urandom(BIG), **release(1)})
    with faults(moto_store.endpoint) as proxy:
        done = _killed(pusher, proxy, "partNumber=2", signal.SIGINT)
    assert (done.status, done.stdout) == (130, "")
    assert "Traceback" not in done.stderr
    assert "index.html" not in pusher.lying()


def check_refused(done: Pushed, store: ObjectStore, *told: str) -> None:
    assert done.status == 3, done
    assert done.stdout == ""
    sentence, hint = done.stderr.splitlines()[-2:]
    assert sentence.startswith(f"error: s3://{store.bucket}"), sentence
    assert hint.startswith("hint: ")
    assert any(each in sentence for each in told), sentence


@pytest.mark.parametrize("words", [(), ("-v",), ("--debug",)], ids=["", "verbose", "debug"])
def test_wrong_credentials_are_one_sentence_without_them(
    signing_store: ObjectStore, tmp_path: Path, words: tuple[str, ...]
) -> None:
    store = replace(signing_store, secret="not-the-secret-of-anybody")
    pusher = Pusher(store=store, home=tmp_path, more={"AWS_SESSION_TOKEN": ""})  # as CI has what is not set
    write_site(pusher.web, release(1))
    done = pusher(*words)
    if "--debug" in words:
        assert done.status == 3
    else:
        check_refused(done, store, "SignatureDoesNotMatch")
    for secret in (store.secret, signing_store.secret, "X-Amz", "Signature=", "Credential="):
        assert secret not in done.stdout + done.stderr
    assert lying(signing_store) == {}


@pytest.mark.parametrize("shift", ["+3h", "-3h"])
@pytest.mark.parametrize("name", ["rclone_store", "swift_store"])
def test_a_clock_that_is_off_is_told(request: pytest.FixtureRequest, tmp_path: Path, name: str, shift: str) -> None:
    store: ObjectStore = request.getfixturevalue(name).with_new_bucket()
    pusher = Pusher(store=store, home=tmp_path, wrap=(require_tool("faketime"), "-f", shift))
    write_site(pusher.web, release(1))
    check_refused(pusher(), store, "clock")
    assert lying(store) == {}


def test_a_bucket_that_is_not_there_is_told(object_store: ObjectStore, tmp_path: Path) -> None:
    store = replace(object_store, bucket="no-such-bucket")
    pusher = Pusher(store=store, home=tmp_path)
    write_site(pusher.web, {"index.html": PAGE, "assets/a-DiwrgT4a.js": SCRIPT})
    check_refused(pusher(), store, "no such bucket")
