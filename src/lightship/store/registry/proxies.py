"""Which proxy a request goes through: HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY, as engines read them.

Go's rules (https://pkg.go.dev/golang.org/x/net/http/httpproxy): either spelling, loopback is never proxied, an entry of
NO_PROXY is a host and what is below, ``.host`` only what is below, an address, a network, or ``*``; with a port or not.
"""

import ipaddress
from collections.abc import Mapping

from lightship.store.registry.addresses import host_and_port, is_loopback

__all__ = ["proxy_for"]


def proxy_for(scheme: str, host: str, port: int, environ: Mapping[str, str]) -> str | None:
    """The proxy's address for a request to ``host``, None for none. It may hold the proxy's password."""
    if is_loopback(f"[{host}]" if ":" in host else host):
        return None
    if any(_covers(entry.strip().lower(), host, port) for entry in _read("NO_PROXY", environ).split(",")):
        return None
    variables = [f"{scheme.upper()}_PROXY", "ALL_PROXY"]
    if scheme == "http" and environ.get("REQUEST_METHOD"):
        variables = ["ALL_PROXY"]  # in a CGI program HTTP_PROXY is a header of the request, https://httpoxy.org
    address = next(filter(None, (_read(name, environ) for name in variables)), "")
    if not address:
        return None
    return address if "://" in address else f"http://{address}"


def _read(name: str, environ: Mapping[str, str]) -> str:
    return (environ.get(name.lower()) or environ.get(name) or "").strip()


def _covers(entry: str, host: str, port: int) -> bool:
    if not entry:
        return False
    if entry == "*":
        return True
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(entry, strict=False)
    except ValueError:
        pass  # a name, or an address with a port
    try:
        wanted, wanted_port = host_and_port(entry)
    except ValueError:
        return False
    if wanted_port is not None and wanted_port != port:
        return False
    wanted = wanted.removeprefix("*")
    return host.endswith(wanted) if wanted.startswith(".") else host == wanted or host.endswith(f".{wanted}")
