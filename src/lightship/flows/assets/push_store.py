"""The store's side of a push: what lies there, sending in order, and collecting without hurting another push.

Two pushes at once. Before anything is sent, a pending manifest names all that a push relies on. Whoever collects first
writes down that it does, then looks for other pushes, and spares what they name; whoever pushes looks for collectors
once its manifest is written, waits for them, and only then counts on what is there. One of the two always sees the
other, since stores list what was written before (S3, since December 2020:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel). A push that has not touched its
manifest for a quarter of an hour, by the store's own clock, counts as dead.

Whoever cannot wait so long for one that collects, since its process is over or a person says so, writes down that it
ended. It looks for that before each batch that it deletes, so that it stops if it lives after all.
"""

import contextlib
import datetime
import math
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace

from lightship.assets.codecs import encode
from lightship.assets.push.bucket import Bucket, Found, Headers
from lightship.assets.push.outgoing import Outgoing, stored
from lightship.assets.push.plan import DEAD_S, Remote
from lightship.assets.push.release import (
    FOLDER,
    MOST_MANIFEST_BYTES,
    PENDING,
    RELEASES,
    Entry,
    Manifest,
    parse_manifest,
    write_manifest,
)
from lightship.errors import InputError, LightshipError, NetworkError
from lightship.flows.assets.push_owner import is_over
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["Clock", "Heart", "Place"]

_BEAT_S = 60.0
_BATCH = 32
_ROUNDS = 4
_ON_ITS_WAY_S = 10.0
"""What a process that is over had ordered is done by then; what is not, `Heart.settle` finds."""
_TRIED_AGAIN_S = 120.0
"""How long one that lives tries a batch of deletions again (`StoreAccess.retry_timeout_s`), and may not have looked."""
_MANIFEST = Headers(content_type="application/json", cache_control="no-store")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Time, so that tests may have their own."""

    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    monotonic: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The root of a release in a bucket; ``root`` is ``""`` or without a slash at its end."""

    bucket: Bucket
    root: str
    clock: Clock = field(default_factory=Clock)
    known: dict[tuple[str, str | None, datetime.datetime], Manifest] = field(default_factory=dict)

    def key(self, path: str) -> str:
        return f"{self.root}/{path}" if self.root else path

    def remote(self, paths: Iterable[str], own: str | None = None) -> Remote:
        """What the store says; ``own`` is the pending manifest that is ours and not told. Manifests are read before the
        listing, so that what a release names is listed where it is there."""
        manifests = self.bucket.listing(self.key(FOLDER), ())
        told: dict[str, list[Manifest]] = {RELEASES: [], PENDING: []}
        faults = []
        clock = self._now(manifests, own)
        fresh = set()
        for key, found in sorted(manifests.items()):
            folder, _, name = key.removeprefix(self.key("")).rpartition("/")
            if folder not in told or (folder == PENDING and name == own):
                continue
            try:
                manifest = self._manifest(key, name, found)
            except InputError as error:
                faults.append(str(error))
                continue
            if manifest is None or manifest.pending != (folder == PENDING):
                continue
            told[folder].append(_touched(manifest, found) if folder == PENDING else manifest)
            if folder == PENDING and not manifest.ended and (clock - found.modified).total_seconds() < DEAD_S:
                fresh.add(name)
        wanted = {*paths, *(path for each in (*told[RELEASES], *told[PENDING]) for path in each.entries)}
        listed = self.bucket.listing(self.root, (self.key(path) for path in wanted))
        below = len(self.key(""))
        return Remote(
            found={key[below:]: found for key, found in listed.items() if not key[below:].startswith(f"{FOLDER}/")},
            releases=tuple(told[RELEASES]),
            pendings=tuple(told[PENDING]),
            fresh=frozenset(fresh),
            not_understood=tuple(faults),
            now=clock,
        )

    def _now(self, manifests: dict[str, Found], own: str | None) -> datetime.datetime:
        """The store's time: when it took our own manifest. Before there is one, this machine's."""
        ours = manifests.get(self.key(f"{PENDING}/{own}")) if own is not None else None
        return ours.modified if ours is not None else self.clock.now()

    def _manifest(self, key: str, name: str, found: Found) -> Manifest | None:
        mark = (key, found.etag, found.modified)
        if mark not in self.known:
            raw = self.bucket.read(key, most_bytes=MOST_MANIFEST_BYTES)
            if raw is None:
                return None  # done meanwhile
            self.known[mark] = parse_manifest(raw, name, self.root)
        return self.known[mark]

    def is_ended(self, pending: Manifest) -> bool:
        """Whether somebody has written down that this push ended, removed what tells of it, or made it unreadable."""
        try:
            raw = self.bucket.read(self.key(f"{PENDING}/{pending.name}"), most_bytes=MOST_MANIFEST_BYTES)
            return raw is None or parse_manifest(raw, pending.name, self.root).ended
        except InputError:
            return True

    def write(self, manifest: Manifest) -> None:
        folder = PENDING if manifest.pending else RELEASES
        raw, headers = write_manifest(manifest), _MANIFEST
        if self.bucket.keeps_headers:  # it names as many objects as are not sent: most of what a small change sends
            raw, headers = encode(raw, "gzip", "ci"), replace(headers, encoding="gzip")
        self.bucket.write(self.key(f"{folder}/{manifest.name}"), raw, headers)

    def forget(self, folder: str, names: Iterable[str]) -> None:
        keys = [self.key(f"{folder}/{name}") for name in names]
        if keys:
            self.bucket.remove(keys)


def _touched(manifest: Manifest, found: Found) -> Manifest:
    """What another push wrote anew says itself when its own push last did."""
    last = manifest.touched
    return replace(manifest, touched=found.modified if last is None else min(last, found.modified))


class Heart:
    """A pending manifest that is kept alive: written, and written again each minute while work goes on. ``take_over``:
    another push that collects is not waited for."""

    def __init__(self, place: Place, manifest: Manifest, *, take_over: bool = False) -> None:
        self.place = place
        self.manifest = manifest
        self._take_over = take_over
        self._beaten = place.clock.monotonic()
        place.write(manifest)

    def beat(self) -> None:
        """To be called between pieces of work. Raise NetworkError where others must have taken this push for dead: a
        laptop that was asleep must not go on deleting."""
        pause = self.place.clock.monotonic() - self._beaten
        if self.manifest.collecting and pause > DEAD_S / 2:
            raise NetworkError("stopped while collecting, for too long", hint="the next push collects the rest")
        if pause >= _BEAT_S:
            self._beaten = self.place.clock.monotonic()
            self.place.write(self.manifest)

    @contextlib.contextmanager
    def ending(self, *errors: type[BaseException]) -> Iterator[None]:
        """Where the block raises one of ``errors``, write down that nobody waits for this push any more."""
        try:
            yield
        except errors:
            with contextlib.suppress(LightshipError):  # it counts as dead a quarter of an hour later
                self.change(replace(self.manifest, ended=True, collecting=False))
            raise

    def change(self, manifest: Manifest) -> None:
        self.manifest = manifest
        self._beaten = self.place.clock.monotonic()
        self.place.write(manifest)

    def send(self, files: Sequence[Outgoing], cache: Cache, progress: Progress, *, jobs: int) -> list[Entry]:
        """Send ``files``: each rank when the one before is whole. The first error stops what has not begun."""
        entries: list[Entry] = []
        pool = ThreadPoolExecutor(jobs)
        try:
            for rank in sorted({file.rank for file in files}):
                # the largest first: at the end no thread is alone with one of them
                ranked = sorted((file for file in files if file.rank == rank), key=lambda file: -file.plain_bytes)
                futures = [pool.submit(self._send, file, cache, progress) for file in ranked]
                entries += self._gathered(futures)
        finally:
            pool.shutdown(cancel_futures=True)
        return entries

    def _send(self, file: Outgoing, cache: Cache, progress: Progress) -> Entry:
        entry, content = stored(file, cache)
        if isinstance(content, bytes):
            etag = self.place.bucket.write(self.place.key(entry.path), content, entry.headers)
            progress.advance("push", len(content))
        else:
            etag = self.place.bucket.write(self.place.key(entry.path), _counted(content, progress), entry.headers)
        return replace(entry, etag=etag)

    def _gathered(self, futures: "Sequence[Future[Entry]]") -> list[Entry]:
        waiting: Collection[Future[Entry]] = futures
        while waiting:
            done, waiting = wait(waiting, timeout=_BEAT_S / 4, return_when="FIRST_EXCEPTION")
            failed = next((error for future in done if (error := future.exception()) is not None), None)
            if failed is not None:
                raise failed
            self.beat()
        return [future.result() for future in futures]

    def settle(
        self,
        entries: dict[str, Entry],
        files: dict[str, Outgoing],
        before: Remote,
        cache: Cache,
        progress: Progress,
        *,
        jobs: int,
    ) -> tuple[dict[str, Entry], Remote]:
        """Look whether everything is there, and send again what is not: another push at once with ours may have written
        over a page, and one that took ours for dead may have collected. Which of two has the last word about a page is
        left open after a few rounds. Alone, an ETag is what the listing says: rclone's differs from its answer to an
        upload in parts. ``before`` is what the store said when sending began."""
        for number in range(_ROUNDS):
            remote = self.await_collectors(entries, progress)
            alone = not remote.fresh and {each.name for each in remote.releases} <= {
                each.name for each in before.releases
            }
            strictly = number < _ROUNDS // 2 and not alone
            lost = [
                path
                for path, entry in entries.items()
                if not _is_as_sent(entry, remote.found.get(path), strictly=strictly)
            ]
            if not lost:
                return (_as_listed(entries, remote) if alone else entries), remote
            again = self.send([files[path] for path in lost], cache, progress, jobs=jobs)
            entries = entries | {entry.path: entry for entry in again}
        raise NetworkError(
            f"{self.place.bucket.name}: {lost[0]} was sent and is not there, or has another size",
            hint="does something else write or delete there?",
        )

    def await_collectors(self, paths: Iterable[str], progress: Progress) -> Remote:
        """What the store says when nobody collects who may not know of this push."""
        told = False
        while True:
            remote = self.place.remote(paths, self.manifest.name)
            collecting = [each for each in remote.pendings if each.collecting and each.name in remote.fresh]
            if not collecting:
                return remote
            over = [each for each in collecting if self._take_over or is_over(each.owner)]
            for each in over:
                self.place.write(replace(each, collecting=False, ended=True))
            if over:
                known = all(is_over(each.owner) for each in over)
                seconds = _ON_ITS_WAY_S if known else _TRIED_AGAIN_S
                progress.note(
                    f"a push that {_heard(over[0], remote)} ended while it deleted old releases: going on in "
                    f"{seconds:.0f} seconds"
                )
                self._wait(seconds)
            elif not told:
                progress.note(_waiting(collecting[0], remote))
                told = True
            else:
                self._wait(2.0)

    def _wait(self, seconds: float) -> None:
        self.place.clock.sleep(seconds)
        self.beat()
        # the age of others is told by our own manifest's time
        if self.place.clock.monotonic() - self._beaten >= _BEAT_S / 4:
            self.change(self.manifest)

    def collect(self, paths: Sequence[str], progress: Progress) -> None:
        """Delete objects, with the mark set that says so. Raise NetworkError where another push took that away."""
        progress.start("collect", len(paths), unit="objects")
        try:
            for begin in range(0, len(paths), _BATCH):
                if self.place.is_ended(self.manifest):
                    raise NetworkError("another push went on in its place", hint="the next push collects the rest")
                self.beat()
                batch = paths[begin : begin + _BATCH]
                self.place.bucket.remove([self.place.key(path) for path in batch])
                progress.advance("collect", len(batch))
        finally:
            progress.finish("collect")


def _heard(other: Manifest, remote: Remote) -> str:
    return f"was last heard of {_age_s(other, remote):.0f} seconds ago"


def _waiting(other: Manifest, remote: Remote) -> str:
    minutes = math.ceil((DEAD_S - _age_s(other, remote)) / 60)
    left = f"{minutes} minutes" if minutes != 1 else "a minute"
    return (
        f"another push, which {_heard(other, remote)}, is deleting old releases: waiting for its end, or {left} if it "
        "was killed; --take-over waits two"
    )


def _age_s(other: Manifest, remote: Remote) -> float:
    if other.touched is None or remote.now is None:
        return 0.0
    return max(0.0, (remote.now - other.touched).total_seconds())


def _as_listed(entries: dict[str, Entry], remote: Remote) -> dict[str, Entry]:
    return {path: replace(entry, etag=remote.found[path].etag) for path, entry in entries.items()}


def _is_as_sent(entry: Entry, found: Found | None, *, strictly: bool) -> bool:
    if strictly and not entry.hashed:
        return entry.is_there(found)
    return entry.has_size_of(found)


def _counted(pieces: Iterator[bytes], progress: Progress) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        progress.advance("push", len(piece))
