"""What pip and uv both take from the environment: proxies, CA bundles, netrc. The environment is a mapping."""

import netrc
import os
from collections.abc import Mapping
from pathlib import Path

from lightship.build.index.settings import Credential, Proxy, split_credential
from lightship.errors import InputError

__all__ = ["existing_file", "netrc_credentials", "no_proxy", "number", "proxy", "proxy_from"]


def proxy_from(environment: Mapping[str, str], scheme: str) -> Proxy | None:
    """The proxy for ``http`` or ``https``: ``HTTPS_PROXY``, then ``ALL_PROXY``; lower case counts too."""
    for name in (f"{scheme}_proxy", "all_proxy"):
        # Lower case first: a CGI server turns a client's "Proxy:" header into HTTP_PROXY.
        text = environment.get(name) or environment.get(name.upper())
        if text:
            return proxy(text)
    return None


def proxy(text: str) -> Proxy:
    """A proxy as users write it: the scheme may be missing."""
    url, credential = split_credential(text if "://" in text else f"http://{text}")
    return Proxy(url=url, credential=credential)


def no_proxy(environment: Mapping[str, str]) -> tuple[str, ...]:
    """The hosts that are reached directly."""
    text = environment.get("no_proxy") or environment.get("NO_PROXY") or ""
    return tuple(part.strip() for part in text.split(",") if part.strip())


def netrc_credentials(environment: Mapping[str, str]) -> tuple[Credential, ...]:
    """The machines of ``$NETRC`` or ``~/.netrc``; an absent file gives none, an unreadable one is an InputError."""
    home = environment.get("HOME")
    named = environment.get("NETRC")
    path = Path(named) if named else Path(home) / ".netrc" if home else None
    if path is None or not path.is_file():
        return ()
    try:
        hosts = netrc.netrc(os.fspath(path)).hosts
    except netrc.NetrcParseError as error:
        raise InputError(f"{path} is not a netrc file: line {error.lineno}: {error.msg}") from error
    except OSError as error:
        raise InputError(f"cannot read {path}: {error.strerror}") from error
    return tuple(
        Credential(url=f"//{host.lower()}", username=login, password=password or "")
        for host, (login, _, password) in hosts.items()
        if host != "default"
    )


def existing_file(text: str | None, setting: str) -> Path | None:
    """The file that ``setting`` names; raise InputError when it is not there, instead of a TLS riddle later."""
    if not text:
        return None
    path = Path(text).expanduser()
    if not path.is_file():
        raise InputError(f"{setting} names {path}, which is not a file")
    return path


def number(text: str | None, setting: str, otherwise: float) -> float:
    """The number that ``setting`` holds, or ``otherwise`` where it holds none."""
    if not text:
        return otherwise
    try:
        value = float(text)
    except ValueError as error:
        raise InputError(f"{setting}: want a number, got {text!r}") from error
    if value < 0:
        raise InputError(f"{setting}: want a number of at least 0, got {text}")
    return value
