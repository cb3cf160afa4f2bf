"""What the tests of `lightship assets push` against real stores share: a site, the command, and what lies in a bucket
as another client sees it."""

import gzip
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.object_stores import ObjectStore, client

__all__ = ["FOREVER", "RECHECKED", "Lying", "Pushed", "Pusher", "lying", "plain", "write_site"]

FOREVER, RECHECKED = "public, max-age=31536000, immutable", "no-cache"
_LIGHTSHIP = Path(sys.executable).with_name("lightship")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lying:
    """An object as Amazon's own client gets it."""

    content: bytes
    content_type: str
    encoding: str
    cache_control: str

    @property
    def plain(self) -> bytes:
        """As a browser sees it."""
        return gzip.decompress(self.content) if self.encoding == "gzip" else self.content


def lying(store: ObjectStore, prefix: str = "") -> dict[str, Lying]:
    """Every object below ``prefix`` by its path there, without what writes releases down."""
    s3 = client(store)
    while True:
        try:
            return {path: _got(s3, store.bucket, prefix + path) for path in _listed(s3, store.bucket, prefix)}
        except s3.exceptions.NoSuchKey:  # an order to delete may be carried out after who gave it is gone
            continue


def _listed(s3: Any, bucket: str, prefix: str) -> list[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    paths = [each["Key"].removeprefix(prefix) for page in pages for each in page.get("Contents", [])]
    return [path for path in paths if not path.startswith(".lightship/")]


def _got(s3: Any, bucket: str, key: str) -> Lying:
    got = s3.get_object(Bucket=bucket, Key=key)
    return Lying(
        content=got["Body"].read(),
        content_type=got["ContentType"],
        encoding=got.get("ContentEncoding", ""),
        cache_control=got.get("CacheControl", ""),
    )


def plain(found: Mapping[str, Lying]) -> dict[str, bytes]:
    return {path: each.plain for path, each in found.items()}


def write_site(web: Path, files: Mapping[str, bytes]) -> None:
    """Make ``web`` what ``files`` says, and no more."""
    for path in sorted(web.rglob("*"), reverse=True) if web.exists() else []:
        path.rmdir() if path.is_dir() else path.unlink()
    for name, content in files.items():
        (web / name).parent.mkdir(parents=True, exist_ok=True)
        (web / name).write_bytes(content)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    status: int
    stdout: str
    stderr: str

    @property
    def report(self) -> dict[str, Any]:
        """What ``--format json`` printed."""
        assert self.status == 0, self.stderr
        found: dict[str, Any] = json.loads(self.stdout)
        return found

    @property
    def sent(self) -> list[str]:
        return [each["path"] for each in self.report["sent"]["objects"]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pusher:
    """The command, as a user starts it: ``home`` holds its cache and the site, ``wrap`` is what it is started by."""

    store: ObjectStore
    home: Path
    prefix: str = "pre fix"
    scheme: str = "s3"
    more: Mapping[str, str] = field(default_factory=dict)
    wrap: Sequence[str] = ()

    @property
    def web(self) -> Path:
        return self.home / "web"

    def argv(self, *words: str) -> list[str]:
        to = f"{self.scheme}://{self.store.bucket}/{self.prefix}"
        return [*self.wrap, str(_LIGHTSHIP), "assets", "push", str(self.web), "--to", to, "--format", "json", *words]

    @property
    def environment(self) -> dict[str, str]:
        own = {"PATH": os.defpath, "HOME": str(self.home), "LIGHTSHIP_CACHE_DIR": str(self.home / "cache")}
        return {**own, **self.store.environment, **self.more}

    def __call__(self, *words: str) -> Pushed:
        done = subprocess.run(
            self.argv(*words), env=self.environment, capture_output=True, text=True, check=False, timeout=600
        )
        return Pushed(status=done.returncode, stdout=done.stdout, stderr=done.stderr)

    def lying(self) -> dict[str, Lying]:
        return lying(self.store, f"{self.prefix}/")
