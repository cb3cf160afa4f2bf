"""The outcome of a push as the JSON that ``--format json`` prints."""

from collections.abc import Iterator, Sequence

from lightship.assets.push.release import Entry
from lightship.assets.retarget.prefix import placeholder_sentence
from lightship.findings import Report
from lightship.flows.assets.push_request import PushOutcome, SitePush
from lightship.units import format_names

__all__ = ["PUSH_SCHEMA", "push_report"]

PUSH_SCHEMA = "lightship/assets-push/1"


def push_report(outcome: PushOutcome) -> Report:
    """Sizes are ``stored_bytes``, which is what is sent, and ``plain_bytes``, which is what they decompress to."""
    request = outcome.request
    notes = [f"{path}: there is no .gz and no plain file beside it: not pushed" for path in outcome.skipped]
    for site in filter(None, (outcome.site, outcome.maps_site)):
        if site.collection.blocked:
            notes.append(site.collection.blocked)
        if site.owed:
            notes.append(_owed(site.owed))
        if site.foreign:
            told = "would be" if request.dry_run else "was" if len(site.foreign) == 1 else "were"
            which = (
                site.foreign[0] if len(site.foreign) == 1 else f"{len(site.foreign)} objects, {site.foreign[0]} first,"
            )
            notes.append(f"{which} {told} written over: no release of lightship has put them there")
    document: dict[str, object] = {
        "schema": PUSH_SCHEMA,
        "directory": str(request.directory),
        "cdn": request.cdn,
        "base": f"/{request.base}",
        "dry_run": request.dry_run,
        **_site(outcome.site),
        "source_maps": {
            "files": len(outcome.maps),
            "plain_bytes": sum(each.plain_bytes for each in outcome.maps),
            "pushed": request.maps if outcome.maps_site is None else "aside",
            "aside": _site(outcome.maps_site) if outcome.maps_site is not None else None,
        },
        "hidden": list(outcome.hidden),
        "links": list(outcome.links),
        "warnings": list(_warnings(outcome)),
        "notes": notes,
        "seconds": round(outcome.seconds, 3),
    }
    return Report(schema=PUSH_SCHEMA, document=document)


def _warnings(outcome: PushOutcome) -> Iterator[str]:
    if outcome.placeholder:
        said = placeholder_sentence(outcome.placeholder)
        yield f"{said}; lightship assets retarget DIR --cdn URL comes before a push"
    if kept := outcome.site.kept_by_cdn:
        yield (
            f"{format_names(kept)}: another content under a name with a hash, which CDNs and browsers keep for a year; "
            "--purge tells the CDN"
        )


def _owed(addresses: Sequence[str]) -> str:
    which = addresses[0] if len(addresses) == 1 else f"{len(addresses)} addresses, {addresses[0]} first,"
    return (
        f"{which} {'is' if len(addresses) == 1 else 'are'} still to be purged: an earlier push ended before its CDN "
        "took the order: the same command with --purge CDN orders it, --purge none forgets it"
    )


def _site(site: SitePush) -> dict[str, object]:
    return {
        "to": str(site.target),
        "root": site.root,
        "release": site.release,
        "unchanged": site.unchanged,
        "releases": site.releases_kept,
        "sent": {**_sums(site.sent), "objects": [_row(entry) for entry in site.sent]},
        "there": _sums(site.there),
        "collected": {
            "files": len(site.collection.paths),
            "stored_bytes": site.collection.collected_bytes,
            "paths": list(site.collection.paths),
            "releases": list(site.collection.releases),
            "pushes": list(site.collection.pendings),
        },
        "purged": {"order": site.purge_order, "paths": list(site.purged), "owed": list(site.owed)},
    }


def _sums(entries: Sequence[Entry]) -> dict[str, object]:
    return {
        "files": len(entries),
        "stored_bytes": sum(entry.stored_bytes for entry in entries),
        "plain_bytes": sum(entry.plain_bytes for entry in entries),
    }


def _row(entry: Entry) -> dict[str, object]:
    return {
        "path": entry.path,
        "stored_bytes": entry.stored_bytes,
        "plain_bytes": entry.plain_bytes,
        "content_type": entry.content_type,
        "content_encoding": entry.encoding,
        "cache_control": entry.cache_control,
        "hashed": entry.hashed,
    }
