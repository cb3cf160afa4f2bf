"""Which Docker engine is meant, and with which certificates: as docker's own client finds it.

https://docs.docker.com/reference/cli/docker/#environment-variables and
https://docs.docker.com/engine/manage-resources/contexts/ (Docker 28): ``DOCKER_HOST`` with ``DOCKER_TLS``,
``DOCKER_TLS_VERIFY`` and ``DOCKER_CERT_PATH``; else the context of ``DOCKER_CONTEXT`` or of ``currentContext`` in
``config.json``; else the default socket. Nothing is connected to here.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from lightship.errors import ImageError, InputError, UsageError
from lightship.oci.document import Node, parse_object
from lightship.values import dataclass

__all__ = ["DEFAULT_DOCKER_HOST", "Certificates", "Endpoint", "find_endpoint"]

DEFAULT_DOCKER_HOST = "unix:///var/run/docker.sock"

_MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificates:
    """``ca``, and ``certificate`` with its ``key``, are PEM files; None where there is none. Without ``verify`` any
    certificate of the engine is taken."""

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    verify: bool = True

    @classmethod
    def of(cls, folder: Path, *, verify: bool) -> "Certificates":
        """The files in ``folder`` that are called as Docker calls them."""
        ca, certificate, key = (
            path if path.is_file() else None for path in (folder / name for name in ("ca.pem", "cert.pem", "key.pem"))
        )
        return cls(ca=ca, certificate=certificate, key=key, verify=verify)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """``address`` is ``unix:///path`` or ``tcp://host[:port]``, checked; ``certificates`` None is plain HTTP."""

    address: str = DEFAULT_DOCKER_HOST
    certificates: Certificates | None = None

    def __post_init__(self) -> None:
        scheme, _, rest = self.address.partition("://")
        if scheme == "ssh":
            raise UsageError(
                f"Docker host not supported: ssh, in {self.address}",
                hint="forward its socket: ssh -nNT -L /tmp/docker.sock:/var/run/docker.sock HOST, and set "
                "DOCKER_HOST=unix:///tmp/docker.sock",
            )
        if scheme == "unix" and rest.startswith("/"):
            return
        if scheme != "tcp":
            raise UsageError(f"Docker host not supported: want unix:///path or tcp://host:port, got {self.address}")
        try:
            known = bool(urlsplit(self.address).port or rest)
        except ValueError as error:
            raise UsageError(f"Docker host not understood: {self.address}") from error
        if not known:
            raise UsageError(f"Docker host not understood: {self.address}")

    @property
    def socket(self) -> str | None:
        """The path of a Unix socket."""
        scheme, _, rest = self.address.partition("://")
        return rest if scheme == "unix" else None

    @property
    def host_and_port(self) -> tuple[str, int]:
        """Of a TCP address."""
        parts = urlsplit(self.address)
        return parts.hostname or "localhost", parts.port or (2376 if self.certificates is not None else 2375)


def find_endpoint(environ: Mapping[str, str], *, docker_host: str | None = None) -> Endpoint:
    """The engine that ``environ`` means; ``docker_host`` goes before its ``DOCKER_HOST``.

    Raise UsageError for an address that is not supported, InputError for a context that is not there or not
    understood.
    """
    address = docker_host or environ.get("DOCKER_HOST")
    folder = _folder(environ)
    if address:
        return Endpoint(address=address, certificates=_certificates(address, environ, folder))
    context = environ.get("DOCKER_CONTEXT") or _current_context(folder)
    if context in ("", "default") or folder is None:
        return Endpoint()
    return _of_context(context, folder)


def _folder(environ: Mapping[str, str]) -> Path | None:
    if environ.get("DOCKER_CONFIG"):
        return Path(environ["DOCKER_CONFIG"])
    return Path(environ["HOME"], ".docker") if environ.get("HOME") else None


def _certificates(address: str, environ: Mapping[str, str], folder: Path | None) -> Certificates | None:
    verify = bool(environ.get("DOCKER_TLS_VERIFY"))
    if address.startswith("unix:") or not (verify or environ.get("DOCKER_TLS")):
        return None
    given = environ.get("DOCKER_CERT_PATH")
    if given and not Path(given).is_dir():
        raise UsageError(f"DOCKER_CERT_PATH: there is no folder {given}")
    place = Path(given) if given else folder
    return Certificates.of(place, verify=verify) if place is not None else Certificates(verify=verify)


def _current_context(folder: Path | None) -> str:
    document = _read(folder / "config.json") if folder is not None else None
    return document.optional_text("currentContext") if document is not None else ""


def _of_context(name: str, folder: Path) -> Endpoint:
    key = hashlib.sha256(name.encode()).hexdigest()
    document = _read(folder / "contexts/meta" / key / "meta.json")
    if document is None:
        raise InputError(f"there is no Docker context {name!r} in {folder}", hint="docker context ls lists them")
    try:
        endpoint = document.require("Endpoints").require("docker")
        address = endpoint.optional_text("Host") or DEFAULT_DOCKER_HOST
        careless = endpoint.get("SkipTLSVerify")
        verify = not (careless and careless.flag())
    except ImageError as error:
        raise InputError(f"Docker context {name!r}: {error}") from error
    tls = folder / "contexts/tls" / key / "docker"
    is_safe = address.startswith("tcp:") and (tls.is_dir() or not verify)
    return Endpoint(address=address, certificates=Certificates.of(tls, verify=verify) if is_safe else None)


def _read(path: Path) -> Node | None:
    try:
        with path.open("rb") as stream:
            return parse_object(stream.read(_MOST_BYTES), str(path))
    except FileNotFoundError:
        return None
    except (OSError, ImageError) as error:
        raise InputError(f"cannot read {path}: {error}") from error
