"""What a secret looks like. Of a file only the kind of its secret is kept, never the secret.

The shapes are those that their issuers document; a name alone makes no secret of a value that is a path, a switch or a
reference to something else. Repetitions are bounded: a file may be written to make them slow.
"""

import json
import re
from collections.abc import Callable

from lightship.ecosystem.inventory import Wanted

__all__ = ["WANTED", "kind_of_secret", "secret_in_step", "secret_in_variable"]

_MARK = b"lightship: "
_BYTES = 1 << 20
_KEY_BYTES = 4 << 20
_KEY = re.compile(
    rb"-----BEGIN ((?:RSA |EC |DSA |OPENSSH |ENCRYPTED |PGP )?PRIVATE KEY(?: BLOCK)?)-----\s[^-]{40}", re.DOTALL
)
_ASSIGNED = re.compile(rb"^[ \t]*(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_.]*)[ \t]*[=:][ \t]*(\S+)", re.MULTILINE)
_NAME = re.compile(
    r"(?:.*_)?(?:PASSWORD|PASSWD|PASSPHRASE|SECRET|SECRET_KEY|SECRET_ACCESS_KEY|ACCESS_KEY|API_?KEY|AUTH_?TOKEN|TOKEN"
    r"|PRIVATE_KEY|CLIENT_SECRET|CREDENTIALS)",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"|/.*|file:.*|[$%{<].*|true|false|none|null|yes|no|[0-9]{1,4}|x+|\*+|\.+|change.?(?:me|it)|.*example.*|.*placeholder.*"
    r"|.*your[-_ ].*|dummy.*|test|secret|password|env:.*|vault:.*",
    re.IGNORECASE,
)
_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("an access key of AWS", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("a token of GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{50,})\b")),
    ("a token of GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{20,}")),
    ("a token of Slack", re.compile(r"\bxox[abprs]-[A-Za-z0-9-]{20,}")),
    ("a token of a package index", re.compile(r"\bpypi-[A-Za-z0-9_-]{50,}|\bnpm_[A-Za-z0-9]{36}\b")),
    ("a key of an AI service", re.compile(r"\bsk-(?:ant-|proj-)?[A-Za-z0-9_-]{32,}")),
    ("a key of Google", re.compile(r"\bAIza[A-Za-z0-9_-]{35}\b")),
    ("a password in a URL", re.compile(r"\b[a-z][a-z0-9+.-]{0,20}://[^/\s:@$]{0,200}:(?!\$)[^/\s:@$]{3,200}@[^\s/]")),
)


def secret_in_variable(name: str, value: str) -> str | None:
    """What kind of secret the value is, or None. ``PGPASSFILE=/run/secrets/x`` is none."""
    if (shape := _shape(value)) is not None:
        return shape
    if _NAME.fullmatch(name) and not name.upper().endswith("_FILE") and _NO_SECRET.fullmatch(value) is None:
        return "a value that its name calls secret"
    return None


def secret_in_step(created_by: str) -> str | None:
    """What kind of secret a step of the history shows, in its command or its build arguments."""
    if (shape := _shape(created_by)) is not None:
        return shape
    arguments = re.match(r"(?:RUN )?\|[0-9]+ (.*?) (?:/bin/|/busybox/)", created_by, re.DOTALL)
    for word in arguments[1].split() if arguments else ():
        name, equals, value = word.partition("=")
        if equals and (what := secret_in_variable(name, value)) is not None:
            return f"{what} (build argument {name[:60]})" if name.isidentifier() else what
    return None


def _shape(text: str) -> str | None:
    return next((what for what, pattern in _SHAPES if pattern.search(text)), None)


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
    return _shape(content.decode("utf-8", "replace"))


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
