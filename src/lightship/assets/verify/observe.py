"""Everything that is asked about one address: each client, HEAD, the ETag again, another ETag, a part.

RFC 9110: HEAD 9.3.2, conditional requests 13, ranges 14.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from lightship.assets.codecs import encode
from lightship.assets.model import LEAST_BYTES, worth
from lightship.assets.verify.decode import MOST_PLAIN_BYTES, decoded
from lightship.assets.verify.site import CLIENTS, Asset, Client, Reply
from lightship.errors import ArchiveError

if TYPE_CHECKING:  # it costs ten times an interpreter's start
    from lightship.assets.verify.fetch import Answer, Fetcher

__all__ = ["NOBODYS_ETAG", "digests_of", "integrity_holds", "observed", "reply_of"]

NOBODYS_ETAG = '"lightship-verify-0"'
_PART = (2, 11)
"""First and last byte of the part that is asked for."""
_BEGIN_BYTES = 512
_DIGESTS = ("sha512", "sha384", "sha256")
_URL_SAFE = str.maketrans("-_", "+/")


def observed(fetcher: "Fetcher", asset: Asset, *, thorough: bool = True) -> tuple[Asset, bytes]:
    """``asset`` with its answers, and its plain bytes. ``thorough`` False asks as the clients do and no more."""
    headers = {"Origin": asset.site_origin} if asset.crosses else {}
    replies: dict[Client, Reply] = {}
    content = b""
    for client, said in CLIENTS.items():
        answer = fetcher.ask(asset.url, encoding=said, headers=headers)
        # no more than an answer without a coding may have
        replies[client], plain = reply_of(answer, most_bytes=fetcher.limits.body_bytes)
        content = content or plain
    seen = replace(
        asset, replies=replies, digests=digests_of(content) if content else {}, worth=_worth(replies, content)
    )
    good = replies["gzip"]
    if not thorough or good.status != 200 or good.fault:
        return seen, content
    return _more(fetcher, seen, content, headers), content


def _more(fetcher: "Fetcher", asset: Asset, content: bytes, headers: Mapping[str, str]) -> Asset:
    good = asset.replies["gzip"]
    again = other = None

    def ask(method: str = "GET", encoding: str = "gzip", **more: str) -> "Answer":
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return fetcher.ask(asset.url, method=method, encoding=encoding, headers={**headers, **named})

    head, _ = reply_of(ask("HEAD"), method="HEAD")
    if etag := good.headers.get("etag"):
        again, _ = reply_of(ask(If_None_Match=etag))
        other, _ = reply_of(ask(If_None_Match=NOBODYS_ETAG))
    elif since := good.headers.get("last-modified"):
        again, _ = reply_of(ask(If_Modified_Since=since))
    part, holds = None, True
    plain = asset.replies["identity"]
    first, last = _PART
    if plain.status == 200 and not plain.encoding and plain.plain_bytes > last:
        answer = ask(encoding="identity", Range=f"bytes={first}-{last}")
        part, _ = reply_of(answer)
        if part.status == 206:
            holds = answer.body == content[first : last + 1]
    return replace(asset, head=head, again=again, other=other, part=part, part_holds=holds)


def _worth(replies: Mapping[Client, Reply], content: bytes) -> bool:
    if all(reply.encoding for client, reply in replies.items() if client != "identity") or len(content) < LEAST_BYTES:
        return False
    return worth(len(encode(content, "gzip", "ci")), len(content))


def reply_of(answer: "Answer", *, method: str = "GET", most_bytes: int = MOST_PLAIN_BYTES) -> tuple[Reply, bytes]:
    """What is kept of an answer, and its plain bytes."""
    reply = Reply(
        status=answer.status,
        headers=answer.headers,
        body_bytes=len(answer.body),
        fault=answer.fault,
        hops=answer.hops,
        skipped=answer.skipped,
    )
    if answer.fault or not answer.status or method == "HEAD" or answer.status == 304:
        return reply, b""
    try:
        plain = decoded(answer.body, reply.encoding, most_bytes)
    except ArchiveError as error:
        return replace(reply, broken=str(error)), b""
    digest = hashlib.sha256(plain).hexdigest()
    return replace(reply, plain_bytes=len(plain), sha256=digest, begin=plain[:_BEGIN_BYTES]), plain


def digests_of(content: bytes) -> dict[str, str]:
    """Base64 of the digests that an ``integrity`` attribute may name."""
    return {name: base64.b64encode(hashlib.new(name, content).digest()).decode() for name in _DIGESTS}


def integrity_holds(digests: Mapping[str, str], text: str) -> bool:
    """Whether what has these digests is what an ``integrity`` attribute says (https://www.w3.org/TR/SRI/ 2016-06-23,
    3.3): of its strongest algorithm one digest fits; true where it names none that is known."""
    found: dict[str, set[str]] = {}
    for word in text.split():
        name, _, digest = word.partition("?")[0].partition("-")
        found.setdefault(name.lower(), set()).add(digest.translate(_URL_SAFE))
    strongest = next((name for name in _DIGESTS if name in found), None)
    return strongest is None or digests.get(strongest, "") in found[strongest]
