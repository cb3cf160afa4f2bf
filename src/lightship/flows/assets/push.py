"""``lightship assets push``: a directory of static files becomes a release in a store of objects.

An aborted push leaves the site whole: what its pages lead to is there before they are, nothing that the release before
has under a name with a hash is written over, and nothing is deleted before the release is written down.
"""

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.assets.output_folder import check_is_static
from lightship.assets.push.bucket import Bucket
from lightship.assets.push.outgoing import Outgoing, candidates
from lightship.assets.push.plan import Collection, PushPlan, Remote, collection, plan_push, purge_paths
from lightship.assets.push.release import (
    PENDING,
    RELEASES,
    Coding,
    Entry,
    Manifest,
    manifest_name,
    next_stamp,
    release_digest,
)
from lightship.assets.push.target import Target, blob_fault
from lightship.assets.retarget.state import STATE_NAME
from lightship.assets.scan import scan
from lightship.errors import InputError, LightshipError, UsageError, WorldError
from lightship.flows.assets.push_files import check_key, pack_files, read_files
from lightship.flows.assets.push_owner import owner_of
from lightship.flows.assets.push_request import PushOutcome, PushRequest, SitePush
from lightship.flows.assets.push_store import Heart, Place
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["push_assets"]


def push_assets(
    request: PushRequest, open_bucket: Callable[[Target], Bucket], cache: Cache, progress: Progress
) -> PushOutcome:
    """Push, or with ``dry_run`` say what would be pushed. Raise InputError for files that cannot be objects, UsageError
    for options that do not go together, NetworkError where a store does not do its part."""
    began = time.monotonic()
    _check(request)
    check_is_static(request.directory)
    found = scan(request.directory)  # before a directory is made of a store for nothing
    bucket = open_bucket(request.target)
    asked = _coding(request, bucket)
    chosen = candidates(found)
    files = read_files(found, chosen, asked, request, progress)
    maps = tuple(file for file in files if file.source_map)
    pushed = files if request.maps == "push" else [file for file in files if not file.source_map]
    if not pushed:
        raise InputError(f"{request.directory}: there is nothing to push")
    maps_site = None
    if request.maps_target is not None and maps:
        for file in maps:
            check_key(file.path, request.maps_target, request.base)
        aside = replace(request, target=request.maps_target, purge=None, cdn="")
        maps_bucket = open_bucket(request.maps_target)
        if not maps_bucket.keeps_headers:
            maps = tuple(replace(file, asked="identity") for file in maps)
        maps_site = _push_site(maps, aside, maps_bucket, cache, progress)
    return PushOutcome(
        request=request,
        site=_push_site(pushed, request, bucket, cache, progress),
        maps=maps,
        maps_site=maps_site,
        hidden=chosen.hidden,
        links=found.links,
        skipped=chosen.skipped,
        placeholder=tuple(file.path for file in pushed if file.placeholder),
        seconds=time.monotonic() - began,
    )


def _check(request: PushRequest) -> None:
    if request.keep < 1:
        raise UsageError("--keep: want at least one release")
    if request.maps == "push" and request.maps_target is not None:
        raise UsageError("--maps push and --maps-to do not go together")
    for target in filter(None, (request.target, request.maps_target)):
        if target.scheme == "az" and (fault := blob_fault(target.root(request.base), "name")) is not None:
            raise UsageError(f"{target}, --base /{request.base}: {fault}")
        folder = target.directory
        if folder is not None and _is_below(folder / request.base, request.directory):
            raise UsageError(f"{folder} lies in {request.directory}: the next push would push it too")
    if request.maps_target is not None and str(request.maps_target) == str(request.target):
        raise UsageError("--maps-to: want another place than --to")


def _is_below(path: Path, directory: Path) -> bool:
    # realpath: for a loop of links `Path.resolve` has an error of its own, which is no OSError
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(directory))


def _coding(request: PushRequest, bucket: Bucket) -> Coding:
    if bucket.keeps_headers:
        return request.encoding or "gzip"
    if request.encoding not in (None, "identity"):
        raise UsageError(
            f"--encoding {request.encoding}: a directory keeps no Content-Encoding",
            hint="push plain files, and let the server compress, or see assets compress",
        )
    return "identity"


def _push_site(
    files: Sequence[Outgoing], request: PushRequest, bucket: Bucket, cache: Cache, progress: Progress
) -> SitePush:
    place = Place(bucket=bucket, root=request.target.root(request.base), clock=request.clock)
    by_path = {file.path: file for file in files}
    remote = place.remote(by_path)
    plan = _plan(files, remote, request)
    entries = {entry.path: entry for entry in plan.there}
    entries |= {entry.path: entry for entry in pack_files(plan.send, request, cache, progress)}
    if request.dry_run:
        return _foreseen(request, plan, remote, entries)
    owed = plan.purge if request.purge is not None else ()
    leavings = collection(remote, None, keep=request.keep, paid=_paid(request, plan))
    if plan.unchanged and not owed and not _has_leavings(leavings):
        return _site(request, plan, entries, Collection(), releases_kept=len(remote.releases))
    return _Pushing(request, place, by_path, cache, progress).go(plan, remote, entries)


def _plan(files: Sequence[Outgoing], remote: Remote, request: PushRequest) -> PushPlan:
    # what is pushed is often a part of what was retargeted: .next/static of .next
    folder = request.directory.absolute()
    retargeted = any((each / STATE_NAME).exists() for each in (folder, *folder.parents[:2]))
    return plan_push(files, remote, keep=request.keep, overwrite=request.overwrite, retargeted=retargeted)


@dataclass(frozen=True, slots=True)
class _Pushing:
    """One push of one site, from its pending manifest on."""

    request: PushRequest
    place: Place
    files: dict[str, Outgoing]
    cache: Cache
    progress: Progress

    def go(self, plan: PushPlan, remote: Remote, entries: dict[str, Entry]) -> SitePush:
        request = self.request
        digest = release_digest(entries.values())
        pending = Manifest(
            name=manifest_name(self._stamp(remote), digest, os.urandom(4).hex()),
            entries=entries,
            cdn=request.cdn,
            base=request.base,
            pending=True,
            own=plan.own,
            purge=self._owed(plan),
            owner=owner_of(os.getpid()),
        )
        heart = Heart(self.place, pending, take_over=request.take_over)
        release = None
        if not plan.unchanged:
            with heart.ending(InputError):
                plan, entries, remote = self._sent(heart, entries)
            release = Manifest(
                name=manifest_name(self._stamp(remote, pending.name), digest),
                entries=entries,
                cdn=request.cdn,
                base=request.base,
            )
            self.place.write(release)
        with heart.ending(LightshipError):  # the CDN's fault; whoever repeats the push at once owes the purge
            purged, order = self._purged(plan)
        collected, kept = self._tidied(heart, plan, release, len(remote.releases))
        return _site(
            request,
            plan,
            entries,
            collected,
            purged=purged,
            purge_order=order,
            release=release.name if release is not None else None,
            releases_kept=kept,
        )

    def _owed(self, plan: PushPlan) -> tuple[str, ...]:
        return plan.purge if self.request.purge is not None else ()

    def _stamp(self, remote: Remote, *names: str) -> str:
        return next_stamp(
            self.request.clock.now(), [*names, *(each.name for each in (*remote.releases, *remote.pendings))]
        )

    def _sent(self, heart: Heart, entries: dict[str, Entry]) -> tuple[PushPlan, dict[str, Entry], Remote]:
        """Plan once more, since what was there may have been collected before this push was known, and send."""
        request, connections = self.request, self.request.connections
        remote = heart.await_collectors(self.files, self.progress)
        plan = _plan(list(self.files.values()), remote, request)
        entries = entries | {entry.path: entry for entry in plan.there}
        if (plan.own, self._owed(plan)) != (heart.manifest.own, heart.manifest.purge):
            heart.change(replace(heart.manifest, own=plan.own, purge=self._owed(plan)))
        self.progress.start("push", sum(entries[file.path].stored_bytes for file in plan.send), unit="B")
        try:
            sent = heart.send(plan.send, self.cache, self.progress, jobs=connections)
            entries = entries | {entry.path: entry for entry in sent}
            return plan, *heart.settle(entries, self.files, remote, self.cache, self.progress, jobs=connections)
        finally:
            self.progress.finish("push")

    def _purged(self, plan: PushPlan) -> tuple[tuple[str, ...], str]:
        if self.request.purge is None or not plan.purge:
            return (), ""
        addresses = purge_paths(self.request.base, plan.purge)
        return tuple(addresses), self.request.purge(addresses)

    def _tidied(self, heart: Heart, plan: PushPlan, release: Manifest | None, before: int) -> tuple[Collection, int]:
        """Collect, and forget this push. The release is there: a key that may not delete, or a connection that breaks,
        does not undo it. What is left, the next push collects."""
        try:
            with heart.ending(BaseException):
                found, kept = self._collected(heart, release, _paid(self.request, plan))
                self.place.forget(PENDING, [heart.manifest.name])
                return found, kept
        except WorldError as error:
            return Collection(blocked=f"older releases are not collected: {error}"), before + (release is not None)

    def _collected(self, heart: Heart, release: Manifest | None, paid: frozenset[str]) -> tuple[Collection, int]:
        """Mark, look, delete: in this order (see `lightship.flows.assets.push_store`). The mark names no objects: the
        release that is the latest does."""
        heart.change(replace(heart.manifest, entries={}, own=frozenset(), collecting=True, purge=()))
        remote = self.place.remote(self.files, heart.manifest.name)
        own = release if release is not None and release.name not in {each.name for each in remote.releases} else None
        found = collection(remote, own, keep=self.request.keep, paid=paid)
        if found.paths:
            heart.collect(found.paths, self.progress)
        self.place.forget(RELEASES, found.releases)
        self.place.forget(PENDING, found.pendings)
        for each in found.rewritten:
            self.place.write(each)
        return found, len(remote.releases) + (own is not None) - len(found.releases)


def _paid(request: PushRequest, plan: PushPlan) -> frozenset[str]:
    """Of the paths whose purge earlier pushes owe, those that nobody owes once this push is done."""
    return frozenset(plan.owed) if request.purge is not None or request.waive else frozenset()


def _has_leavings(found: Collection) -> bool:
    return bool(found.paths or found.releases or found.pendings or found.rewritten)


def _foreseen(request: PushRequest, plan: PushPlan, remote: Remote, entries: dict[str, Entry]) -> SitePush:
    own = None
    if not plan.unchanged:
        stamp = next_stamp(request.clock.now(), [each.name for each in (*remote.releases, *remote.pendings)])
        own = Manifest(name=manifest_name(stamp, release_digest(entries.values())), entries=entries)
    found = collection(remote, own, keep=request.keep, paid=_paid(request, plan))
    purged = tuple(purge_paths(request.base, plan.purge)) if request.purge is not None else ()
    kept = len(remote.releases) + (own is not None) - len(found.releases)
    return _site(request, plan, entries, found, purged=purged, releases_kept=kept)


def _site(
    request: PushRequest,
    plan: PushPlan,
    entries: dict[str, Entry],
    found: Collection,
    *,
    purged: tuple[str, ...] = (),
    purge_order: str = "",
    release: str | None = None,
    releases_kept: int = 0,
) -> SitePush:
    return SitePush(
        target=request.target,
        root=request.target.root(request.base),
        sent=tuple(entries[file.path] for file in plan.send),
        there=tuple(entries[entry.path] for entry in plan.there),
        collection=found,
        purged=purged,
        purge_order=purge_order,
        owed=tuple(purge_paths(request.base, set(plan.owed) - _paid(request, plan))),
        foreign=plan.foreign,
        kept_by_cdn=tuple(file.path for file in plan.send if file.hashed and file.path in plan.purge)
        if request.purge is None
        else (),
        release=release,
        unchanged=plan.unchanged,
        releases_kept=releases_kept,
    )
