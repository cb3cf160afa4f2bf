"""HTTP to a Docker engine: over its Unix socket, TCP, or TCP with TLS and certificates on both sides."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from lightship.errors import ToolError, UsageError
from lightship.store.docker_host import Certificates, Endpoint

__all__ = ["connected"]

_TIMEOUT_S = 600.0  # an engine is silent while it unpacks what it was given
_HINT = "start Docker, set DOCKER_HOST, or write to oci: or docker-archive: which need no engine"


@contextmanager
def connected(endpoint: Endpoint) -> Iterator[http.client.HTTPConnection]:
    """A connection for one request, closed at the end.

    Raise ToolError when nobody answers, a certificate is refused, or the engine hangs up within the block; UsageError
    for certificates that cannot be read.
    """
    connection = _connection(endpoint)
    try:
        connection.connect()
    except ssl.SSLError as error:
        connection.close()
        reason = getattr(error, "verify_message", "") or error.reason or error
        raise ToolError(
            f"no safe connection to the Docker engine at {endpoint.address}: {reason}",
            hint="DOCKER_CERT_PATH names the folder of ca.pem, cert.pem and key.pem",
        ) from error
    except OSError as error:
        connection.close()
        raise ToolError(f"no Docker engine at {endpoint.address}: {error.strerror or error}", hint=_HINT) from error
    try:
        yield connection
    except (http.client.HTTPException, OSError) as error:
        raise ToolError(f"the Docker engine at {endpoint.address} hung up: {error!s:.200}") from error
    finally:
        connection.close()


def _connection(endpoint: Endpoint) -> http.client.HTTPConnection:
    if endpoint.socket is not None:
        return _UnixConnection(endpoint.socket)
    host, port = endpoint.host_and_port
    if endpoint.certificates is None:
        return http.client.HTTPConnection(host, port, timeout=_TIMEOUT_S)
    return http.client.HTTPSConnection(host, port, timeout=_TIMEOUT_S, context=_context(endpoint.certificates))


def _context(certificates: Certificates) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=certificates.ca)
        if not certificates.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificates.certificate is not None:
            # no password is ever asked for: the key of a build machine has none
            context.load_cert_chain(certificates.certificate, certificates.key, password=_no_password)
    except (OSError, ValueError) as error:
        raise UsageError(f"Docker's certificates cannot be read: {error!s:.200}") from error
    return context


def _no_password() -> str:
    raise ValueError("the key has a password")


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=_TIMEOUT_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
