"""The outcome of ``lightship assets standalone`` as a report: its JSON, and a finding for each rule."""

from collections.abc import Iterator

from lightship.assets.standalone.answers import Compared
from lightship.assets.standalone.model import Left
from lightship.assets.standalone.rules import RULES
from lightship.findings import Finding, Report
from lightship.flows.assets.standalone import StandaloneOutcome

__all__ = ["STANDALONE_SCHEMA", "standalone_report"]

STANDALONE_SCHEMA = "lightship/assets-standalone/1"

_FIXES = {
    "static-moved": "copy neither public nor .next/static into the server's image",
    "build-tools": "outputFileTracingExcludes in next.config leaves them out of the build's own tree",
    "images-off": "outputFileTracingExcludes for node_modules/@img and node_modules/sharp",
}


def standalone_report(outcome: StandaloneOutcome) -> Report:
    """What was decided, tried and written."""
    tree, selection, options = outcome.tree, outcome.selection, outcome.request.options
    kept = selection.kept
    version = tree.packages[tree.next_folder].version if tree.next_folder else ""
    dropped = list(_dropped(outcome))
    document: dict[str, object] = {
        "schema": STANDALONE_SCHEMA,
        "directory": str(outcome.request.directory),
        "app": tree.app,
        "build": tree.dist,
        "next_version": version,
        "static": options.static,
        "images": options.images,
        "safety": options.max_safety,
        "before": {
            "files": len(tree.files),
            "unpacked_bytes": sum(tree.files.values()),
            "compressed_bytes": sum(outcome.compressed.values()),
        },
        "after": {
            "files": len(kept),
            "unpacked_bytes": sum(kept.values()),
            "compressed_bytes": sum(outcome.compressed[path] for path in kept),
        },
        "dropped": dropped,
        "further": [
            {
                "safety": each.safety,
                "files": each.files,
                "unpacked_bytes": each.unpacked_bytes,
                "compressed_bytes": each.compressed_bytes,
            }
            for each in outcome.further
        ],
        "written": str(outcome.written) if outcome.written is not None else None,
        "set_aside": str(outcome.aside) if outcome.aside is not None else None,
        "verified": outcome.verified,
        "pages": [_page(page) for page in outcome.pages],
        "notes": list(outcome.notes),
        "left_out": [
            {"path": each.path, "rule": each.rule, "unpacked_bytes": each.unpacked_bytes} for each in selection.left
        ],
        "seconds": dict(outcome.seconds),
    }
    return Report(schema=STANDALONE_SCHEMA, document=document, findings=tuple(_findings(outcome)))


def _by_rule(left: tuple[Left, ...]) -> dict[str, list[Left]]:
    found: dict[str, list[Left]] = {}
    for each in left:
        found.setdefault(each.rule, []).append(each)
    return found


def _dropped(outcome: StandaloneOutcome) -> Iterator[dict[str, object]]:
    """A row for each rule, most bytes first."""
    rows = []
    for rule, left in _by_rule(outcome.selection.left).items():
        rows.append(
            {
                "rule": rule,
                "safety": left[0].safety,
                "reason": left[0].reason,
                "files": len(left),
                "unpacked_bytes": sum(each.unpacked_bytes for each in left),
                "compressed_bytes": sum(outcome.compressed.get(each.path, 0) for each in left),
            }
        )
    yield from sorted(rows, key=lambda row: (-int(str(row["unpacked_bytes"])), str(row["rule"])))


def _findings(outcome: StandaloneOutcome) -> Iterator[Finding]:
    titles = {rule.code: rule.doc.strip().splitlines()[0].rstrip(".") for rule in RULES}
    for rule, left in _by_rule(outcome.selection.left).items():
        size = sum(each.unpacked_bytes for each in left)
        if size:
            yield Finding(
                code=rule,
                severity="note",
                title=titles.get(rule, rule),
                message=f"{len(left)} files: {left[0].reason}",
                location=str(outcome.request.directory),
                unpacked_bytes=size,
                compressed_bytes=sum(outcome.compressed.get(each.path, 0) for each in left),
                safety=left[0].safety,
                fix=_FIXES.get(rule, "lightship assets standalone --write"),
            )
    for page in outcome.pages:
        if page.verdict == "differs":
            yield Finding(
                code="page-differs",
                severity="error",
                title="A page answers otherwise without what was left out",
                message=f"{page.ask.name}: {page.detail}",
                location=page.ask.route,
            )


def _page(page: Compared) -> dict[str, object]:
    return {
        "route": page.ask.route,
        "path": page.ask.path,
        "headers": dict(page.ask.headers),
        "status": page.before.status,
        "bytes": len(page.before.body),
        "status_after": page.after.status,
        "bytes_after": len(page.after.body),
        "verdict": page.verdict,
        "detail": page.detail,
    }
