"""Orders to CDNs: what is sent to a server on loopback, signed, and what becomes of its answers."""

import datetime
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from lightship.assets.push.credentials import Keys, StoreAccess
from lightship.assets.push.purge import Purge, parse_purge
from lightship.assets.push.signing import aliyun_signature
from lightship.errors import NetworkError, UsageError

KEYS = {
    "AWS_ACCESS_KEY_ID": "AKID",
    "AWS_SECRET_ACCESS_KEY": "SECRET",
    "OSS_ACCESS_KEY_ID": "LTAI",
    "OSS_ACCESS_KEY_SECRET": "SECRET",
}
INVALIDATION = b"<Invalidation><Id>I2J3</Id><Status>InProgress</Status></Invalidation>"
REFRESH = b'{"RefreshTaskId":"704222904","RequestId":"16A96B9A"}'


@dataclass(slots=True)
class Cdn:
    """Answers with what it is given, in turn, the last of them for ever; keeps what it was asked."""

    answers: list[tuple[int, bytes]]
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    address: str = ""


@pytest.fixture
def cdn() -> Iterator[Cdn]:
    made = Cdn(answers=[(201, INVALIDATION)])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            made.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            status, answer = made.answers[min(len(made.asked), len(made.answers)) - 1]
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    made.address = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


def purge(cdn: Cdn, text: str = "cloudfront:E1ABC", **changes: object) -> Purge:
    access = StoreAccess(environ=KEYS, purge_endpoint=cdn.address, backoff_s=0.0, **changes)  # type: ignore[arg-type]
    return parse_purge(text, "https://static.example/site", access)


def test_cloudfront_is_given_paths_below_the_cdns_own(cdn: Cdn) -> None:
    assert purge(cdn)(["/a&b.html", "/x%20y/"]) == "I2J3"
    ((path, headers, body),) = cdn.asked
    assert path == "/2020-05-31/distribution/E1ABC/invalidation"
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKID/")
    assert b"<Quantity>2</Quantity><Items><Path>/site/a&amp;b.html</Path><Path>/site/x%20y/</Path></Items>" in body


def test_aliyun_is_given_whole_addresses(cdn: Cdn) -> None:
    cdn.answers = [(200, REFRESH)]
    assert purge(cdn, "aliyun")(["/index.html", "/"]) == "704222904"
    ((_, _, body),) = cdn.asked
    told = {name: values[0] for name, values in parse_qs(body.decode(), strict_parsing=True).items()}
    assert told["ObjectPath"] == "https://static.example/site/index.html\nhttps://static.example/site/"
    assert (told["Action"], told["ObjectType"], told["AccessKeyId"]) == ("RefreshObjectCaches", "File", "LTAI")
    signature = told.pop("Signature")
    assert signature == aliyun_signature("POST", told, "SECRET")


def test_many_addresses_are_several_orders(cdn: Cdn) -> None:
    assert purge(cdn)([f"/{number}.html" for number in range(2001)]) == "I2J3,I2J3,I2J3"
    assert [body.count(b"<Path>") for _, _, body in cdn.asked] == [1000, 1000, 1]


def test_what_passes_is_tried_again_with_a_signature_of_its_own(cdn: Cdn) -> None:
    cdn.answers = [(503, b""), (429, b""), (200, REFRESH)]
    assert purge(cdn, "aliyun")(["/"]) == "704222904"
    nonces = {parse_qs(body.decode())["SignatureNonce"][0] for _, _, body in cdn.asked}
    assert len(cdn.asked) == len(nonces) == 3


@pytest.mark.parametrize(
    ("status", "answer", "sentence", "times"),
    [
        (403, b"<Error><Code>AccessDenied</Code><Message>AKID</Message></Error>", "status 403, AccessDenied", 1),
        (404, b"<Code>NoSuchDistribution</Code>", "NoSuchDistribution", 1),
        (400, b'{"Code":"QuotaExceeded.Refresh"}', "QuotaExceeded.Refresh", 1),
        (500, b"SECRET", "status 500", 3),
        (200, b"<html>a captive portal</html>", "names no order", 1),
    ],
)  # fmt: skip
def test_a_refusal_is_one_sentence_without_a_key(
    cdn: Cdn, status: int, answer: bytes, sentence: str, times: int
) -> None:
    cdn.answers = [(status, answer)]
    with pytest.raises(NetworkError) as caught:
        purge(cdn, retries=2)(["/"])
    assert sentence in str(caught.value)
    assert len(cdn.asked) == times
    told = f"{caught.value} {caught.value.hint} {caught.value.__cause__}"
    assert "SECRET" not in told
    assert "AKID" not in told


def test_a_cdn_that_is_not_there() -> None:
    access = StoreAccess(environ=KEYS, purge_endpoint="http://127.0.0.1:1", backoff_s=0.0, retries=1)
    with pytest.raises(NetworkError, match="cannot be reached"):
        parse_purge("aliyun", "https://static.example", access)(["/"])


@pytest.mark.parametrize(
    "text", ["cloudfront", "cloudfront:", "cloudfront:e1", "cloudfront:E1/../x", "aliyun:x", "akamai", ""]
)
def test_what_is_no_cdn_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="--purge"):
        parse_purge(text, "https://static.example", StoreAccess(environ=KEYS))


def test_a_purge_needs_addresses_and_keys() -> None:
    with pytest.raises(UsageError, match="needs --cdn"):
        parse_purge("aliyun", "", StoreAccess(environ=KEYS))
    with pytest.raises(UsageError, match="there are no credentials"):
        parse_purge("cloudfront:E1", "https://static.example", StoreAccess())


def test_keys_are_never_shown() -> None:
    made = Purge(
        service="aliyun",
        keys=Keys(key_id="AKID", secret="SECRET", token="TOKEN"),
        access=StoreAccess(environ=KEYS),
        cdn="https://static.example",
        now=lambda: datetime.datetime.now(datetime.UTC),
    )
    assert not {"AKID", "SECRET", "TOKEN"} & set(repr(made).replace("'", " ").replace("=", " ").split())
    assert "SECRET" not in repr(made)
