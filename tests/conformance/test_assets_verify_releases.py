"""``assets verify --releases`` with a real object store: what older pushes wrote down is asked for."""

import gzip
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from tests.conformance.object_stores import ObjectStore, client
from tests.conformance.pushing import Pusher, write_site

from lightship.assets.push.credentials import store_access
from lightship.assets.verify.reach import Limits
from lightship.errors import InputError
from lightship.flows.assets.verify import AssetsVerifyRequest, verify_assets
from lightship.flows.assets.verify_releases import store_manifests
from lightship.flows.assets.verify_report import AssetsVerifyOutcome
from lightship.progress import SILENT
from lightship.store.registry.access import RegistryAccess

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("object-stores")]

TEXT = b"export function greet(name) { return `hello ${name}`; }\n" * 60
FIRST = {"index.html": b"<!doctype html><title>1</title>", "assets/index-DiwrgT4a.js": TEXT, "big one.css": TEXT}
SECOND = {
    "index.html": b"<!doctype html><title>2</title>",
    "assets/index-Ab3dEf9h.js": TEXT + b"2",
    "big one.css": TEXT,
}


def verify(pusher: Pusher, *releases: str) -> AssetsVerifyOutcome:
    request = AssetsVerifyRequest(
        target=f"{cdn(pusher)}/index.html",
        cdns=(cdn(pusher),),
        releases=releases,
        manifests=store_manifests(store_access(pusher.environment), "base"),
        only=("releases",),
        limits=Limits(timeout_s=60),
    )
    return verify_assets(request, RegistryAccess(), SILENT)


def cdn(pusher: Pusher) -> str:
    """The store itself, which answers anybody, as a CDN before it would."""
    return f"{pusher.store.endpoint}/{pusher.store.bucket}/{quote(pusher.prefix)}"


def test_releases_in_a_store_still_answer(moto_store: ObjectStore, tmp_path: Path) -> None:
    """Of the stores moto's alone can let everybody read; the others would want a CDN before them."""
    pusher = Pusher(store=moto_store.with_new_bucket(), home=tmp_path)
    read = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [read]})
    client(pusher.store).put_bucket_policy(Bucket=pusher.store.bucket, Policy=policy)
    to = f"s3://{pusher.store.bucket}/{pusher.prefix}"
    with pytest.raises(InputError, match="no release was written down"):
        verify(pusher, to)
    for files in (FIRST, SECOND):
        write_site(pusher.web, files)
        assert pusher("--cdn", cdn(pusher), "--base", "/base").status == 0
    site = cdn(pusher)
    outcome = verify(pusher, to)
    assert outcome.findings == ()
    assert outcome.site is not None
    wanted = {f"{site}/base/{quote(name)}" for name in (*FIRST, *SECOND)}
    assert {former.url for former in outcome.site.formers} == wanted
    assert sum(former.again is not None for former in outcome.site.formers) >= 2, "what has no hash, by its ETag"

    s3 = client(pusher.store)
    s3.delete_object(Bucket=pusher.store.bucket, Key=f"{pusher.prefix}/base/assets/index-DiwrgT4a.js")
    s3.put_object(
        Bucket=pusher.store.bucket, Key=f"{pusher.prefix}/base/assets/index-Ab3dEf9h.js", Body=b"somebody else's"
    )
    found = [(one.code, one.location) for one in verify(pusher, to).findings]
    assert sorted(found) == [
        ("release-changed", f"{site}/base/assets/index-Ab3dEf9h.js"),
        ("release-gone", f"{site}/base/assets/index-DiwrgT4a.js"),
    ]

    listed = s3.list_objects_v2(Bucket=pusher.store.bucket, Prefix=f"{pusher.prefix}/base/.lightship/releases/")
    key = listed["Contents"][0]["Key"]
    copy = tmp_path / "release.json"
    copy.write_bytes(s3.get_object(Bucket=pusher.store.bucket, Key=key)["Body"].read())
    assert json.loads(gzip.decompress(copy.read_bytes()))["cdn"] == site, "as push writes it"
    assert "release-gone" in {one.code for one in verify(pusher, str(copy)).findings}
