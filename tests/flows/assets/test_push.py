"""A push from its first listing to its last deletion, on a store in a dict."""

import gzip
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from tests.assets.pretend_bucket import PretendBucket

from lightship.assets.push.plan import DEAD_S
from lightship.assets.push.release import PENDING, RELEASES, parse_manifest
from lightship.assets.push.target import Target
from lightship.assets.push.upload import ObstoreBucket
from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.assets.retarget.state import STATE_NAME
from lightship.errors import InputError, NetworkError, UsageError
from lightship.flows.assets.push import push_assets
from lightship.flows.assets.push_owner import owner_of
from lightship.flows.assets.push_report import push_report
from lightship.flows.assets.push_request import PushOutcome, PushRequest
from lightship.flows.assets.push_store import Heart, Place
from lightship.progress import SILENT, Progress, Silent
from lightship.report.assets_push_text import render_push
from lightship.store.cache import Cache

HASHED = "assets/app-0a1b2c3d.js"


@dataclass(slots=True)
class Desk:
    """A build, a store, and pushes of the one into the other."""

    folder: Path
    bucket: PretendBucket = field(default_factory=PretendBucket)
    purged: list[Sequence[str]] = field(default_factory=list)

    @property
    def web(self) -> Path:
        return self.folder / "web"

    def write(self, **files: str) -> None:
        """``app_0a1b2c3d=…`` writes ``assets/app-0a1b2c3d.js``, ``index=…`` ``index.html``."""
        for name, content in files.items():
            path = self.web / (f"assets/{name.replace('_', '-')}.js" if "_" in name else f"{name}.html")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content)

    def push(self, *, progress: Progress = SILENT, **changes: object) -> PushOutcome:
        request = PushRequest(
            directory=self.web,
            target=Target(scheme="s3", bucket="bucket", prefix="site"),
            connections=4,
            clock=self.bucket.time.clock(),
        )
        request = replace(request, **changes)  # type: ignore[arg-type]
        return push_assets(request, lambda _: self.bucket, Cache(self.folder / "cache"), progress)

    def purge(self, paths: Sequence[str]) -> str:
        self.purged.append(paths)
        return f"order {len(self.purged)}"

    def names(self, folder: str) -> list[str]:
        prefix = f"site/{folder}/"
        return sorted(key.removeprefix(prefix) for key in self.bucket.objects if key.startswith(prefix))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.write(app_0a1b2c3d="one();", index="<script src=assets/app-0a1b2c3d.js>")
    return made


def fails_at(part: str) -> Callable[[str], None]:
    def before(what: str) -> None:
        if part in what:
            raise NetworkError("the line went dead")

    return before


def test_pages_come_last_and_the_release_after_them(desk: Desk) -> None:
    (desk.web / "logo.png").write_bytes(b"picture")
    (desk.web / "assets/app-0a1b2c3d.js").write_text("one();" * 1000)
    desk.push()
    written = [what.removeprefix("write site/") for what in desk.bucket.changes if what.startswith("write")]
    order = [
        next(at for at, what in enumerate(written) if part in what)
        for part in (PENDING, HASHED, "logo.png", "index.html", RELEASES)
    ]
    assert order == sorted(order)
    assert desk.names(PENDING) == []
    stored = desk.bucket.objects[f"site/{HASHED}"]
    assert stored.headers is not None
    assert (stored.headers.encoding, stored.headers.cache_control) == ("gzip", "public, max-age=31536000, immutable")


def test_the_same_content_again_changes_nothing(desk: Desk) -> None:
    first = desk.push()
    done = len(desk.bucket.changes)
    again = desk.push()
    assert again.site.unchanged
    assert again.site.release is None
    assert desk.bucket.changes[done:] == []
    assert desk.names(RELEASES) == [first.site.release]


def test_a_dry_run_tells_the_plan_and_changes_nothing(desk: Desk) -> None:
    desk.push(keep=1)
    done = len(desk.bucket.changes)
    (desk.web / HASHED).unlink()
    desk.write(app_1a1b2c3d="two();", index="<script src=assets/app-1a1b2c3d.js>")
    planned = desk.push(keep=1, dry_run=True, purge=desk.purge)
    assert desk.bucket.changes[done:] == []
    assert desk.purged == []
    done_then = desk.push(keep=1, purge=desk.purge)
    for name in ("collection", "purged"):
        assert getattr(planned.site, name) == getattr(done_then.site, name)
    assert [entry.path for entry in planned.site.sent] == [entry.path for entry in done_then.site.sent]
    assert planned.site.collection.paths == (HASHED,)
    assert planned.site.purged == ("/", "/index.html")


def test_an_aborted_push_goes_on_where_it_ended(desk: Desk) -> None:
    desk.bucket.before = fails_at("write site/index.html")
    with pytest.raises(NetworkError):
        desk.push()
    assert desk.names(RELEASES) == []
    assert len(desk.names(PENDING)) == 1
    done = len(desk.bucket.changes)
    desk.bucket.before = lambda _: None
    outcome = desk.push()
    assert [entry.path for entry in outcome.site.sent] == ["index.html"]
    assert not any(HASHED in what for what in desk.bucket.changes[done:])
    desk.bucket.time.seconds += DEAD_S
    assert desk.push().site.collection.pendings != ()
    assert desk.names(PENDING) == []


def test_a_purge_that_failed_is_owed(desk: Desk) -> None:
    desk.push(purge=desk.purge)
    desk.write(index="another page")

    def refuses(_: Sequence[str]) -> str:
        raise NetworkError("the CDN is down")

    with pytest.raises(NetworkError, match="the CDN is down"):
        desk.push(purge=refuses)
    assert len(desk.names(RELEASES)) == 2
    outcome = desk.push(purge=desk.purge)
    assert outcome.site.unchanged
    assert outcome.site.purge_order == "order 1"
    assert desk.purged == [["/", "/index.html"]]
    assert desk.names(PENDING) == []
    desk.push(purge=desk.purge)
    assert len(desk.purged) == 1


def refuses(_: Sequence[str]) -> str:
    raise NetworkError("the CDN is down")


@pytest.mark.parametrize("another", [False, True], ids=["same build", "another build"])
def test_a_push_without_purge_does_not_forget_the_one_that_is_owed(desk: Desk, another: bool) -> None:
    desk.push(keep=1)
    desk.write(index="another page")
    with pytest.raises(NetworkError, match="the CDN is down"):
        desk.push(keep=1, purge=refuses)
    if another:
        desk.write(index="a third page")
    for _ in range(2):
        outcome = desk.push(keep=1)
        assert outcome.site.owed == ("/", "/index.html")
        assert "note: 2 addresses, / first, are still to be purged" in render_push(push_report(outcome))
        assert desk.push(keep=1, dry_run=True).site.owed == outcome.site.owed
    done = len(desk.bucket.changes)
    assert desk.push(keep=1).site.unchanged
    assert desk.bucket.changes[done:] == []  # what is owed does not make every push one that works
    (name,) = desk.names(PENDING)
    slip = parse_manifest(gzip.decompress(desk.bucket.objects[f"site/{PENDING}/{name}"].content), name, "site")
    assert (dict(slip.entries), slip.ended, slip.collecting) == ({}, True, False)
    paid = desk.push(keep=1, purge=desk.purge)
    assert (desk.purged, paid.site.owed, desk.names(PENDING)) == ([["/", "/index.html"]], (), [])
    assert desk.push(keep=1).site.owed == ()


def test_a_purge_that_was_made_by_hand_is_forgotten_when_that_is_said(desk: Desk) -> None:
    desk.push()
    desk.write(index="another page")
    with pytest.raises(NetworkError):
        desk.push(purge=refuses)
    assert desk.push(waive=True).site.owed == ()
    assert desk.names(PENDING) == []
    desk.push(purge=desk.purge)
    assert desk.purged == []


def test_a_purge_is_owed_only_once_although_manifests_are_not_understood(desk: Desk) -> None:
    desk.push()
    desk.write(index="another page")
    with pytest.raises(NetworkError):
        desk.push(purge=refuses)
    desk.bucket.put(f"site/{RELEASES}/20251124T120000Z-0123456789abcdef.json", b'{"schema": "another"}')
    for _ in range(3):
        desk.push(purge=desk.purge)
    assert len(desk.purged) == 1


def test_a_dead_push_whose_purge_was_paid_does_not_live_again(desk: Desk) -> None:
    """What it wrote may be needed by a release that stays, so its manifest stays too, without what it owed."""
    desk.push()
    desk.bucket.before = fails_at(f"write site/{RELEASES}")
    desk.write(index="another page")
    with pytest.raises(NetworkError):
        desk.push(purge=desk.purge)
    desk.bucket.before = lambda _: None
    desk.bucket.time.seconds += DEAD_S
    died = {name: desk.bucket.objects[f"site/{PENDING}/{name}"].modified for name in desk.names(PENDING)}
    (desk.web / "index.html").unlink()
    desk.push(purge=desk.purge)
    assert desk.purged == [["/", "/index.html"]]
    place = Place(bucket=desk.bucket, root="site", clock=desk.bucket.time.clock())
    told = place.remote(())
    assert told.fresh == frozenset()
    assert {each.name: each.touched for each in told.pendings} == died


def test_a_push_whose_build_changed_meanwhile_is_not_waited_for(desk: Desk) -> None:
    def before(what: str) -> None:
        if PENDING in what and what.startswith("write"):
            desk.write(index="changed meanwhile")

    desk.bucket.before = before
    with pytest.raises(InputError, match="changed while it was pushed"):
        desk.push()
    desk.bucket.before = lambda _: None
    assert desk.push().site.collection.pendings != ()
    assert desk.names(PENDING) == []


def test_a_name_with_a_hash_and_another_content_is_refused(desk: Desk) -> None:
    desk.push()
    done = len(desk.bucket.changes)
    desk.write(app_0a1b2c3d="another();")
    with pytest.raises(InputError, match="another content than in a release that is kept"):
        desk.push()
    assert desk.bucket.changes[done:] == []
    text = render_push(push_report(desk.push(overwrite=True)))
    assert f"warning: {HASHED}: another content under a name with a hash" in text
    assert desk.bucket.objects[f"site/{HASHED}"].content == b"another();"
    desk.write(app_0a1b2c3d="a third();")
    outcome = desk.push(overwrite=True, purge=desk.purge)
    assert push_report(outcome).document["warnings"] == []
    assert f"/{HASHED}" in outcome.site.purged


@pytest.mark.parametrize("below", [".", "static", "static/chunks"])
def test_the_refusal_of_a_retargeted_build_says_so(desk: Desk, below: str) -> None:
    folder = desk.web / below
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    (folder / HASHED).write_text("one();")
    desk.push(directory=folder)
    (desk.web / STATE_NAME).write_text("{}")
    (folder / HASHED).write_text("another();")
    with pytest.raises(InputError, match="another content than in a release that is kept") as error:
        desk.push(directory=folder)
    assert "lightship assets retarget changed files here" in str(error.value.hint)


def test_a_build_that_was_not_retargeted_is_a_warning(desk: Desk) -> None:
    assert push_report(desk.push()).document["warnings"] == []
    desk.write(app_1a1b2c3d=f'import("{PLACEHOLDER}/a.js")')
    (desk.web / "packed.js.gz").write_bytes(gzip.compress(PLACEHOLDER.encode()))
    (desk.web / STATE_NAME).write_text(PLACEHOLDER)
    report = push_report(desk.push())
    text = render_push(report)
    told = f"{PLACEHOLDER} stands in assets/app-1a1b2c3d.js and packed.js: no browser finds what has it in front"
    assert f"warning: {told}" in text
    assert len(report.document["warnings"]) == 1  # type: ignore[arg-type]  # a list


def test_another_coding_is_sent_and_another_compression_is_not(desk: Desk) -> None:
    desk.write(app_0a1b2c3d="one();" * 1000)
    desk.push()
    assert desk.push().site.unchanged
    (desk.web / f"{HASHED}.gz").write_bytes(b"stale")
    assert desk.push().site.unchanged
    outcome = desk.push(encoding="br")
    assert [entry.path for entry in outcome.site.sent] == [HASHED]
    stored = desk.bucket.objects[f"site/{HASHED}"]
    assert stored.headers is not None
    assert stored.headers.encoding == "br"


def test_what_vanished_from_the_store_is_put_back(desk: Desk) -> None:
    desk.push()
    del desk.bucket.objects[f"site/{HASHED}"]
    outcome = desk.push()
    assert [entry.path for entry in outcome.site.sent] == [HASHED]
    assert len(desk.names(RELEASES)) == 1


def test_a_manifest_that_is_not_understood_stops_the_collection_and_not_the_push(desk: Desk) -> None:
    desk.push()
    broken = f"site/{RELEASES}/20251124T120000Z-0123456789abcdef.json"
    desk.bucket.put(broken, b'{"schema": "lightship/assets-release/9"}')
    (desk.web / HASHED).unlink()
    desk.write(app_1a1b2c3d="two();", index="two")
    outcome = desk.push(keep=1)
    assert f"site/{HASHED}" in desk.bucket.objects
    assert "nothing is collected: 20251124T120000Z" in outcome.site.collection.blocked
    assert "note: nothing is collected" in render_push(push_report(outcome))


def test_a_hostile_manifest_reaches_nothing_outside_the_root(desk: Desk) -> None:
    desk.push()
    (name,) = desk.names(RELEASES)
    document = json.loads(gzip.decompress(desk.bucket.objects[f"site/{RELEASES}/{name}"].content))
    row = document["objects"][HASHED]
    document["objects"] = {"../other/secret.js": {**row, "bytes": 6, "etag": None}}
    desk.bucket.put(f"site/{RELEASES}/20200101T000000Z-0123456789abcdef.json", json.dumps(document).encode())
    desk.bucket.put("other/secret.js", b"secret")
    desk.write(index="two")
    desk.push(keep=1)
    assert desk.bucket.objects["other/secret.js"].content == b"secret"


def test_objects_that_were_there_before_are_told_and_never_collected(desk: Desk) -> None:
    desk.bucket.put("site/index.html", b"of another tool")
    desk.bucket.put("site/other.html", b"of another tool")
    outcome = desk.push()
    assert outcome.site.foreign == ("index.html",)
    assert "note: index.html was written over: no release of lightship" in render_push(push_report(outcome))
    desk.write(index="two")
    desk.push(keep=1)
    assert desk.bucket.objects["site/other.html"].content == b"of another tool"


@pytest.mark.parametrize(("folder", "base"), [("web", ""), ("web/store", ""), (".", "web"), (".", "web/below")])
def test_a_build_is_not_pushed_into_itself(desk: Desk, folder: str, base: str) -> None:
    with pytest.raises(UsageError, match="the next push would push it too"):
        desk.push(target=Target(scheme="file", directory=desk.folder / folder), base=base)
    assert desk.bucket.said == []


def test_source_maps_are_left_out_pushed_or_put_aside(desk: Desk) -> None:
    source_map = '{"version":3,"mappings":"AAAA"}'
    (desk.web / f"{HASHED}.map").write_text(source_map)
    outcome = desk.push()
    assert len(outcome.maps) == 1
    assert f"site/{HASHED}.map" not in desk.bucket.objects
    aside = Target(scheme="s3", bucket="bucket", prefix="private")
    outcome = desk.push(maps_target=aside)
    assert outcome.maps_site is not None
    assert desk.bucket.objects[f"private/{HASHED}.map"].content.decode() == source_map
    desk.push(maps="push")
    assert f"site/{HASHED}.map" in desk.bucket.objects
    with pytest.raises(UsageError):
        desk.push(maps="push", maps_target=aside)
    with pytest.raises(UsageError, match="want another place than --to"):
        desk.push(maps_target=Target(scheme="s3", bucket="bucket", prefix="site"))


@pytest.mark.parametrize("name", [b"caf\xe9.js", b"new\nline.js"])
def test_a_name_that_no_object_has_stops_the_push(desk: Desk, name: bytes) -> None:
    (desk.web / os.fsdecode(name)).write_bytes(b"x")
    with pytest.raises(InputError, match="its name"):
        desk.push()
    assert desk.bucket.said == []


@pytest.mark.parametrize("name", ["back\\slash.js", "ends./a.js"])
def test_a_name_that_azure_changes_stops_the_push_before_anything_is_sent(desk: Desk, name: str) -> None:
    (desk.web / name).parent.mkdir(exist_ok=True)
    (desk.web / name).write_bytes(b"x")
    with pytest.raises(InputError, match="which Azure"):
        desk.push(target=Target(scheme="az", bucket="container", prefix="site"))
    assert desk.bucket.said == []
    assert desk.push().site.release is not None
    (desk.web / f"{name}.map").write_text('{"version":3,"mappings":"AAAA"}')
    done = len(desk.bucket.said)
    with pytest.raises(UsageError, match="which Azure"):
        desk.push(target=Target(scheme="az", bucket="container", prefix="a\\b"))
    with pytest.raises(InputError, match="which Azure"):
        desk.push(maps_target=Target(scheme="az", bucket="container", prefix="maps"))
    assert desk.bucket.said[done:] == []


def test_a_build_that_cannot_be_read_whole_is_not_pushed(desk: Desk) -> None:
    (desk.web / "app.js.gz").write_bytes(b"no gzip at all")
    with pytest.raises(InputError, match=r"^app\.js\.gz: "):
        desk.push()
    assert desk.bucket.changes == []


@pytest.mark.parametrize("name", [HASHED, RELEASES, PENDING])
def test_a_key_that_may_not_delete_makes_releases_and_says_what_stays(desk: Desk, name: str) -> None:
    desk.push()
    (desk.web / HASHED).unlink()
    desk.write(app_1a1b2c3d="two();", index="two")
    desk.bucket.before = fails_at(f"remove site/{name}")
    outcome = desk.push(keep=1)
    assert outcome.site.collection.blocked == "older releases are not collected: the line went dead"
    assert outcome.site.release in desk.names(RELEASES)
    desk.bucket.before = lambda _: None
    assert desk.push(keep=1).site.unchanged
    assert (desk.names(RELEASES), desk.names(PENDING)) == ([outcome.site.release], [])
    assert f"site/{HASHED}" not in desk.bucket.objects


def test_many_at_once_are_all_there_and_progress_is_told_in_bytes(desk: Desk) -> None:
    told: dict[str, int] = {}
    lock = threading.Lock()

    class Counting(Silent):
        def advance(self, task: str, amount: int = 1) -> None:
            with lock:
                told[task] = told.get(task, 0) + amount

    for number in range(100):
        (desk.web / f"assets/part-{number:02}a1b2c3.js").write_text(f"{number};" * 1000)
    request = PushRequest(
        directory=desk.web, target=Target(scheme="s3", bucket="b", prefix="site"), clock=desk.bucket.time.clock()
    )
    outcome = push_assets(request, lambda _: desk.bucket, Cache(desk.folder / "cache"), Counting())
    assert len(outcome.site.sent) == 102
    assert told["push"] == sum(entry.stored_bytes for entry in outcome.site.sent)
    assert told["read"] == told["compress"] == sum(entry.plain_bytes for entry in outcome.site.sent)


def test_a_push_waits_for_whoever_collects_and_sends_what_it_took(desk: Desk) -> None:
    desk.push()
    collector = Heart(
        Place(bucket=desk.bucket, root="site", clock=desk.bucket.time.clock()),
        replace(
            parse_manifest(
                desk.bucket.objects[f"site/{RELEASES}/{desk.names(RELEASES)[0]}"].content,
                desk.names(RELEASES)[0],
                "site",
            ),
            name="20261101T000000Z-0123456789abcdef-00000000.json",
            pending=True,
            collecting=True,
        ),
    )

    def ends() -> None:
        desk.bucket.remove([f"site/{HASHED}"])
        collector.place.forget(PENDING, [collector.manifest.name])

    desk.bucket.time.asleep = ends
    desk.write(index="two")
    outcome = desk.push()
    assert sorted(entry.path for entry in outcome.site.sent) == [HASHED, "index.html"]
    assert desk.bucket.objects[f"site/{HASHED}"].content == b"one();"


@dataclass(frozen=True, slots=True)
class Noting(Silent):
    """Keeps what people are told."""

    notes: list[str] = field(default_factory=list)

    def note(self, message: str) -> None:
        self.notes.append(message)


def collecting(desk: Desk, owner: str = "") -> Heart:
    """Another push that deletes, and stopped telling that it lives."""
    (name,) = desk.names(RELEASES)
    known = parse_manifest(desk.bucket.objects[f"site/{RELEASES}/{name}"].content, name, "site")
    mark = "20261101T000000Z-0123456789abcdef-00000000.json"
    pending = replace(known, name=mark, entries={}, pending=True, collecting=True, owner=owner)
    return Heart(Place(bucket=desk.bucket, root="site", clock=desk.bucket.time.clock()), pending)


def test_one_that_was_killed_while_deleting_is_waited_for_and_people_are_told_how_long(desk: Desk) -> None:
    desk.push()
    collecting(desk)
    began = desk.bucket.time.seconds
    desk.bucket.time.seconds += 100
    desk.write(index="two")
    told = Noting()
    desk.push(progress=told)
    assert told.notes[0].startswith("another push, which was last heard of 100 seconds ago, is deleting old releases")
    assert "waiting for its end, or 14 minutes if it was killed; --take-over waits two" in told.notes[0]
    assert len(told.notes) == 1
    assert DEAD_S - 20 < desk.bucket.time.seconds - began < DEAD_S + 20


@pytest.mark.parametrize("how", ["its process is over", "a person says so"])
def test_one_that_is_over_is_not_waited_for(desk: Desk, how: str) -> None:
    desk.push()
    collecting(desk, owner=owner_of_a_process_that_is_over() if how == "its process is over" else "")
    began = desk.bucket.time.seconds
    desk.write(index="two")
    told = Noting()
    desk.push(take_over=how == "a person says so", progress=told)
    least = 10 if how == "its process is over" else 120  # a batch that is on its way may be tried again as long
    assert least <= desk.bucket.time.seconds - began < least + 20
    assert ["ended while it deleted old releases: going on" in note for note in told.notes] == [True]
    assert desk.names(PENDING) == []


def test_one_that_lives_after_all_stops_deleting_once_another_went_on(desk: Desk) -> None:
    desk.push()
    heart = collecting(desk, owner=owner_of(os.getpid()))
    desk.write(index="two")
    desk.push(take_over=True)
    for _ in range(2):
        with pytest.raises(NetworkError, match="another push went on in its place"):
            heart.collect([HASHED], SILENT)
        desk.bucket.put(f"site/{PENDING}/{heart.manifest.name}", b"not understood")
    assert f"site/{HASHED}" in desk.bucket.objects


def test_one_that_lives_is_waited_for_on_the_same_machine(desk: Desk) -> None:
    desk.push()
    heart = collecting(desk, owner=owner_of(os.getpid()))
    desk.bucket.time.asleep = lambda: heart.place.forget(PENDING, [heart.manifest.name])
    desk.write(index="two")
    told = Noting()
    desk.push(progress=told)
    assert "waiting for its end" in told.notes[0]


def owner_of_a_process_that_is_over() -> str:
    program = "import os; from lightship.flows.assets.push_owner import owner_of; print(owner_of(os.getpid()))"
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_whoever_slept_while_collecting_goes_on_deleting_nothing(desk: Desk) -> None:
    desk.push()
    (name,) = desk.names(RELEASES)
    known = parse_manifest(desk.bucket.objects[f"site/{RELEASES}/{name}"].content, name, "site")
    mark = replace(known, name="20261101T000000Z-0123456789abcdef-00000000.json", pending=True, collecting=True)
    heart = Heart(Place(bucket=desk.bucket, root="site", clock=desk.bucket.time.clock()), mark)
    desk.bucket.time.seconds += DEAD_S
    with pytest.raises(NetworkError, match="stopped while collecting"):
        heart.collect([HASHED], SILENT)
    assert f"site/{HASHED}" in desk.bucket.objects


def test_a_long_push_keeps_its_manifest_alive(desk: Desk) -> None:
    def before(what: str) -> None:
        desk.bucket.time.seconds += 40 if what.startswith("write site/assets") else 0

    desk.bucket.before = before
    for number in range(5):
        (desk.web / f"assets/part-{number:02}a1b2c3.js").write_text("x")
    desk.push(connections=1)
    beats = [what for what in desk.bucket.changes if what.startswith(f"write site/{PENDING}")]
    assert len(beats) > 2


@pytest.mark.parametrize("kind", ["memory", "directory"])
def test_the_stores_of_obstore_do_the_same(desk: Desk, kind: str) -> None:
    from obstore.store import LocalStore, MemoryStore

    store = MemoryStore() if kind == "memory" else LocalStore(desk.folder / "www", mkdir=True, automatic_cleanup=True)
    bucket = ObstoreBucket(store, kind, keeps_headers=kind == "memory")
    request = PushRequest(directory=desk.web, target=Target(scheme="s3", bucket="b", prefix="p q"), base="é", keep=1)

    def push() -> PushOutcome:
        return push_assets(request, lambda _: bucket, Cache(desk.folder / "cache"), SILENT)

    assert len(push().site.sent) == 2
    assert push().site.unchanged
    (desk.web / HASHED).unlink()
    desk.write(app_1a1b2c3d="two();", index="two")
    outcome = push()
    assert outcome.site.collection.paths == (HASHED,)
    left = sorted(key for key in bucket.listing("p q/é", ()) if ".lightship" not in key)
    assert left == ["p q/é/assets/app-1a1b2c3d.js", "p q/é/index.html"]
    assert push().site.unchanged
