"""What a store's refusal means, in one sentence with a remedy. Only its status and its code are taken from the answer:
the rest may name keys, tokens and signed addresses.

Codes: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html,
https://learn.microsoft.com/en-us/rest/api/storageservices/common-rest-api-error-codes (2026-11).
"""

import re

from lightship.assets.push.credentials import keys_hint
from lightship.errors import LightshipError, NetworkError, StorageError, UsageError

__all__ = ["store_fault"]

_STATUS = re.compile(r"non-2xx status code: (\d{3})")
_CODE = re.compile(r"<Code>\s*([A-Za-z0-9._]{1,60})\s*</Code>")
_SPENT = re.compile(r"after (\d{1,4}) retries")
_CONNECT = re.compile(r"kind: connect\b")
_SYSTEM = re.compile(r'message: "([A-Z][a-z ]{3,40})"')
_SKEWED = "The difference between the request time and "
_CREDENTIALS = "credentials"
"""Stands for the hint that names the store's own variables."""
_PLACE = re.compile(r"\bperforming [A-Z]+ (https?://)(?:[^/@\s?#]*@)?([A-Za-z0-9._:\[\]-]{1,255})")
_DISTRUST = {
    "unknownissuer": "its issuer is not known",
    "causedasendentity": "it is an authority's own",
    "notvalidforname": "it is another host's",
    "expired": "it has expired",
    "notvalidyet": "it is not valid yet",
}
"""What rustls says of a certificate, https://docs.rs/rustls/0.23/rustls/enum.CertificateError.html (2026-11)."""

_SAID: dict[str, tuple[str, str | None]] = {
    "NoSuchBucket": ("there is no such bucket", "create it, or see to --to, --region and --endpoint"),
    "ContainerNotFound": ("there is no such container", "create it, or see to --to"),
    "InvalidAccessKeyId": ("the access key is not known there", _CREDENTIALS),
    "SignatureDoesNotMatch": ("the secret key does not fit the access key", _CREDENTIALS),
    "AuthenticationFailed": ("the key is not accepted", _CREDENTIALS),
    "InvalidAuthenticationInfo": ("the key is not accepted", _CREDENTIALS),
    "ExpiredToken": ("the session's token has expired", "log in again"),
    "InvalidToken": ("the session's token is not accepted", "log in again; AWS_SESSION_TOKEN belongs to its key"),
    "TokenRefreshRequired": ("the session's token has expired", "log in again"),
    "RequestTimeTooSkewed": (
        "this machine's clock differs from the store's by more than it allows",
        "set the clock: timedatectl set-ntp true",
    ),
    "RequestExpired": ("this machine's clock differs from the store's", "set the clock: timedatectl set-ntp true"),
    "AccessDenied": (
        "access is denied",
        "a push needs s3:ListBucket, s3:GetObject, s3:PutObject, s3:DeleteObject and s3:AbortMultipartUpload",
    ),
    "AllAccessDisabled": ("access to the bucket is disabled", None),
    "AccountProblem": ("there is a problem with the account", None),
    "PermanentRedirect": ("the bucket is in another region", "say which: --region"),
    "AuthorizationHeaderMalformed": ("the region is another one", "say which: --region"),
    "IllegalLocationConstraintException": ("the bucket is in another region", "say which: --region"),
    "InvalidBucketName": ("the bucket's name is not valid", None),
    "SecondLevelDomainForbidden": ("the store wants the bucket in the host's name", None),
    "QuotaExceeded": ("the quota is used up", None),
    "EntityTooLarge": ("an object is larger than the store takes", None),
    "SlowDown": ("there were too many requests at once", "fewer at a time: --jobs 4"),
    "InvalidRequest": ("the request is not one that the store takes", None),
    "NotImplemented": ("the store lacks what the request asks for", None),
}  # fmt: skip

_AGAIN = "what was sent stays; the same command goes on from there"


def store_fault(text: str, name: str) -> LightshipError:
    """The error for ``text``, what obstore said about the store called ``name``."""
    if "169.254." in text or ("metadata" in text and "token" in text):
        return NetworkError(f"{name}: there are no credentials", hint=_keys(name))
    if "instance metadata" in text.lower() or "MissingCredentials" in text:
        return NetworkError(f"{name}: there are no credentials", hint=_keys(name))
    status, code = _STATUS.search(text), _CODE.search(text)
    spent = _SPENT.search(text)
    tried = f" ({int(spent[1]) + 1} attempts)" if spent and int(spent[1]) else ""
    if code is not None and code[1] in _SAID:
        # rclone calls a clock that is slow AccessDenied
        what, hint = _SAID["RequestTimeTooSkewed" if _SKEWED in text else code[1]]
        hint = _keys(name, are_wrong=True) if hint == _CREDENTIALS else hint
        return NetworkError(f"{name}: {what} ({code[1]}){tried}", hint=hint)
    if status is not None:
        told = f"status {status[1]}" + (f", {code[1]}" if code is not None else "")
        return NetworkError(f"{name}: the store answered with {told}{tried}", hint=_hint_for(int(status[1]), name))
    return _without_status(text, name, tried)


def _keys(name: str, *, are_wrong: bool = False) -> str:
    return keys_hint(name.partition("://")[0], are_wrong=are_wrong)


def _hint_for(status: int, name: str) -> str:
    if status in (401, 403):
        return f"wrong credentials, or none for this bucket: {_keys(name, are_wrong=True)}"
    if status in (301, 307, 308):
        return "the bucket is somewhere else: see to --region and --endpoint"
    return _AGAIN if status >= 500 or status in (408, 429) else "see to --to and --endpoint"


def _without_status(text: str, name: str, tried: str) -> LightshipError:
    lower = text.lower()
    place = _PLACE.search(text)
    where = f" at {place[1]}{place[2]}" if place else ""
    if "certificate" in lower:
        why = next((f": {said}" for word, said in _DISTRUST.items() if word in lower), "")
        return NetworkError(
            f"{name}: the certificate of the store{where} is not trusted{why}",
            hint="--ca-file trusts another authority",
        )
    if "invalidcontenttype" in lower or "invalidmessage" in lower:
        return NetworkError(
            f"{name}: the store{where} does not speak TLS", hint="has --endpoint to begin with http://?"
        )
    unreached = f"{name}: the store{where} cannot be reached"
    if "dns error" in lower or "failed to lookup" in lower:
        return NetworkError(f"{unreached}: its name is not known{tried}", hint="see to --endpoint and --region")
    if "kind: timeout" in lower and "tcp connect" in lower:
        return NetworkError(f"{unreached}: it did not answer in time{tried}", hint="see to --endpoint and the proxy")
    if "connection refused" in lower or "connectionrefused" in lower:
        return NetworkError(f"{unreached}: the connection was refused{tried}", hint="see to --endpoint and the proxy")
    if "tcp connect error" in lower or _CONNECT.search(lower):
        said = _SYSTEM.search(text)
        why = f": {said[1].lower()}" if said else ""
        return NetworkError(f"{unreached}{why}{tried}", hint="see to --endpoint and the proxy")
    if "timed out" in lower or "timeout" in lower.split("retry_timeout")[0]:
        return NetworkError(f"{name}: the store{where} did not answer in time{tried}", hint=_AGAIN)
    if "error sending request" in lower or "http error" in lower:
        return NetworkError(f"{name}: the connection to the store{where} broke{tried}", hint=_AGAIN)
    if "url scheme is not allowed" in lower or "builder error" in lower:
        return UsageError(f"{name}: the store's address is not understood", hint="see to --endpoint")
    if "account must be specified" in lower or "missing" in lower:
        return UsageError(f"{name}: the account or the credentials are not told", hint=_keys(name))
    if "LocalFileSystem" in text or "os error" in lower:
        reason = re.search(r"([A-Z][a-z ]{3,60}) \(os error \d+\)", text)
        return StorageError(f"{name}: {reason[1] if reason else 'the file system refused'}")
    return NetworkError(f"{name}: the store failed{tried}", hint=_AGAIN)
