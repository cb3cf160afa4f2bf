"""What stands in the Authorization of a request, found from a registry's challenge.

Token authentication: https://distribution.github.io/distribution/spec/auth/token/ and, for identity tokens,
https://distribution.github.io/distribution/spec/auth/oauth/. Basic: RFC 7617.

A user's secret goes to the registry itself, or to the token server that it names; over plain HTTP only where the
registry is reached so too, and the token server is on loopback or plain HTTP was asked for.
"""

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit, urlunsplit

from lightship.errors import NetworkError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.addresses import display_url, is_loopback, origin
from lightship.store.registry.challenge import Challenge
from lightship.store.registry.credentials import Credential, Found, find_credential

if TYPE_CHECKING:
    from lightship.store.registry.session import Answer

__all__ = ["Authorizer", "Fetch"]

Fetch = Callable[[str, str, Mapping[str, str], bytes | None], "Answer"]
"""Method, address, headers and form to an answer, redirects not followed."""

_MAX_TOKEN = 65_536
_USUAL_LIFE_S = 60.0  # token spec, "expires_in": what is meant when it is not said
_LEAST_SECRET = 4
"""A shorter password is no secret, and stands in half of all sentences."""
_CLIENT = "lightship"


class Authorizer:
    """Knows how one registry wants to be asked, and keeps the tokens. Any number of threads may use it."""

    def __init__(self, registry: str, access: RegistryAccess, fetch: Fetch) -> None:
        self._registry = registry
        self._access = access
        self._fetch = fetch
        self._lock = threading.RLock()
        self._scheme = ""
        self._realm = ""
        self._service = ""
        self._found: dict[str, Found] = {}
        self._wider: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._tokens: dict[tuple[str, ...], tuple[str, float]] = {}
        self._secrets: set[str] = set()

    @property
    def is_known(self) -> bool:
        """True when a credential of the user was found."""
        return any(found.credential is not None for found in self._found.values())

    def header(self, scopes: Sequence[str]) -> str | None:
        """The header's value for requests in ``scopes``; None as long as nothing was asked for."""
        with self._lock:
            if self._scheme == "basic":
                credential = self._credential(scopes)
                return self._keep(credential.basic) if credential is not None and credential.password else None
            if self._scheme == "bearer":
                return f"Bearer {self._token(self._scopes(scopes))}"
            return None

    def challenged(
        self, challenges: Sequence[Challenge], scopes: Sequence[str], sent: str | None, *, plain: bool, again: bool
    ) -> bool:
        """Take note of what a 401 to a request with the header ``sent`` asks for; True when asking again may help.

        ``plain`` says that the registry is reached over plain HTTP, ``again`` that this request was refused before.
        """
        by_scheme = {challenge.scheme: challenge.parameters for challenge in reversed(challenges)}
        with self._lock:
            if "bearer" in by_scheme:
                return self._bearer(by_scheme["bearer"], scopes, sent, plain=plain, again=again)
            if "basic" in by_scheme and not (sent or "").startswith("Basic "):
                self._scheme = "basic"
                return self.header(scopes) is not None
            return False

    def hint(self) -> str:
        """What a user can do about a refusal."""
        found = list(self._found.values())
        sources = dict.fromkeys(each.credential.source for each in found if each.credential is not None)
        if sources:
            return f"the credentials are of {', '.join(sources)}: docker login {self._registry} renews them"
        reasons = [reason for each in found for reason in each.reasons]
        failed = f" ({'; '.join(dict.fromkeys(reasons))})" if reasons else ""
        return f"no credentials for it were found{failed}: docker login {self._registry}"

    def redacted(self, text: str) -> str:
        """``text`` without any secret that was sent."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, "…")
        return text

    def _bearer(
        self, parameters: Mapping[str, str], scopes: Sequence[str], sent: str | None, *, plain: bool, again: bool
    ) -> bool:
        realm = self._checked_realm(parameters.get("realm", ""), plain=plain)
        former = self._scopes(scopes)
        self._scheme, self._realm, self._service = "bearer", realm, parameters.get("service", "")
        wanted = tuple(dict.fromkeys((*former, *parameters.get("scope", "").split())))
        if wanted != former:
            self._wider[tuple(scopes)] = wanted
        if sent is None or wanted != former:
            return True
        token = sent.removeprefix("Bearer ")
        self._tokens = {key: value for key, value in self._tokens.items() if value[0] != token}
        return not again  # a token may run out before its time; one that was just bought is refused for good

    def _scopes(self, scopes: Sequence[str]) -> tuple[str, ...]:
        return self._wider.get(tuple(scopes), tuple(scopes))

    def _checked_realm(self, realm: str, *, plain: bool) -> str:
        try:
            scheme, host, _ = origin(realm)
        except ValueError as error:
            raise NetworkError(f"{self._registry} names a token server that is no address") from error
        netloc = urlsplit(realm).netloc
        if "@" in netloc:
            raise NetworkError(f"{self._registry} names a token server with a password in its address")
        is_near = is_loopback(f"[{host}]" if ":" in host else host)
        if scheme == "http" and not (plain and (is_near or self._access.plain_http)):
            raise NetworkError(
                f"{self._registry} wants credentials sent over plain HTTP to {display_url(realm)}: that is not done",
                hint="--plain-http allows it",
            )
        return realm

    def _credential(self, scopes: Sequence[str]) -> Credential | None:
        """The user's credential for the repository that is written to, else the one that is read."""
        ordered = sorted(scopes, key=lambda scope: "push" not in scope.rpartition(":")[2])
        parts = ordered[0].split(":") if ordered else []
        repository = parts[1] if len(parts) == 3 else ""
        if repository not in self._found:
            found = self._found[repository] = find_credential(self._access, self._registry, repository)
            if found.credential is not None and len(found.credential.password) >= _LEAST_SECRET:
                self._secrets.add(found.credential.password)
        return self._found[repository].credential

    def _token(self, scopes: tuple[str, ...]) -> str:
        kept = self._tokens.get(scopes)
        if kept is not None and time.monotonic() < kept[1]:
            return kept[0]
        credential = self._credential(scopes)
        if credential is not None and credential.registry_token:
            return _checked(self._keep(credential.registry_token), self._registry)
        token, life_s = self._ask(credential, scopes)
        self._tokens[scopes] = (self._keep(token), time.monotonic() + life_s * 0.9)
        return token

    def _ask(self, credential: Credential | None, scopes: tuple[str, ...]) -> tuple[str, float]:
        """A token for ``scopes`` and how many seconds it lives, bought with the credential or without one."""
        where = display_url(self._realm)
        if credential is not None and credential.identity_token:
            form = {
                "grant_type": "refresh_token",
                "service": self._service,
                "client_id": _CLIENT,
                "scope": " ".join(scopes),
                "refresh_token": self._keep(credential.identity_token),
            }
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            answer = self._fetch("POST", self._realm, headers, urlencode(form).encode())
        else:
            headers = {}
            fields = [("service", self._service)] if self._service else []
            fields += [("scope", scope) for scope in scopes]
            if credential is not None and credential.password:
                fields += [("account", credential.username), ("client_id", _CLIENT)]
                headers["Authorization"] = self._keep(credential.basic)
            answer = self._fetch("GET", _with_query(self._realm, fields), headers, None)
        if answer.status != 200:
            verb = "redirects" if 300 <= answer.status < 400 else f"answered {answer.status}"
            raise NetworkError(f"no token for {self._registry}: {where} {verb}", hint=self.hint())
        return self._read(answer.content, where)

    def _read(self, raw: bytes, where: str) -> tuple[str, float]:
        try:
            document = json.loads(raw)
        except (ValueError, RecursionError):
            document = None
        token = document.get("token") or document.get("access_token") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(token, str):
            raise NetworkError(f"no token for {self._registry}: {where} did not answer with one")
        life = document.get("expires_in")
        is_life = isinstance(life, int | float) and not isinstance(life, bool) and life > 0
        return _checked(token, where), float(life) if is_life else _USUAL_LIFE_S  # type: ignore[arg-type]

    def _keep(self, secret: str) -> str:
        self._secrets.update((secret, secret.rpartition(" ")[2]))
        return secret


def _checked(token: str, where: str) -> str:
    """``token``, which is about to stand in a header. RFC 6750, 2.1 has fewer characters, real tokens have not."""
    if len(token) > _MAX_TOKEN or not token.isascii() or not token.isprintable() or " " in token:
        raise NetworkError(f"the token of {where} is none: want at most {_MAX_TOKEN} visible ASCII characters")
    return token


def _with_query(url: str, fields: Sequence[tuple[str, str]]) -> str:
    parts = urlsplit(url)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    return urlunsplit((parts.scheme, parts.netloc, parts.path, query, ""))
