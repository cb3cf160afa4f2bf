"""Who the user is at a registry, read from the files that engines write, and from their helpers.

``config.json`` of Docker (https://docs.docker.com/reference/cli/docker/login/, "Credential stores"; keys are written in
several ways), containers-auth.json(5) with a key for each repository, and the protocol of docker-credential-helpers
(https://github.com/docker/docker-credential-helpers v0.8: the server's address on stdin, JSON on stdout).
"""

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path

from lightship import proc
from lightship.errors import InputError, LightshipError, ToolError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.addresses import DOCKER_HUB
from lightship.values import dataclass

__all__ = ["Credential", "Found", "find_credential"]

_MAX_FILE_BYTES = 2**20
_MAX_SECRET = 65_536
_HELPER_TIMEOUT_S = 60.0
_HELPER_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_TOKEN_USER = "<token>"  # noqa: S105 - what a helper calls the user when its secret is an identity token
_HUB_KEYS = ("index.docker.io", DOCKER_HUB, "registry-1.docker.io", "registry.hub.docker.com")
_HUB_ADDRESS = "https://index.docker.io/v1/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user with a password, an ``identity_token`` that buys access tokens, or a ``registry_token`` that is one.

    ``source`` says where it was found, for people; nothing of the rest is ever shown.
    """

    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)
    registry_token: str = field(default="", repr=False)
    source: str = ""

    @property
    def basic(self) -> str:
        """The value of an Authorization header for Basic, RFC 7617."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, slots=True)
class Found:
    """``credential`` is None where nobody knows one; ``reasons`` tell of helpers that failed."""

    credential: Credential | None
    reasons: tuple[str, ...] = ()


def find_credential(access: RegistryAccess, registry: str, repository: str) -> Found:
    """The credential for ``repository`` of ``registry``: of the first file that has one.

    In a file a helper named for the registry comes first, then the store of all, then what the file itself holds, the
    longest key first. A helper that is missing or fails is passed over. Raise InputError for a file that is not
    understood.
    """
    reasons: list[str] = []
    for path in access.credential_files:
        document = _read(path)
        for name, address in _helpers(document, registry, path):
            try:
                credential = _ask(name, address, access.environ)
            except ToolError as error:
                reasons.append(str(error))
                continue
            if credential is not None:
                return Found(credential)
        credential = _filed(document, registry, repository, path)
        if credential is not None:
            return Found(credential)
    return Found(None, tuple(reasons))


def _read(path: Path) -> Mapping[str, object]:
    try:
        with path.open("rb") as stream:
            raw = stream.read(_MAX_FILE_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InputError(f"cannot read the credentials in {path}: {error.strerror}") from error
    if not raw.strip():
        return {}
    try:
        document = json.loads(raw) if len(raw) <= _MAX_FILE_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise InputError(f"credentials not understood: want a JSON object in {path}", hint="docker login writes one")
    return document


def _helpers(document: Mapping[str, object], registry: str, path: Path) -> Iterator[tuple[str, str]]:
    own = _table(document, "credHelpers", path)
    for key, name in own.items():
        if _is_of(key, registry) and isinstance(name, str) and name:
            yield name, key
            return
    store = document.get("credsStore")
    if isinstance(store, str) and store:
        yield store, _HUB_ADDRESS if registry == DOCKER_HUB else registry


def _table(document: Mapping[str, object], name: str, path: Path) -> Mapping[str, object]:
    found = document.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise InputError(f"credentials not understood: want a table at {name} in {path}")
    return found


def _is_of(key: str, registry: str) -> bool:
    return _bare(key).partition("/")[0] in _names(registry)


def _names(registry: str) -> tuple[str, ...]:
    return _HUB_KEYS if registry == DOCKER_HUB else (registry.lower(),)


def _bare(key: str) -> str:
    """``host[:port][/path]`` of a key: schemes and the paths of registries' interfaces say nothing."""
    text = key.strip().partition("://")[2] if "://" in key else key.strip()
    host, slash, path = text.partition("/")
    path = path.strip("/")
    if path in ("", "v1", "v2"):
        return host.lower()
    return f"{host.lower()}{slash}{path}"


def _filed(document: Mapping[str, object], registry: str, repository: str, path: Path) -> Credential | None:
    entries = {_bare(key): (key, value) for key, value in _table(document, "auths", path).items()}
    parts = repository.split("/")
    for name in _names(registry):
        places = ["/".join((name, *parts[:count])) for count in range(len(parts), -1, -1)]
        for place in places:
            key, entry = entries.get(place, ("", None))
            if isinstance(entry, dict):
                credential = _entry(entry, f"{path}: {key}")
                if credential is not None:
                    return credential
    return None


def _entry(entry: Mapping[str, object], source: str) -> Credential | None:
    """What an entry holds; None for the empty ones that a credential store leaves behind."""
    texts = {name: value for name, value in entry.items() if isinstance(value, str)}
    username, password = texts.get("username", ""), texts.get("password", "")
    if texts.get("auth"):
        username, password = _decoded(texts["auth"], source)
    made = Credential(
        username=username,
        password=password,
        identity_token=texts.get("identitytoken", ""),
        registry_token=texts.get("registrytoken", ""),
        source=source,
    )
    return made if made.password or made.identity_token or made.registry_token else None


def _decoded(auth: str, source: str) -> tuple[str, str]:
    try:
        text = base64.b64decode(auth, validate=True).decode()
    except (binascii.Error, ValueError):
        text = ""
    username, colon, password = text.partition(":")
    if not colon:
        raise InputError(f"credentials not understood: want user:password in base64 at auth of {source}") from None
    return username, password.strip("\0")


def _ask(name: str, address: str, environ: Mapping[str, str]) -> Credential | None:
    program = f"docker-credential-{name}"
    if not _HELPER_NAME.fullmatch(name):
        raise ToolError(f"credential helper not understood: {name!r:.80}")
    try:
        done = proc.run([program, "get"], env=environ, stdin=address.encode(), timeout_s=_HELPER_TIMEOUT_S, check=False)
    except LightshipError as error:
        raise ToolError(f"credential helper: {error}") from error
    except OSError as error:
        raise ToolError(f"credential helper {program} cannot be started: {error.strerror}") from error
    if done.returncode != 0:
        said = (done.stdout + done.stderr).lower()
        if b"not found" in said or b"no credentials" in said:
            return None  # how the protocol says so; there is no status of its own
        raise ToolError(f"credential helper {program} failed with status {done.returncode}")
    return _answer(done.stdout, program)


def _answer(raw: bytes, program: str) -> Credential | None:
    try:
        document = json.loads(raw) if len(raw) <= _MAX_FILE_BYTES else None
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ToolError(f"credential helper {program} did not answer with a JSON object")
    username, secret = document.get("Username"), document.get("Secret")
    if not isinstance(username, str) or not isinstance(secret, str) or len(secret) > _MAX_SECRET:
        raise ToolError(f"credential helper {program} answered without Username and Secret")
    if not secret:
        return None
    if username == _TOKEN_USER:
        return Credential(identity_token=secret, source=program)
    return Credential(username=username, password=secret, source=program)
