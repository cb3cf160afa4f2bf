"""What a push sends, leaves and collects: a function of the local files, the manifests in the store, and its listing.

An object is left as it is when the newest manifest that names it says that it has this content, asked for in this
coding, under these headers, and the listing shows it with the size and ETag that were written down. Of a push that was
aborted nobody knows the ETags: a name with a hash that it was to write where nothing lay is believed, any other is not.

Only what manifests name is ever collected, and only where the listing still shows what they wrote: what somebody else
put in its place is somebody else's.
"""

import datetime
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from lightship.assets.push.bucket import Found
from lightship.assets.push.outgoing import Outgoing
from lightship.assets.push.release import Entry, Manifest
from lightship.assets.push.target import public_path
from lightship.errors import InputError

__all__ = ["DEAD_S", "Collection", "PushPlan", "Remote", "collection", "plan_push", "purge_paths"]


DEAD_S = 900.0
"""A push writes its manifest each minute while it lives: so long after it was last written nothing of it arrives any
more, and nobody waits for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """What the store says. ``found`` is by path below the root; ``releases`` and ``pendings`` are sorted by their
    names, oldest first; ``fresh`` names the pendings of pushes that seem to be alive. ``not_understood`` are sentences
    about manifests that could not be read. ``now`` is the time by the store's clock."""

    found: Mapping[str, Found] = field(repr=False)
    releases: tuple[Manifest, ...] = ()
    pendings: tuple[Manifest, ...] = ()
    fresh: frozenset[str] = frozenset()
    not_understood: tuple[str, ...] = ()
    now: datetime.datetime | None = None

    @property
    def latest(self) -> Manifest | None:
        return self.releases[-1] if self.releases else None

    def newest_first(self) -> list[Manifest]:
        return sorted((*self.releases, *self.pendings), key=lambda manifest: manifest.name, reverse=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PushPlan:
    """``send`` is in order: names with a hash, other assets, what leads to them; ``there`` are objects that stay as
    they are. ``purge`` are paths without a hash whose content was another one, and those that ``owed`` names too: an
    earlier push was to purge them, and ended before it did. ``own`` are the paths where nothing of
    somebody else's lies, ``foreign`` those where something does and is written over. ``unchanged``: this is the latest
    release."""

    send: tuple[Outgoing, ...]
    there: tuple[Entry, ...]
    purge: tuple[str, ...]
    foreign: tuple[str, ...]
    own: frozenset[str]
    unchanged: bool
    owed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """What is deleted: ``paths`` of objects with their bytes together, ``releases`` and ``pendings`` by the names of
    their manifests. ``rewritten`` are pendings as they are to be written anew, since what is to be purged of them
    changed: of one whose objects are deleted only that is left. ``blocked`` is a sentence: why nothing is."""

    paths: tuple[str, ...] = ()
    collected_bytes: int = 0
    releases: tuple[str, ...] = ()
    pendings: tuple[str, ...] = ()
    rewritten: tuple[Manifest, ...] = field(default=(), repr=False)
    blocked: str = ""


def plan_push(
    local: Sequence[Outgoing], remote: Remote, *, keep: int, overwrite: bool = False, retargeted: bool = False
) -> PushPlan:
    """Decide. Raise InputError where a name with a hash is to get another content than a release that stays has, unless
    ``overwrite``: a tab that is open would be given a script that does not fit. ``retargeted`` says why it may be so:
    the prefix in such files was changed, and their names were not."""
    said = _said(remote)
    conflicts = _conflicts(local, remote, keep)
    if conflicts and not overwrite:
        raise _conflict(conflicts, retargeted=retargeted)
    there, send = [], []
    for file in local:
        entry = _left(file, said.get(file.path), remote.found.get(file.path))
        if entry is None:
            send.append(file)
        else:
            there.append(entry)
    names = {file.path for file in local}
    ours = set().union(*(_made_by(manifest, remote) for manifest in remote.newest_first()))
    own = frozenset(path for path in names if path not in remote.found or path in ours)
    latest = remote.latest
    certain = {file.path for file in send if file.hashed and (file.path not in said or said[file.path].entry.hashed)}
    changed = {file.path for file in send} - certain.difference(conflicts)
    owed = {path for manifest in remote.pendings if manifest.name not in remote.fresh for path in manifest.purge}
    return PushPlan(
        send=tuple(sorted(send, key=lambda file: (file.rank, file.path))),
        there=tuple(there),
        purge=tuple(sorted((changed & remote.found.keys()) | owed)),
        foreign=tuple(file.path for file in send if file.path not in own),
        own=own,
        unchanged=not send and latest is not None and latest.entries.keys() == names,
        owed=tuple(sorted(owed)),
    )


@dataclass(frozen=True, slots=True)
class _Said:
    """What the newest manifest that names a path says of it; whether that one wrote it, or was to write it where
    nothing of others lay; and whether every other that names it says the same."""

    entry: Entry
    own: bool
    agreed: bool


def _said(remote: Remote) -> dict[str, _Said]:
    found: dict[str, _Said] = {}
    for manifest in remote.newest_first():
        for path, entry in manifest.entries.items():
            newer = found.get(path)
            if newer is None:
                found[path] = _Said(entry, not manifest.pending or path in manifest.own, agreed=True)
            elif newer.agreed and _promise(newer.entry) != _promise(entry):
                found[path] = _Said(newer.entry, newer.own, agreed=False)
    return found


def _promise(one: Entry | Outgoing) -> tuple[str, int, str, str, str]:
    """What a browser is to get. Two of one name that promise the same may be compressed differently."""
    return one.plain_sha256, one.plain_bytes, one.asked, one.content_type, one.cache_control


def _left(file: Outgoing, said: _Said | None, found: Found | None) -> Entry | None:
    """The entry of an object that stays as it is, None where it must be sent. What has no ETag to go by may still be
    what it was before an aborted push that was to write it: other content, other headers, another tool's."""
    if said is None or found is None:
        return None
    entry = said.entry
    if _promise(entry) != _promise(file) or not entry.is_there(found):
        return None
    if entry.etag is not None and found.etag is not None:
        return entry
    return entry if file.hashed and said.own and said.agreed else None


def _conflict(paths: list[str], *, retargeted: bool) -> InputError:
    others = f" and {len(paths) - 1} other names with a hash have" if len(paths) > 1 else " has"
    hint = "open tabs would get a file that does not fit: build under another build id, or --overwrite"
    if retargeted:
        hint = (
            "lightship assets retarget changed files here and not their names: push each CDN's to a place of its own, "
            "or --overwrite where one CDN takes the place of the other"
        )
    return InputError(
        f"{paths[0]}{others} another content than in a release that is kept, and such names tell contents apart",
        hint=hint,
    )


def _conflicts(local: Iterable[Outgoing], remote: Remote, keep: int) -> list[str]:
    alive = [manifest for manifest in remote.pendings if manifest.name in remote.fresh]
    kept = [*_kept(remote.releases, keep), *alive]
    return [
        file.path
        for file in local
        if file.hashed
        and any(
            (said := manifest.entries.get(file.path)) is not None
            and said.hashed
            and said.plain_sha256 != file.plain_sha256
            for manifest in kept
        )
    ]


def _kept(releases: Sequence[Manifest], keep: int) -> list[Manifest]:
    """The newest ``keep`` of different contents: going back and forth between two pushes no third one out."""
    kept: dict[str, Manifest] = {}
    for manifest in reversed(releases):
        if len(kept) == keep:
            break
        kept.setdefault(manifest.digest, manifest)
    return list(kept.values())


def collection(remote: Remote, own: Manifest | None, *, keep: int, paid: frozenset[str] = frozenset()) -> Collection:
    """What may be deleted once the release is written; ``own`` is it where the listing does not show it yet. ``paid``
    are the paths that earlier pushes were to purge and that have been purged: a pending that owes others stays."""
    dead = [each for each in remote.pendings if each.name not in remote.fresh]
    if remote.not_understood:
        as_is = [(each, _slip(each, paid, gone=False)) for each in dead]
        return Collection(
            rewritten=tuple(slip for each, slip in as_is if slip != each),
            blocked=f"nothing is collected: {remote.not_understood[0]}",
        )
    releases = (*remote.releases, own) if own is not None else remote.releases
    alive = [manifest for manifest in remote.pendings if manifest.name in remote.fresh]
    others = [*dead, *releases]
    stay = _staying(_kept(releases, keep), others, {path for each in alive for path in each.entries}, remote)
    names = {manifest.name for manifest in stay}
    needed = {path for manifest in (*stay, *alive) for path in manifest.entries}
    gone = [manifest for manifest in others if manifest.name not in names]
    paths = sorted(set().union(*(_made_by(manifest, remote) for manifest in gone)) - needed)
    slips = {each.name: _slip(each, paid, gone=each.name not in names) for each in dead}
    done = [each.name for each in dead if each.name not in names and not slips[each.name].purge]
    return Collection(
        paths=tuple(paths),
        collected_bytes=sum(remote.found[path].size_bytes for path in paths),
        releases=tuple(manifest.name for manifest in gone if not manifest.pending),
        pendings=tuple(done),
        rewritten=tuple(slips[each.name] for each in dead if each.name not in done and slips[each.name] != each),
    )


def _slip(dead: Manifest, paid: frozenset[str], *, gone: bool) -> Manifest:
    """``dead`` without what was paid; of one that is ``gone``, only what it owes. Writing it does not make it alive."""
    left = tuple(path for path in dead.purge if path not in paid)
    if gone:
        return replace(dead, purge=left, entries={}, own=frozenset(), ended=True, collecting=False)
    return dead if left == dead.purge else replace(dead, purge=left, ended=True, collecting=False)


def _staying(
    kept: Sequence[Manifest], others: Sequence[Manifest], relied_on: set[str], remote: Remote
) -> list[Manifest]:
    """``kept``, and whatever wrote the page that is in a kept one's place: of two pushes at once, or of one that was
    aborted. Browsers get that page, and it leads to what came with it. So does what wrote an object that a push under
    way relies on, or nobody would know afterwards whose it was."""
    stay = list(kept)
    while True:
        known = set().union(*(_made_by(each, remote) for each in stay))
        needed = {path for each in stay for path in each.entries}.union(relied_on) - known
        names = {each.name for each in stay}
        further = [each for each in others if each.name not in names and needed & _made_by(each, remote)]
        if not further:
            return stay
        stay.append(further[-1])  # a release where there is one: it needs no other to say what is its own


def _made_by(manifest: Manifest, remote: Remote) -> set[str]:
    """The paths where still lies what this push put there, or was going to put where nothing of others was."""
    ours = manifest.own & manifest.entries.keys() if manifest.pending else manifest.entries.keys()
    return {path for path in ours if _is_made_by(manifest, path, remote.found.get(path))}


def _is_made_by(manifest: Manifest, path: str, found: Found | None) -> bool:
    """A push that was aborted knows no ETags, but wrote nothing long after it last said that it was alive: what came
    later is somebody else's, whatever its size."""
    entry = manifest.entries[path]
    if found is None or not entry.is_there(found):
        return False
    if manifest.touched is None or entry.etag is not None:
        return True
    return found.modified <= manifest.touched + datetime.timedelta(seconds=DEAD_S)


def purge_paths(base: str, paths: Iterable[str]) -> list[str]:
    """The paths of addresses that a CDN may have of ``paths``: ``/docs/`` is one of ``docs/index.html`` too."""
    made = []
    for path in paths:
        address = public_path(base, path)
        made.append(address)
        if address.endswith("/index.html"):
            made.append(address.removesuffix("index.html"))
    return sorted(set(made))
