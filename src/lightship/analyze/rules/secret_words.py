"""Files with secrets: which, and what of them is kept: the kind of the secret, never the secret.

What a secret looks like is in `lightship.oci.secrets`. Repetitions are bounded: a file may be written to make them
slow.
"""

import json
import re
from collections.abc import Callable

from lightship.ecosystem.inventory import Wanted
from lightship.oci.secrets import secret_in_text, secret_in_variable

__all__ = ["WANTED", "kind_of_secret"]

_MARK = b"lightship: "
_BYTES = 1 << 20
_KEY_BYTES = 4 << 20
_KEY = re.compile(
    rb"-----BEGIN ((?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?)-----\s[^-]{40}", re.DOTALL
)
_ASSIGNED = re.compile(rb"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*(\S+)", re.MULTILINE)


def kind_of_secret(path: str, kept: bytes) -> str | None:
    """What was kept of the file at ``path`` in words; None where no secret was found, or somebody else kept it."""
    name = path[path.rfind("/") + 1 :]
    if not kept.startswith(_MARK) or (name not in _NAMES and not name.endswith(_SUFFIXES)):
        return None
    return kept[len(_MARK) :].decode("ascii", "replace")


def _marked(find: Callable[[bytes], str | None]) -> Callable[[bytes], bytes]:
    def keep(content: bytes) -> bytes:
        what = find(content)
        return b"" if what is None else _MARK + what.encode()

    return keep


def _key(content: bytes) -> str | None:
    match = _KEY.search(content)
    if match is None:
        return None
    kind = match[1].decode().replace("PRIVATE KEY", "private key").replace("BLOCK", "block")
    return f"a private key ({kind})" if kind != "private key" else "a private key"


def _token(content: bytes) -> str | None:
    return secret_in_text(content.decode("utf-8", "replace"))


def _assigned(content: bytes) -> str | None:
    for name, value in _ASSIGNED.findall(content):
        text = value.decode("utf-8", "replace").strip("\"',")
        if (what := secret_in_variable(name.decode(), text)) is not None:
            return f"{what} ({name.decode()[:60]})"
    return _token(content)


def _netrc(content: bytes) -> str | None:
    return "a password for a host" if re.search(rb"\bpassword\s+\S", content) else None


def _npmrc(content: bytes) -> str | None:
    found = re.search(rb"_(?:authToken|auth|password)[ \t]{0,9}=[ \t]{0,9}[\"']?(?!\$)[^\s\"']", content)
    return "a token of a package registry" if found else None


def _registries(content: bytes) -> str | None:
    try:
        auths = json.loads(content).get("auths", {})
        found = any(entry.get("auth") or entry.get("identitytoken") for entry in auths.values())
    except (ValueError, AttributeError, RecursionError):
        return None
    return "credentials of a registry" if found else None


def _account(content: bytes) -> str | None:
    if _KEY.search(content.replace(rb"\n", b"\n")) is not None:
        return "a service account with its private key"
    return (
        "an OAuth client with its secret" if b'"refresh_token"' in content and b'"client_secret"' in content else None
    )


def _stored(content: bytes) -> str | None:
    return "a stored password" if re.search(rb"^\w+://[^/\s:]+:[^/\s@]+@", content, re.MULTILINE) else None


_ANYWHERE = ".*"
_FILES: tuple[tuple[tuple[str, ...], str, Callable[[bytes], str | None]], ...] = (
    (("id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", "identity", "ssh_host_rsa_key", "ssh_host_ecdsa_key",
      "ssh_host_ed25519_key", "ssh_host_dsa_key"), _ANYWHERE, _key),
    ((".netrc", "_netrc"), _ANYWHERE, _netrc),
    ((".pypirc", "pip.conf", ".pgpass", "uv.toml", "auth.toml"), _ANYWHERE, _assigned),
    ((".npmrc", ".yarnrc"), _ANYWHERE, _npmrc),
    ((".git-credentials",), _ANYWHERE, _stored),
    (("config.json",), r"(?:.*/)?(?:\.docker|kaniko/\.docker|\.config/containers)", _registries),
    (("auth.json",), r"(?:.*/)?(?:containers|\.config/containers)(?:/[0-9]+)?", _registries),
    (("credentials",), r"(?:.*/)?\.aws", _assigned),
    (("application_default_credentials.json", "service-account.json", "service_account.json", "credentials.json",
      "serviceaccount.json", "gcp-key.json"), _ANYWHERE, _account),
    ((".env", ".env.local", ".env.production", ".env.prod", ".envrc"), _ANYWHERE, _assigned),
)  # fmt: skip
_NAMES = frozenset(name for names, _, _ in _FILES for name in names)
_SUFFIXES = (".pem", ".key", ".ppk", ".p8")

WANTED: tuple[Wanted, ...] = (
    *(
        Wanted(name=name, directory=directory, cap_bytes=_BYTES, keep=_marked(find))
        for names, directory, find in _FILES
        for name in names
    ),
    *(Wanted(suffix=suffix, cap_bytes=_KEY_BYTES, keep=_marked(_key)) for suffix in _SUFFIXES),
)
