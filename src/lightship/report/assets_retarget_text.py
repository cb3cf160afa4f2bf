"""The report of ``lightship assets retarget`` as text."""

from typing import Any, cast

from lightship.findings import Report
from lightship.units import format_bytes

__all__ = ["render_retarget"]

_NAMES = {
    "url": "the prefix",
    "origin": "its origin",
    "source": "in policies",
    "relative": "without a scheme",
    "hostname": "as a host alone",
    "protocol": "",
    "port": "",
    "length": "lengths",
    "size": "sizes",
    "digest": "digests",
    "cache": "caches of postponed pages",
}
_OWN = "the page's own origin"


def render_retarget(report: Report, *, verbose: bool = False) -> str:
    """What changed, in which forms it stood, and what it does not reach; with ``verbose`` a line for each file."""
    found = cast("dict[str, Any]", report.document)
    lines = ["an earlier run had been killed; it was finished first"] if found["resumed"] else []
    lines += _changes(found)
    if verbose:
        lines += [f"  {file['path']}: {_places(file['places'])}" for file in found["files"]]
    lines += [f"note: {note}" for note in found["notes"]]
    for finding in found["findings"]:
        lines += [
            f"{finding['severity']}: {finding['title']} [{finding['code']}]",
            f"  {finding['message']}",
            f"  fix: {finding['fix']}",
        ]
    return "\n".join(line.replace("\n", "\\n") for line in lines) + "\n"


def _changes(found: dict[str, Any]) -> list[str]:
    old, new = (found[name] or _OWN for name in ("from", "to"))
    if not found["places"]:
        return [f"{found['looked']} files of {found['framework']} looked through: nothing to replace"]
    if not found["files"]:
        return [f"assets come from {new}: nothing changes"]
    done = "would change" if found["dry_run"] else "changed"
    lines = [f"{old} -> {new}", f"{len(found['files'])} files {done}: {_places(found['places'])}"]
    made, removed = found["sidecars_made"], found["sidecars_removed"]
    if found["image"] is not None:
        lines.append(f"one layer on top of the build, {format_bytes(found['image']['layer_bytes'])} compressed")
    if found["stale_removed"]:
        lines.append(f"a server's own copies of pages: {len(found['stale_removed'])} removed")
    if made or removed:
        lines.append(f"compressed forms: {made} made anew, {len(removed)} removed")
    return lines


def _places(places: dict[str, int]) -> str:
    counts: dict[str, int] = {}
    for name, count in places.items():
        kind, _, form = name.partition(" ")
        said = _NAMES[kind] and f"{_NAMES[kind]} as {form}" if form else _NAMES[kind]
        if said:
            counts[said] = counts.get(said, 0) + count
    return ", ".join(f"{count} {said}" for said, count in counts.items())
