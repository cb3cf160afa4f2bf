"""What stores that speak S3 do, as obstore meets them: the ground that `lightship assets push` stands on. Each is
looked at with Amazon's own client, so that nothing is checked by what wrote it."""

import datetime
import gzip
import http.client
import os
import re
import subprocess
import sys
from typing import Any
from urllib.parse import urlsplit

import obstore
import pytest
from obstore.exceptions import BaseError
from obstore.store import S3Store
from tests.conformance.faults import Fault, at, faults
from tests.conformance.object_stores import REGION, ObjectStore, client
from tests.conftest import require_tool

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("object-stores")]

SCRIPT = b"export function greet(name) { return `hello ${name}`; }\n" * 60
FOREVER = "public, max-age=31536000, immutable"
HEADERS: Any = {"Content-Type": "text/javascript; charset=utf-8", "Content-Encoding": "gzip", "Cache-Control": FOREVER}
NAMES = ("plain.js", "two words.js", "a+b=c&d.js", "50%25.js", "größe/日本.js", "(x)['y']~!$@,;.js", "[slug]/page.js")
BIG = 20_000_000
FAILED: dict[Fault, tuple[int, int]] = {"half": (0, 0), "unheard": (0, 200), "busy": (503, 0), "broken": (500, 0)}
"""What the client is answered, and what the server did all the same."""
_CODE = re.compile(r"<Code>(\w+)</Code>")


def opened(store: ObjectStore, *, retries: int = 0, **settings: Any) -> S3Store:
    named: Any = {
        "endpoint": store.endpoint,
        "region": REGION,
        "access_key_id": store.access_key,
        "secret_access_key": store.secret,
    }
    return S3Store(
        store.bucket,
        config=named | settings,
        client_options={"allow_http": True, "timeout": "300s"},
        retry_config={"max_retries": retries, "retry_timeout": datetime.timedelta(seconds=300)},
    )


def put(store: S3Store, key: str, content: bytes = SCRIPT, **more: Any) -> None:
    obstore.put(store, key, content, attributes=HEADERS, use_multipart=False, **more)


def code(call: Any) -> str:
    """The code by which the store refuses."""
    with pytest.raises(BaseError) as caught:
        call()
    found = _CODE.search(str(caught.value))
    assert found is not None, str(caught.value)
    return found[1]


def plainly_got(store: S3Store, key: str) -> tuple[dict[str, str], bytes]:
    """What a browser is answered with: a signed address, and no library between."""
    address = urlsplit(obstore.sign(store, "GET", key, datetime.timedelta(hours=1)))
    connection = http.client.HTTPConnection(address.netloc, timeout=300)
    try:
        connection.request("GET", f"{address.path}?{address.query}")
        answer = connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content
        return {name.lower(): value for name, value in answer.getheaders()}, content
    finally:
        connection.close()


def test_headers_and_names_come_back_as_they_were_put(object_store: ObjectStore) -> None:
    store, packed = opened(object_store), gzip.compress(SCRIPT, mtime=0)
    for name in NAMES:
        put(store, name, packed)
        seen = client(object_store).head_object(Bucket=object_store.bucket, Key=name)
        assert (seen["ContentType"], seen["ContentEncoding"], seen["CacheControl"]) == tuple(HEADERS.values()), name
        headers, content = plainly_got(store, name)
        assert content == packed, "nothing is unpacked on the way"
        assert {each: headers[each.lower()] for each in HEADERS} == HEADERS, name
    listed = client(object_store).list_objects_v2(Bucket=object_store.bucket)["Contents"]
    assert sorted(each["Key"] for each in listed) == sorted(NAMES)
    assert sorted(meta["path"] for page in obstore.list(store) for meta in page) == sorted(NAMES)


def test_a_large_object_in_parts(object_store: ObjectStore) -> None:
    content = os.urandom(BIG)
    with faults(object_store.endpoint) as proxy:
        store = opened(object_store.through(proxy.endpoint))
        obstore.put(store, "engine.wasm", content, attributes=HEADERS, use_multipart=True, chunk_size=8 << 20)
        assert [each.method for each in proxy.asked] == ["POST", "PUT", "PUT", "PUT", "POST"]
    seen = client(object_store).get_object(Bucket=object_store.bucket, Key="engine.wasm")
    assert (seen["ContentType"], seen["ContentEncoding"], seen["CacheControl"]) == tuple(HEADERS.values())
    assert seen["Body"].read() == content


@pytest.mark.parametrize("fault", ["half", "busy", "broken"])
def test_an_upload_that_fails_leaves_what_was_there(object_store: ObjectStore, fault: Fault) -> None:
    put(opened(object_store), "page.js", b"the release before")
    with faults(object_store.endpoint) as proxy:
        store = opened(object_store.through(proxy.endpoint))
        proxy.rule = at(1, fault)
        with pytest.raises(BaseError):
            put(store, "page.js")
        for request in range(1, 5):
            proxy.forget()
            proxy.rule = at(request, fault)
            with pytest.raises(BaseError):
                obstore.put(store, "page.js", bytes(12 << 20), use_multipart=True, chunk_size=6 << 20)
    assert obstore.get(opened(object_store), "page.js").bytes() == b"the release before"
    assert [meta["path"] for page in obstore.list(opened(object_store)) for meta in page] == ["page.js"]


def test_a_failure_in_the_middle_is_tried_again(object_store: ObjectStore) -> None:
    with faults(object_store.endpoint) as proxy:
        store = opened(object_store.through(proxy.endpoint), retries=5)
        for fault, told in FAILED.items():
            proxy.forget()
            proxy.rule = at(1, fault)
            put(store, f"{fault}.js")
            first, second = proxy.asked
            assert (first.status, first.unheard, second.status) == (*told, 200), fault
            assert obstore.get(opened(object_store), f"{fault}.js").bytes() == SCRIPT


def test_what_is_deleted_is_gone_and_may_be_deleted_again(object_store: ObjectStore) -> None:
    store = opened(object_store)
    put(store, "folder/page.js")
    put(store, "folder/other.js")
    obstore.delete(store, "folder/page.js")
    obstore.delete(store, "folder/page.js")
    obstore.delete(store, ["folder/other.js", "folder/never.js"])
    assert "Contents" not in client(object_store).list_objects_v2(Bucket=object_store.bucket)


def test_wrong_credentials(signing_store: ObjectStore) -> None:
    """Swift does not tell a key that it does not know from a secret that is wrong."""
    wrong, unknown = opened(signing_store, secret_access_key="wrong"), opened(signing_store, access_key_id="nobody:no")
    assert code(lambda: put(wrong, "page.js")) == "SignatureDoesNotMatch"
    assert code(lambda: put(unknown, "page.js")) in ("InvalidAccessKeyId", "SignatureDoesNotMatch")
    assert "Contents" not in client(signing_store).list_objects_v2(Bucket=signing_store.bucket)


_PUT = """
import obstore, sys
from obstore.store import S3Store
endpoint, bucket, key, secret = sys.argv[1:]
store = S3Store(bucket, endpoint=endpoint, access_key_id=key, secret_access_key=secret, region="us-east-1",
                client_options={"allow_http": True}, retry_config={"max_retries": 0})
obstore.put(store, "page.js", b"1", use_multipart=False)
"""


@pytest.mark.parametrize("shift", ["+3h", "-3h"])
@pytest.mark.parametrize("name", ["rclone_store", "swift_store"])
def test_a_clock_that_is_hours_off(request: pytest.FixtureRequest, name: str, shift: str) -> None:
    """moto looks at a signature but not at its age. rclone tells a clock that is slow by another code, AccessDenied,
    and by the same words."""
    store: ObjectStore = request.getfixturevalue(name)
    argv = [require_tool("faketime"), "-f", shift, sys.executable, "-c", _PUT, store.endpoint, store.bucket]
    done = subprocess.run([*argv, store.access_key, store.secret], capture_output=True, check=False)
    assert done.returncode == 1
    told = "AccessDenied" if (name, shift) == ("rclone_store", "-3h") else "RequestTimeTooSkewed"
    assert f"<Code>{told}</Code>".encode() in done.stderr
    assert b"The difference between the request time and " in done.stderr


def test_who_may_be_asked_to_put_only_what_is_not_there(object_store: ObjectStore) -> None:
    """If-None-Match is no ground to stand on: one store keeps to it, one refuses it, one does as if it were not there.
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html"""
    store = opened(object_store)
    put(store, "page.js", b"first")
    told = {"moto": "PreconditionFailed", "swift": "NotImplemented"}.get(object_store.name)
    if told is None:
        put(store, "page.js", b"second", mode="create")
    else:
        assert code(lambda: put(store, "page.js", b"second", mode="create")) == told
    assert obstore.get(store, "page.js").bytes() == (b"first" if told else b"second")
