"""A proxy on loopback in front of a server: it writes down what is asked, and fails where a test wants it to."""

import http.client
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal

__all__ = ["Asked", "Fault", "Proxy", "at", "faults"]

Fault = Literal["", "busy", "broken", "refused", "half", "unheard"]
"""``busy``, ``broken`` and ``refused`` are a 503, a 500 and a 403 of the server's own; ``half``: half of what is sent
reaches it, then both connections are reset; ``unheard``: it does what it is asked for, but its answer is lost, and the
connection reset."""

_ANSWERS = {
    "busy": (503, "SlowDown", "Please reduce your request rate."),
    "broken": (500, "InternalError", "We encountered an internal error. Please try again."),
    "refused": (403, "AccessDenied", "Access Denied."),
}
_PATIENCE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The ``number``-th request since the last `Proxy.forget`, from 1. ``status`` is what the client was answered, 0
    where the connection was cut; ``unheard`` what the server answered then."""

    number: int
    method: str
    target: str
    body_bytes: int
    status: int = 0
    unheard: int = 0

    def __str__(self) -> str:
        return f"{self.method} {self.target}"


@dataclass(slots=True)
class Proxy:
    """``rule`` is called with every request before it is passed on, one at a time, and says how it fails."""

    endpoint: str
    rule: Callable[[Asked], Fault] = lambda _: ""
    asked: list[Asked] = field(default_factory=list)
    count: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def forget(self) -> None:
        """Count from 1 again."""
        with self.lock:
            self.asked.clear()
            self.count = 0

    def methods(self, *methods: str) -> list[Asked]:
        """What was asked with these methods."""
        with self.lock:
            return [each for each in self.asked if each.method in methods]


def at(number: int, fault: Fault, *, times: int = 1) -> Callable[[Asked], Fault]:
    """A rule: the ``number``-th request and those after it fail, ``times`` in all."""

    def rule(asked: Asked) -> Fault:
        return fault if number <= asked.number < number + times else ""

    return rule


@contextmanager
def faults(endpoint: str) -> Iterator[Proxy]:
    """A `Proxy` that listens in front of ``endpoint`` until the block ends."""
    upstream = endpoint.removeprefix("http://").partition("/")[0]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # 40 ms an answer

        def log_message(self, *_: Any) -> None: ...

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self._pass
            raise AttributeError(name)

        def _pass(self) -> None:
            expected = int(self.headers.get("Content-Length", "0"))
            with proxy.lock:
                proxy.count += 1
                asked = Asked(number=proxy.count, method=self.command, target=self.path, body_bytes=expected)
                fault = proxy.rule(asked)
            body = self.rfile.read(expected // 2 if fault == "half" else expected)
            if fault == "half":
                with suppress(OSError), closing(self._send(body)) as connection:
                    _will_reset(connection.sock)
                self._done(asked, None)
            elif fault in _ANSWERS:
                self._fail(asked, *_ANSWERS[fault])
            else:
                self._forward(asked, body, heard=fault != "unheard")

        def _done(self, asked: Asked, status: int | None) -> None:
            """Written down before it is answered: who has the answer may look. Without a status all is cut."""
            with proxy.lock:
                proxy.asked.append(replace(asked, status=status or 0))
            if status is None:
                self.close_connection = True
                _will_reset(self.connection)

        def _send(self, body: bytes) -> http.client.HTTPConnection:
            connection = http.client.HTTPConnection(upstream, timeout=_PATIENCE_S)
            connection.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
            for name, value in self.headers.items():
                connection.putheader(name, value)
            try:
                connection.endheaders(body or None)
            except OSError:
                connection.close()
                raise
            return connection

        def _forward(self, asked: Asked, body: bytes, *, heard: bool) -> None:
            try:
                with closing(self._send(body)) as connection:
                    answer = connection.getresponse()
                    content = answer.read()
            except (OSError, http.client.HTTPException):
                self._done(asked, None)
                return
            if not heard:
                self._done(replace(asked, unheard=answer.status), None)
                return
            self._done(asked, answer.status)
            self.send_response_only(answer.status, answer.reason)
            for name, value in answer.getheaders():
                if name.lower() not in ("connection", "transfer-encoding"):
                    self.send_header(name, value)
            if answer.getheader("Content-Length") is None and answer.status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def _fail(self, asked: Asked, status: int, code: str, message: str) -> None:
            content = f'<?xml version="1.0"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'.encode()
            content = b"" if self.command == "HEAD" else content
            self._done(asked, status)
            self.send_response_only(status)
            self.send_header("Content-Type", "application/xml")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with _Server(("127.0.0.1", 0), Handler) as server:
        proxy = Proxy(endpoint=f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield proxy
        finally:
            server.shutdown()
            thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        """Without the orderly end that would go before a reset."""
        self.close_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was cut off, or that a test has killed, is no news."""


def _will_reset(connection: socket.socket) -> None:
    """Closed, it throws away what is on its way: SO_LINGER without time, socket(7)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
