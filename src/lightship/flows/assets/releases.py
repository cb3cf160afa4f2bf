"""``lightship assets releases``: what the releases in a store have, what each costs, and what is not there any more."""

import contextlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lightship.assets.push.bucket import Bucket
from lightship.assets.push.plan import Remote
from lightship.assets.push.release import RELEASES, Manifest
from lightship.assets.push.target import Target
from lightship.errors import InputError, LightshipError
from lightship.findings import Report
from lightship.flows.assets.push_store import Clock, Place
from lightship.units import format_names

__all__ = ["RELEASES_SCHEMA", "ReleaseRow", "ReleasesOutcome", "list_releases", "releases_report"]

RELEASES_SCHEMA = "lightship/assets-releases/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseRow:
    """``alone_bytes`` are those of objects that no other release names: what would be collected with it. ``missing``
    are names with a hash that are not there as it wrote them; ``replaced`` counts names without one that a later
    release has written over, or that are gone."""

    manifest: Manifest
    stored_bytes: int
    alone_bytes: int
    missing: tuple[str, ...]
    replaced: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasesOutcome:
    """``releases`` are newest first; ``pushes`` are under way (``alive``) or were aborted. ``foreign`` counts objects
    below the root that no manifest names."""

    target: Target
    root: str
    releases: tuple[ReleaseRow, ...]
    pushes: tuple[Manifest, ...]
    alive: frozenset[str]
    foreign: int
    foreign_bytes: int
    not_understood: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether every release could be read and has its names with a hash."""
        return not self.not_understood and not any(row.missing for row in self.releases)


def list_releases(bucket: Bucket, target: Target, base: str, clock: Clock | None = None) -> ReleasesOutcome:
    """Read every manifest and the listing; nothing is changed. Raise InputError where nothing of lightship is below the
    root, NetworkError where the store does not answer. A root whose push is under way, or was aborted, is known: it has
    no releases yet."""
    root = target.root(base)
    remote = Place(bucket=bucket, root=root, clock=clock or Clock()).remote(())
    if not (remote.releases or remote.pendings or remote.not_understood):
        raise _nothing(bucket, target, root, remote)
    named = Counter(path for each in remote.releases for path in each.entries)
    is_directory = target.directory is not None
    known = {path for each in (*remote.releases, *remote.pendings) for path in each.entries}
    others = [found for path, found in remote.found.items() if path not in known]
    return ReleasesOutcome(
        target=target,
        root=root,
        releases=tuple(_row(manifest, remote, named, is_directory) for manifest in reversed(remote.releases)),
        pushes=remote.pendings,
        alive=remote.fresh,
        foreign=len(others),
        foreign_bytes=sum(found.size_bytes for found in others),
        not_understood=remote.not_understood,
    )


def _nothing(bucket: Bucket, target: Target, root: str, remote: Remote) -> InputError:
    """A sentence about a root without releases, with those around it that have some: ``--base`` is forgotten easily."""
    where = f"{target.directory or f'{target.scheme}://{target.bucket}'}" + (f"/{root}" if root else "")
    hint = "prefix and --base are those of the push"
    if near := _near(bucket, root, remote):
        hint += f"; there are releases below {format_names([f'/{each}' for each in near])}"
    return InputError(
        f"{where}: there is no release of lightship, and {_others(len(remote.found))}",
        hint=hint,
    )


def _others(count: int) -> str:
    return (
        "nothing else either" if not count else "one object of others" if count == 1 else f"{count:,} objects of others"
    )


def _near(bucket: Bucket, root: str, remote: Remote) -> list[str]:
    """The roots with releases below ``root`` and above it."""
    mark = f"{RELEASES}/"
    below = {
        "/".join(filter(None, (root, path.partition(mark)[0].strip("/")))) for path in remote.found if mark in path
    }
    parts = root.split("/") if root else []
    above = set()
    for each in ("/".join(parts[:depth]) for depth in range(len(parts))):
        with contextlib.suppress(LightshipError):  # keys often open one prefix and no more
            if bucket.listing(f"{each}/{RELEASES}".lstrip("/"), ()):
                above.add(each)
    return sorted(below | above)


def _row(manifest: Manifest, remote: Remote, named: Counter[str], is_directory: bool) -> ReleaseRow:
    entries = manifest.entries.values()
    gone = [entry for entry in entries if not entry.is_there(remote.found.get(entry.path))]
    lost = [entry for entry in gone if entry.hashed]
    if is_directory:  # its ETag is of the time of writing, and one that was restored has other times
        lost = [entry for entry in lost if not entry.has_size_of(remote.found.get(entry.path))]
    return ReleaseRow(
        manifest=manifest,
        stored_bytes=sum(entry.stored_bytes for entry in entries),
        alone_bytes=sum(entry.stored_bytes for entry in entries if named[entry.path] == 1),
        missing=tuple(sorted(entry.path for entry in lost)),
        replaced=sum(not entry.hashed for entry in gone),
    )


def releases_report(outcome: ReleasesOutcome) -> Report:
    """The outcome as the JSON that ``--format json`` prints."""
    document: dict[str, object] = {
        "schema": RELEASES_SCHEMA,
        "to": str(outcome.target),
        "root": outcome.root,
        "releases": [_release(row) for row in outcome.releases],
        "pushes": _pushes(outcome.pushes, outcome.alive),
        "foreign": {"files": outcome.foreign, "stored_bytes": outcome.foreign_bytes},
        "not_understood": list(outcome.not_understood),
    }
    return Report(schema=RELEASES_SCHEMA, document=document)


def _release(row: ReleaseRow) -> dict[str, object]:
    manifest = row.manifest
    return {
        "name": manifest.name,
        "made": manifest.made.isoformat().replace("+00:00", "Z"),
        "digest": f"sha256:{manifest.digest}",
        "cdn": manifest.cdn,
        "files": len(manifest.entries),
        "stored_bytes": row.stored_bytes,
        "alone_bytes": row.alone_bytes,
        "missing": list(row.missing),
        "replaced": row.replaced,
    }


def _pushes(pushes: Sequence[Manifest], alive: frozenset[str]) -> list[dict[str, object]]:
    return [
        {"name": each.name, "files": len(each.entries), "alive": each.name in alive, "collecting": each.collecting}
        for each in pushes
    ]
