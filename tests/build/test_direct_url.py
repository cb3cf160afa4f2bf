"""PEP 610's document for each kind of source."""

import json
from pathlib import Path

import pytest

from lightship.build.direct_url import direct_url
from lightship.ecosystem.python.locked import Artifact, LockedPackage, SourceKind

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HASH = "a" * 64


def document(kind: SourceKind, **changes: object) -> object:
    text = direct_url(LockedPackage(name="pkg", version="1.0", kind=kind, **changes))  # type: ignore[arg-type]
    return json.loads(text) if text is not None else None


def test_a_package_from_an_index_has_none() -> None:
    assert document("index") is None


@pytest.mark.parametrize(
    ("url", "want"),
    [
        (
            f"git+https://token:secret@example.org/pkg.git?rev=main#{COMMIT}",
            {
                "url": "https://example.org/pkg.git",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "main"},
            },
        ),
        (
            f"https://example.org/pkg?tag=v1&subdirectory=python#{COMMIT}",
            {
                "url": "https://example.org/pkg",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT, "requested_revision": "v1"},
                "subdirectory": "python",
            },
        ),
        (
            f"git+ssh://git@example.org/pkg.git@{COMMIT}#subdirectory=python",
            {
                "url": "ssh://git@example.org/pkg.git",
                "vcs_info": {"vcs": "git", "commit_id": COMMIT},
                "subdirectory": "python",
            },
        ),
    ],
)
def test_git(url: str, want: object) -> None:
    assert document("git", url=url) == want


def test_url_and_path_have_their_hash_and_no_secret() -> None:
    wheels = (Artifact(filename="pkg-1.0-py3-none-any.whl", sha256=HASH),)
    info = {"hashes": {"sha256": HASH}}
    url = "https://user:secret@example.org/pkg-1.0-py3-none-any.whl"
    assert document("url", url=url, wheels=wheels) == {
        "url": "https://example.org/pkg-1.0-py3-none-any.whl",
        "archive_info": info,
    }
    assert document("path", wheels=wheels) == {"url": "file:///pkg-1.0-py3-none-any.whl", "archive_info": info}


def test_a_directory_of_the_builder_is_not_told() -> None:
    want = {"url": "file:///my%20pkg", "dir_info": {}}
    assert document("directory", directory=Path("/somewhere/private/my pkg")) == want
    assert document("editable", directory=Path("/elsewhere/my pkg")) == want
