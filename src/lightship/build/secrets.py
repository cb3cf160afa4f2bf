"""Files of a project that look like secrets and have no business in an image.

A name decides where the name is a convention (``.netrc``, ``id_ed25519``); content decides where it is not: a ``.pem``
may be a public certificate, a ``credentials.json`` a schema. Only what is certain is left out: a file that an
application needs and does not find is worse than a warning too few.
"""

import re

__all__ = ["HEAD_BYTES", "is_suspect", "secret_reason"]

HEAD_BYTES = 16_384

_NAMES = re.compile(
    r"(?:.*/)?(?:\.env(?:\..+)?|\.netrc|_netrc|\.pypirc|\.pgpass|\.git-credentials|\.htpasswd|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|\.aws/credentials|\.docker/config\.json|\.dockercfg|\.kube/config|[^/]+\.(?:p12|pfx|jks|keystore))",
    re.DOTALL,  # a name may hold a line's end
)
_HARMLESS = re.compile(r"(?:.*/)?\.env\.(?:example|sample|template|dist|defaults?)", re.DOTALL)
_SUSPECT = re.compile(r".*\.(?:pem|key|json|npmrc)|(?:.*/)?\.npmrc", re.IGNORECASE | re.DOTALL)
_CONTENTS = (
    (re.compile(rb"-----BEGIN (?:[A-Z0-9]+ )*PRIVATE KEY(?: BLOCK)?-----"), "holds a private key"),
    (re.compile(rb'"private_key"\s*:\s*"-----BEGIN'), "holds a service account's private key"),
    (re.compile(rb"_authToken\s*=\s*[^\s$]{8,}"), "holds a registry token"),
)


def is_suspect(path: str) -> bool:
    """True when the first `HEAD_BYTES` of ``path`` must be seen to know."""
    return _SUSPECT.fullmatch(path) is not None


def secret_reason(path: str, head: bytes) -> str | None:
    """Why the file at ``path`` (relative, ``/`` between parts) looks like a secret, or None. ``head`` may be empty
    unless it `is_suspect`."""
    if _NAMES.fullmatch(path) is not None and _HARMLESS.fullmatch(path) is None:
        return "is a file for secrets by its name"
    for pattern, reason in _CONTENTS:
        if pattern.search(head) is not None:
            return reason
    return None
