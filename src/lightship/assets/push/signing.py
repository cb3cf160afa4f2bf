"""Signatures of requests to the interfaces of CDNs: AWS Signature Version 4, and Aliyun's RPC signature 1.0.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html and
https://www.alibabacloud.com/help/en/sdk/product-overview/rpc-mechanism (2026-11).
Pure: the time and the nonce are given.
"""

import base64
import datetime
import hashlib
import hmac
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from lightship.assets.push.credentials import Keys

__all__ = ["aliyun_signature", "sigv4_headers"]

_ALGORITHM = "AWS4-HMAC-SHA256"


def sigv4_headers(
    method: str,
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    keys: Keys,
    *,
    region: str,
    service: str,
    now: datetime.datetime,
) -> dict[str, str]:
    """``headers`` with what a signed request adds to them. ``url`` has no query, and a path that is its own
    encoding."""
    parts = urlsplit(url)
    stamp = now.astimezone(datetime.UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {name.lower(): value.strip() for name, value in headers.items()}
    signed |= {"host": parts.netloc, "x-amz-date": stamp}
    if keys.token:
        signed["x-amz-security-token"] = keys.token
    names = ";".join(sorted(signed))
    lines = [method, parts.path or "/", "", *(f"{name}:{signed[name]}" for name in sorted(signed)), "", names]
    canonical = "\n".join([*lines, hashlib.sha256(body).hexdigest()])
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = "\n".join((_ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    key = f"AWS4{keys.secret}".encode()
    for part in (stamp[:8], region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    del signed["host"]  # the client's own
    authorization = f"{_ALGORITHM} Credential={keys.key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return signed | {"authorization": authorization}


def aliyun_signature(method: str, parameters: Mapping[str, str], secret: str) -> str:
    """The parameter ``Signature`` for ``parameters``, which are all others."""
    query = "&".join(f"{_encoded(name)}={_encoded(parameters[name])}" for name in sorted(parameters))
    text = f"{method}&{_encoded('/')}&{_encoded(query)}"
    return base64.b64encode(hmac.digest(f"{secret}&".encode(), text.encode(), "sha1")).decode()


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")
