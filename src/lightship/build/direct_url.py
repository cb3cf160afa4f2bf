"""``direct_url.json``: where a distribution came from when it was not an index.

Direct URL data structure (packaging.python.org/specifications/direct-url-data-structure, 2024); PEP 610.
A path on the machine that builds is not told: only its last part stands in the URL, so that two machines write
the same bytes.
"""

import json
from urllib.parse import parse_qs, quote, urlsplit, urlunsplit

from lightship.ecosystem.python.locked import LockedPackage

__all__ = ["direct_url"]

_COMMIT_DIGITS = (40, 64)


def direct_url(package: LockedPackage) -> str | None:
    """The file's text, or None for a package from an index."""
    if package.kind == "index":
        return None
    if package.kind == "git":
        document = _git(package.url or "")
    elif package.kind == "url":
        document = {"url": _without_credentials(package.url or ""), "archive_info": _archive(package)}
    elif package.kind == "path":
        artifact = package.wheels[0] if package.wheels else package.sdist
        name = artifact.filename if artifact is not None else package.name
        document = {"url": f"file:///{quote(name)}", "archive_info": _archive(package)}
    else:
        name = package.directory.name if package.directory is not None else package.name
        # An editable install is copied into the image: nothing in it can be edited in place.
        document = {"url": f"file:///{quote(name)}", "dir_info": {}}
    return json.dumps(document, sort_keys=True)


def _archive(package: LockedPackage) -> dict[str, object]:
    artifacts = [*package.wheels, *([package.sdist] if package.sdist is not None else [])]
    hashes = [artifact.sha256 for artifact in artifacts if artifact.sha256 is not None]
    return {"hashes": {"sha256": hashes[0]}} if hashes else {}


def _git(url: str) -> dict[str, object]:
    """``git+https://host/repo?rev=main&subdirectory=x#<commit>`` as uv locks it, or ``…@<commit>`` as pip does."""
    parts = urlsplit(_without_credentials(url.removeprefix("git+")))
    query = {name: values[0] for name, values in parse_qs(parts.query).items()}
    fragment = parse_qs(parts.fragment)
    path, at, revision = parts.path.rpartition("@")
    if not at:
        path, revision = parts.path, ""
    commit = parts.fragment if len(parts.fragment) in _COMMIT_DIGITS else revision
    requested = query.get("rev") or query.get("tag") or query.get("branch") or (revision if revision != commit else "")
    vcs = {"vcs": "git", "commit_id": commit} | ({"requested_revision": requested} if requested else {})
    document: dict[str, object] = {"url": urlunsplit((parts.scheme, parts.netloc, path, "", "")), "vcs_info": vcs}
    subdirectory = query.get("subdirectory") or fragment.get("subdirectory", [""])[0]
    return document | ({"subdirectory": subdirectory} if subdirectory else {})


def _without_credentials(url: str) -> str:
    """PEP 610: what authenticates must not be stored. ``git@`` of an SSH URL is no secret."""
    parts = urlsplit(url)
    user, at, host = parts.netloc.rpartition("@")
    netloc = parts.netloc if at and user == "git" else host
    return urlunsplit((parts.scheme, netloc, parts.path, parts.query, parts.fragment))
