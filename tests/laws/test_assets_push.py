"""Pushes of static files, aborted and interrupted anywhere: "The last N releases stay, so that open tabs and rolling
updates keep working, and older ones are collected; an aborted push leaves the site whole" (the request that
`lightship assets push` was made for).

A page in these worlds lists the scripts that it needs, so that one can see whether the site is whole.
"""

import contextlib
import gzip
import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.assets.pretend_bucket import PretendBucket, PretendClock

from lightship.assets.push.release import FOLDER, PENDING, RELEASES, Manifest, parse_manifest
from lightship.assets.push.target import Target
from lightship.errors import NetworkError
from lightship.flows.assets.push import push_assets
from lightship.flows.assets.push_request import PushOutcome, PushRequest
from lightship.progress import SILENT
from lightship.store.cache import Cache

ROOT = "site/static"
FOREIGN = {f"{ROOT}/foreign.js": b"not ours", "elsewhere.txt": b"nor this", f"{ROOT}/logo.png": b"theirs at first"}
SCRIPTS = [f"app-{number:x}a1b2c3d.js" for number in range(5)]


def script(name: str) -> bytes:
    """One of them is long enough to be compressed."""
    return f"export const of = {name!r};\n".encode() * (60 if name == SCRIPTS[0] else 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Numbers of the scripts that its page needs, and of a picture whose name has no hash."""

    scripts: frozenset[int]
    picture: int

    def files(self) -> dict[str, bytes]:
        names = [SCRIPTS[number] for number in sorted(self.scripts)]
        files = {name: script(name) for name in names}
        if self.picture:
            files["logo.png"] = b"picture" * self.picture
        return files | {"index.html": "\n".join(names).encode() + b"\n" * (10 * self.picture)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A push that fails at its ``fails``th call, where it has so many; ``within`` is another push, which runs whole at
    the ``at``th call of this one. ``rest_s`` goes by before it."""

    site: Site
    keep: int
    fails: int
    rest_s: int
    within: "Step | None" = None
    at: int = 0


LAST = Site(scripts=frozenset({0}), picture=7)
SITES = st.builds(Site, scripts=st.frozensets(st.integers(0, 4), min_size=1, max_size=4), picture=st.integers(0, 2))
CALLS = st.integers(0, 60)


def steps(within: st.SearchStrategy[Step | None], *rests_s: int) -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        site=SITES,
        keep=st.integers(1, 3),
        fails=CALLS,
        rest_s=st.sampled_from(rests_s),
        within=within,
        at=st.integers(0, 40),
    )


ALONE = steps(st.none(), 0, 5, 2000)
TOGETHER = steps(st.none() | steps(st.none(), 0, 5), 0, 5, 2000)
"""A push that slept for a quarter of an hour in the middle of a call that deletes cannot know it: not one of these."""


@dataclass(slots=True)
class World:
    folder: Path
    bucket: PretendBucket = field(default_factory=PretendBucket)
    time: PretendClock = field(default_factory=PretendClock)
    keeps: list[int] = field(default_factory=list)
    number: int = 0

    def __post_init__(self) -> None:
        self.bucket.time = self.time
        for key, content in FOREIGN.items():
            self.bucket.put(key, content)

    def push(self, step: Step) -> PushOutcome | None:
        """The outcome, None where the push was aborted."""
        self.time.seconds += step.rest_s
        self.number += 1
        directory = self.folder / str(self.number)
        directory.mkdir()
        for name, content in step.site.files().items():
            (directory / name).write_bytes(content)
        request = PushRequest(
            directory=directory,
            target=Target(scheme="s3", bucket="bucket", prefix="site"),
            base="static",
            keep=step.keep,
            jobs=1,
            connections=1,
            clock=self.time.clock(),
        )
        outer, self.bucket.before = self.bucket.before, self._interrupting(step)
        try:
            with contextlib.suppress(NetworkError):
                return push_assets(request, lambda _: self.bucket, Cache(self.folder / "cache"), SILENT)
        finally:
            self.bucket.before = outer
        return None

    def _interrupting(self, step: Step) -> Callable[[str], None]:
        calls = 0

        def before(_: str) -> None:
            nonlocal calls
            calls += 1
            if calls == step.at and step.within is not None:
                self.keeps.append(step.within.keep)
                self.push(step.within)
            if calls == step.fails:
                raise NetworkError("the line went dead")

        return before

    def manifests(self, folder: str) -> list[Manifest]:
        prefix = f"{ROOT}/{folder}/"
        return [
            parse_manifest(stored.content, key.removeprefix(prefix), ROOT)
            for key, stored in sorted(self.bucket.objects.items())
            if key.startswith(prefix)
        ]

    def plain(self, path: str) -> bytes:
        stored = self.bucket.objects[f"{ROOT}/{path}"]
        assert stored.headers is not None
        return gzip.decompress(stored.content) if stored.headers.encoding == "gzip" else stored.content

    def check(self) -> None:
        """What holds whatever happened."""
        for key, content in FOREIGN.items():
            if key != f"{ROOT}/logo.png":
                assert self.bucket.objects[key].content == content
        releases = self.manifests(RELEASES)
        for release in releases[-min(self.keeps, default=1) :]:
            for path, entry in release.entries.items():
                assert f"{ROOT}/{path}" in self.bucket.objects
                if entry.hashed:
                    assert hashlib.sha256(self.plain(path)).hexdigest() == entry.plain_sha256
        page = self.bucket.objects.get(f"{ROOT}/index.html")
        for name in self.plain("index.html").decode().split() if page is not None else ():
            assert self.plain(name) == script(name)


@contextlib.contextmanager
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp())
    try:
        yield World(folder)
    finally:
        shutil.rmtree(folder)


@settings(max_examples=25)
@given(st.lists(ALONE, min_size=1, max_size=5))
def test_after_pushes_that_fail_anywhere_releases_and_site_are_whole(pushes: list[Step]) -> None:
    with world() as made:
        for step in pushes:
            made.keeps.append(step.keep)
            made.push(step)
            made.check()


@settings(max_examples=25)
@given(st.lists(TOGETHER, min_size=1, max_size=4))
def test_a_push_in_the_middle_of_another_takes_nothing_from_it(pushes: list[Step]) -> None:
    with world() as made:
        made.time.asleep = _nobody_ends
        for step in pushes:
            made.keeps.append(step.keep)
            made.push(step)
            made.check()


@settings(max_examples=25)
@given(st.lists(ALONE, max_size=4), ALONE)
def test_a_push_that_ends_well_leaves_its_files_and_nothing_that_no_release_needs(
    pushes: list[Step], last: Step
) -> None:
    with world() as made:
        outcomes = [made.push(step) for step in pushes]
        whole = all(each is not None and not each.site.collection.blocked for each in outcomes)
        final = Step(site=last.site, keep=last.keep, fails=0, rest_s=2000)
        outcome = made.push(final)
        assert outcome is not None
        for name, content in final.site.files().items():
            assert made.plain(name) == content
        releases = made.manifests(RELEASES)
        assert releases
        if whole:
            assert len({release.digest for release in releases}) == len(releases) <= last.keep
            assert made.manifests(PENDING) == []
        # a push that was aborted over a page of a release that is kept stays written down as long as that one
        needed = {f"{ROOT}/{path}" for each in (*releases, *made.manifests(PENDING)) for path in each.entries}
        left = {key for key in made.bucket.objects if FOLDER not in key}
        assert left - needed - FOREIGN.keys() == set()
        again = len(made.bucket.changes)
        unchanged = made.push(final)
        assert unchanged is not None
        assert unchanged.site.unchanged
        assert made.bucket.changes[again:] == []
        assert made.push(Step(site=LAST, keep=1, fails=0, rest_s=2000)) is not None
        assert made.manifests(PENDING) == []
        left = {key.removeprefix(f"{ROOT}/") for key in made.bucket.objects if FOLDER not in key}
        assert left - LAST.files().keys() - {"foreign.js", "elsewhere.txt", "logo.png"} == set()


def _nobody_ends() -> None:
    raise NetworkError("the other push waits for this one: whoever runs it gives up")
