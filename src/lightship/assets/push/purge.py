"""A CDN is told to forget addresses: CloudFront's invalidations, and Aliyun CDN's refresh.

https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html (2020-05-31) and
https://www.alibabacloud.com/help/en/cdn/developer-reference/api-cdn-2018-05-10-refreshobjectcaches (2026-11).
Only names without a hash ever need it.
"""

import datetime
import hashlib
import re
import ssl
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from lightship.assets.push.credentials import Keys, StoreAccess, keys_for, keys_hint
from lightship.assets.push.signing import aliyun_signature, sigv4_headers
from lightship.assets.push.target import check_address
from lightship.errors import NetworkError, UsageError
from lightship.store.registry.proxies import proxy_for

if TYPE_CHECKING:
    import httpx2

__all__ = ["Purge", "parse_purge"]

_DISTRIBUTION = re.compile(r"[A-Z0-9]{1,40}")
_CLOUDFRONT = "https://cloudfront.amazonaws.com"
_ALIYUN = "https://cdn.aliyuncs.com"
_AT_ONCE = 1000
"""Addresses in one order: Aliyun's limit; CloudFront takes 3,000."""
_ANSWER_BYTES = 1 << 20
_PASSING = frozenset({408, 429, 500, 502, 503, 504})
_ID = re.compile(r"<Id>\s*([A-Za-z0-9_-]{1,80})\s*</Id>")
_TASK = re.compile(r'"RefreshTaskId"\s*:\s*"([0-9,]{1,400})"')
_CODE = re.compile(r'<Code>\s*([A-Za-z0-9._]{1,80})\s*</Code>|"Code"\s*:\s*"([A-Za-z0-9._]{1,80})"')


@dataclass(frozen=True, slots=True, kw_only=True)
class Purge:
    """Called with paths as they stand in addresses, it orders that the CDN forgets them, and returns the orders' names.
    Raise NetworkError where the CDN does not take the order."""

    service: Literal["cloudfront", "aliyun"]
    keys: Keys
    access: StoreAccess
    cdn: str
    distribution: str = ""
    now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(datetime.UTC)
    nonce: Callable[[], str] = lambda: uuid.uuid4().hex
    sleep: Callable[[float], None] = field(default=time.sleep)

    def __str__(self) -> str:
        return f"cloudfront:{self.distribution}" if self.distribution else self.service

    def __call__(self, paths: Sequence[str]) -> str:
        ordered = [paths[begin : begin + _AT_ONCE] for begin in range(0, len(paths), _AT_ONCE)]
        order = self._cloudfront if self.service == "cloudfront" else self._aliyun
        return ",".join(order(each) for each in ordered)

    def _cloudfront(self, paths: Sequence[str]) -> str:
        folder = urlsplit(self.cdn).path
        items = "".join(f"<Path>{escape(folder + path)}</Path>" for path in paths)
        now = self.now()
        # the same paths at the same second are the same order: a request that is sent again orders nothing twice
        caller = hashlib.sha256(f"{now:%Y%m%dT%H%M%S}{items}".encode()).hexdigest()[:32]
        body = (
            '<?xml version="1.0" encoding="UTF-8"?>'
            '<InvalidationBatch xmlns="http://cloudfront.amazonaws.com/doc/2020-05-31/">'
            f"<Paths><Quantity>{len(paths)}</Quantity><Items>{items}</Items></Paths>"
            f"<CallerReference>{caller}</CallerReference></InvalidationBatch>"
        ).encode()
        endpoint = (self.access.purge_endpoint or _CLOUDFRONT).rstrip("/")
        url = f"{endpoint}/2020-05-31/distribution/{self.distribution}/invalidation"

        def signed() -> dict[str, str]:
            headers = {"content-type": "application/xml"}
            region, service = "us-east-1", "cloudfront"
            return sigv4_headers("POST", url, body, headers, self.keys, region=region, service=service, now=self.now())

        return self._named(self._sent(url, lambda: (body, signed())), _ID)

    def _aliyun(self, paths: Sequence[str]) -> str:
        def signed() -> tuple[dict[str, str], dict[str, str]]:
            parameters = {
                "Action": "RefreshObjectCaches",
                "ObjectType": "File",
                "ObjectPath": "\n".join(self.cdn + path for path in paths),
                "Format": "JSON",
                "Version": "2018-05-10",
                "AccessKeyId": self.keys.key_id,
                "SignatureMethod": "HMAC-SHA1",
                "SignatureVersion": "1.0",
                "SignatureNonce": self.nonce(),
                "Timestamp": self.now().astimezone(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            }
            if self.keys.token:
                parameters["SecurityToken"] = self.keys.token
            return parameters | {"Signature": aliyun_signature("POST", parameters, self.keys.secret)}, {}

        endpoint = (self.access.purge_endpoint or _ALIYUN).rstrip("/")
        return self._named(self._sent(f"{endpoint}/", signed), _TASK)

    def _named(self, answer: str, pattern: re.Pattern[str]) -> str:
        found = pattern.search(answer)
        if found is None:
            raise NetworkError(f"{self}: the CDN's answer names no order", hint="see to --purge-endpoint")
        return found[1]

    def _sent(self, url: str, signed: "Callable[[], tuple[bytes | dict[str, str], dict[str, str]]]") -> str:
        """POST what ``signed`` makes, anew for each attempt: a signature has its time in it. No error of httpx2 is
        chained: its request holds keys."""
        import httpx2

        parts = urlsplit(url)
        proxy = proxy_for(parts.scheme, parts.hostname or "", parts.port or 443, self.access.environ)
        verify = _trusted(self.access)
        fault = NetworkError(f"{self}: the CDN was not asked")
        with httpx2.Client(proxy=proxy, verify=verify, timeout=60.0, trust_env=False) as client:
            for attempt in range(self.access.retries + 1):
                if attempt:
                    self.sleep(self.access.backoff_s * 2.0 ** (attempt - 1))
                content, headers = signed()
                try:
                    answer = _asked(client, url, content, headers)
                except httpx2.HTTPError as error:
                    fault = NetworkError(f"{self}: the CDN's interface cannot be reached ({type(error).__name__})")
                    continue
                text = answer.content[:_ANSWER_BYTES].decode(errors="replace")
                if answer.is_success:
                    return text
                fault = self._refused(answer.status_code, text)
                if answer.status_code not in _PASSING:
                    break
        raise fault from None

    def _refused(self, status: int, text: str) -> NetworkError:
        code = _CODE.search(text)
        told = f"status {status}" + (f", {code[1] or code[2]}" if code else "")
        hint = {
            403: "the key must be allowed to order it: cloudfront:CreateInvalidation, cdn:RefreshObjectCaches",
            404: "see to the distribution's id" if self.distribution else "see to --cdn",
        }.get(status)
        return NetworkError(f"{self}: the files are pushed, the CDN did not take the purge: {told}", hint=hint)


def _asked(
    client: "httpx2.Client", url: str, content: bytes | dict[str, str], headers: dict[str, str]
) -> "httpx2.Response":
    if isinstance(content, bytes):
        return client.post(url, content=content, headers=headers)
    return client.post(url, data=content, headers=headers)


def _trusted(access: StoreAccess) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if access.ca_file is not None:
        context.load_verify_locations(access.ca_file)
    return context


def parse_purge(text: str, cdn: str, access: StoreAccess) -> Purge:
    """Read ``--purge``: ``cloudfront:ID`` or ``aliyun``. Raise UsageError for anything else, without the CDN's address,
    or without keys."""
    service, _, distribution = text.partition(":")
    if service == "cloudfront" and _DISTRIBUTION.fullmatch(distribution):
        keys = keys_for("s3", access)
    elif text == "aliyun":
        keys = keys_for("oss", access)
    else:
        raise UsageError(f"--purge: want cloudfront:ID, aliyun or none, got {text!r:.80}")
    if not cdn:
        raise UsageError("--purge needs --cdn: whose addresses are to be forgotten")
    if access.purge_endpoint is not None:
        check_address(access.purge_endpoint, "--purge-endpoint")
    if keys is None:
        raise UsageError(
            f"--purge {service}: there are no credentials",
            hint=f"{keys_hint('s3' if distribution else 'oss')}; roles are not followed",
        )
    return Purge(
        service="cloudfront" if distribution else "aliyun",
        keys=keys,
        access=access,
        cdn=cdn,
        distribution=distribution,
    )
