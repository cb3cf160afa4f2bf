"""What goes wrong on a connection, as one sentence. Import it where a request is really made."""

import socket
import ssl
from collections.abc import Iterator

import httpcore2
import httpx2

from lightship.errors import NetworkError
from lightship.store.registry.retry import UNREACHED, RetryableError

__all__ = ["may_speak_otherwise", "translated"]

_NO_ANSWER = (
    ssl.SSLError,
    ConnectionError,
    httpcore2.RemoteProtocolError,
    httpcore2.ReadError,
    httpcore2.ConnectTimeout,
    httpcore2.ProxyError,
)
_TIMEOUTS = (httpx2.TimeoutException, httpcore2.TimeoutException)


def translated(error: BaseException, where: str) -> NetworkError:
    """``error`` of a request to ``where`` as a sentence; a RetryableError where it may pass."""
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NetworkError(
                f"the certificate of {where} is not trusted: {cause.verify_message}",
                hint="name the CA that signed it: --ca-file FILE, or SSL_CERT_FILE",
            )
        if isinstance(cause, socket.gaierror):
            if cause.errno == socket.EAI_AGAIN:
                return RetryableError(f"{where}: the host name cannot be looked up", hint=UNREACHED)
            return NetworkError(f"{where}: the host name is not known")
        if isinstance(cause, ConnectionRefusedError):
            return NetworkError(f"nothing listens at {where}: connection refused")
        if isinstance(cause, ssl.SSLError):
            reason = (cause.reason or "no TLS").replace("_", " ").lower()
            return NetworkError(
                f"{where} does not speak TLS as it should: {reason}", hint="--plain-http is for registries without TLS"
            )
    if isinstance(error, _TIMEOUTS):
        return RetryableError(f"{where} did not answer in time", hint=UNREACHED)
    if isinstance(error, httpx2.ProxyError | httpcore2.ProxyError):
        return NetworkError(f"the proxy refused {where}: {error!s:.200}")
    if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol | httpcore2.UnsupportedProtocol):
        return NetworkError(f"address not understood: {where}")
    if isinstance(error, httpx2.LocalProtocolError | httpcore2.LocalProtocolError):
        return NetworkError(f"request to {where} cannot be sent: {error!s:.200}")
    text = f"connection to {where} failed: {str(error) or type(error).__name__:.200}"
    return RetryableError(text, hint=UNREACHED)


def may_speak_otherwise(error: BaseException, *, has_port: bool) -> bool:
    """True when the other side may speak TLS where it was asked plainly, or the other way round: it hung up, answered
    in no known way or, where the port was not given, is not there. A certificate that was refused is an answer."""
    causes = list(_causes(error))
    if any(isinstance(cause, ssl.SSLCertVerificationError) for cause in causes):
        return False
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return not has_port
    return any(isinstance(cause, _NO_ANSWER) for cause in causes)


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
