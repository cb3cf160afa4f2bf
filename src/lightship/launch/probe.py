"""Ask a started application whether it works: readiness over HTTP, then requests or a command.

Only the addresses that a probe names are asked; redirects are an answer and are not followed.
"""

import contextlib
import http.client
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from lightship.errors import FindingError, InputError, LightshipError, UsageError
from lightship.launch.requests import HttpRequest, parse_requests
from lightship.launch.running import Running, start
from lightship.sandbox.protocol import Command, Sandbox

__all__ = ["Check", "Probe", "ProbeOutcome", "ensure_unused", "load_probe", "probe", "run_check"]

_INTERVAL_S = 0.02
_REQUEST_TIMEOUT_S = 30.0
_SERVER_ERROR = 500
_MOST_BODY_BYTES = 16 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How to find out that an application works. ``http`` is ready when it answers with a status below 400;
    ``requests`` and ``command`` (in a sandbox of its own, with the same root, environment and network) follow."""

    http: str | None = None
    timeout_s: float = 60.0
    requests: tuple[HttpRequest, ...] = ()
    command: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.http is None and not self.command:
            raise UsageError(
                "nothing to probe: want a URL or a command", hint="set http or command in [probe] of lightship.toml"
            )
        if self.http is not None:
            try:
                parts = urlsplit(self.http)
                known = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
                (parts.hostname or "").encode("idna")  # as a connection does
            except ValueError:  # brackets without an address, a port past 65535, a name that DNS cannot hold
                known = None
            if not known or not self.http.isascii() or not self.http.isprintable():
                raise UsageError(f"probe not understood: want an http URL, got {self.http!r}")
        elif self.requests:
            raise UsageError("requests need a URL that says when the application is ready")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One request or command; ``detail`` says what was wrong."""

    name: str
    ok: bool
    seconds: float
    detail: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeOutcome:
    """``start_s`` until the command was executed, ``ready_s`` from before the start until ready."""

    start_s: float
    ready_s: float
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        return all(check.ok for check in self.checks)


def load_probe(
    *, http: str | None, timeout_s: float = 60.0, requests: Path | None = None, command: tuple[str, ...] = ()
) -> Probe:
    """A probe as configured; ``requests`` is a ``.http`` file, whose relative URLs are joined to ``http``."""
    read: tuple[HttpRequest, ...] = ()
    if requests is not None:
        try:
            read = parse_requests(requests.read_text(encoding="utf-8"), base=http or "")
        except (OSError, UnicodeDecodeError) as error:
            raise InputError(f"cannot read {requests}: {error}") from error
        except InputError as error:
            raise InputError(f"{requests}: {error}") from error
    return Probe(http=http, timeout_s=timeout_s, requests=read, command=command)


def ensure_unused(url: str) -> None:
    """Raise UsageError when something answers at ``url`` already: a probe would believe it instead."""
    parts = urlsplit(url)
    with contextlib.suppress(OSError), socket.create_connection(_address(parts), timeout=1):
        raise UsageError(f"something else answers at {parts.netloc}", hint="stop it, or probe another port")


def probe(
    running: Running, wanted: Probe, sandbox: Sandbox, *, on_ready: Callable[[], None] = lambda: None
) -> ProbeOutcome:
    """Wait until ``running`` is ready, call ``on_ready``, then make every check.

    A check that fails is in the outcome. Raise FindingError when the application ends or ``timeout_s`` passes
    before it is ready; the message ends with its last lines.
    """
    if wanted.http is not None:
        _wait_until_ready(running, wanted.http, wanted.timeout_s)
    ready_s = time.monotonic() - running.started_at
    on_ready()
    checks = [_request_check(running, request) for request in wanted.requests]
    if wanted.command:
        beside = replace(running.command, argv=wanted.command)
        checks.append(run_check(sandbox, beside, wanted.timeout_s))
    return ProbeOutcome(start_s=running.start_s, ready_s=ready_s, checks=tuple(checks))


def _wait_until_ready(running: Running, url: str, timeout_s: float) -> None:
    deadline = running.started_at + timeout_s
    seen = "no answer"
    pause_s = _INTERVAL_S
    while True:
        if running.status is not None:
            raise FindingError(
                f"the application ended with status {running.status} before it was ready{_said(running)}"
            )
        left = deadline - time.monotonic()
        if left <= 0:
            raise FindingError(f"the application was not ready within {timeout_s:g} s ({seen}){_said(running)}")
        try:
            status, _ = _ask(HttpRequest(name="ready", url=url), timeout_s=max(0.1, min(left, _REQUEST_TIMEOUT_S)))
        except (OSError, http.client.HTTPException) as error:
            seen = str(error) or type(error).__name__
        else:
            if status < 400 and running.status is None:
                return
            seen = f"status {status}"
            # it answers: asked too often, the end of its log would show us and nothing else
            pause_s = min(pause_s * 1.5, 0.5)
        time.sleep(pause_s)


def _said(running: Running) -> str:
    lines = [line for line in running.tail if line.strip()][-15:]
    return "; it said:\n" + "\n".join(f"  {line}" for line in lines) if lines else "; it said nothing"


def _request_check(running: Running, request: HttpRequest) -> Check:
    began = time.monotonic()
    try:
        status, body = _ask(request, timeout_s=_REQUEST_TIMEOUT_S)
    except (OSError, http.client.HTTPException) as error:
        ended = "" if running.status is None else f", the application ended with status {running.status}"
        wrong = f"no answer: {error or type(error).__name__}{ended}"
    else:
        wrong = _complaint(request, status, body)
        if wrong and status >= _SERVER_ERROR:  # its own log says more than the page that it shows everybody
            wrong += _said(running)
    return Check(name=request.name, ok=not wrong, seconds=time.monotonic() - began, detail=wrong)


def _complaint(request: HttpRequest, status: int, body: bytes) -> str:
    if status != request.status if request.status is not None else status >= 400:
        wanted = request.status if request.status is not None else "a status below 400"
        return f"want {wanted}, got {status}: {_in_short(body)}"
    if request.contains.encode() not in body:
        return f"want {request.contains!r} in the answer, got {_in_short(body)}"
    return ""


def _in_short(body: bytes) -> str:
    """The beginning of an answer, on one line."""
    return " ".join(body[:400].decode(errors="replace").split())[:200]


def run_check(sandbox: Sandbox, command: Command, timeout_s: float) -> Check:
    """Run ``command`` to its end: good when it ends with status 0 within ``timeout_s``."""
    name = " ".join(command.argv)
    began = time.monotonic()
    try:
        with start(sandbox, command) as running:
            while running.status is None and time.monotonic() - began < timeout_s:
                time.sleep(_INTERVAL_S)
            status, tail = running.status, "\n".join(running.tail[-15:])
    except LightshipError as error:
        return Check(name=name, ok=False, seconds=time.monotonic() - began, detail=str(error))
    seconds = time.monotonic() - began
    if status == 0:
        return Check(name=name, ok=True, seconds=seconds)
    said = f"ended with status {status}" if status is not None else f"did not end within {timeout_s:g} s"
    return Check(name=name, ok=False, seconds=seconds, detail=f"{said}: {tail}")


def _ask(request: HttpRequest, *, timeout_s: float) -> tuple[int, bytes]:
    parts = urlsplit(request.url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with contextlib.closing(_connection(parts, timeout_s)) as connection:
        headers = {"Host": parts.netloc.rpartition("@")[2], "Connection": "close"} | dict(request.headers)
        connection.request(request.method, path, request.body or None, headers)
        with connection.getresponse() as response:
            return response.status, b"".join(_limited(response))


def _limited(response: http.client.HTTPResponse) -> Iterator[bytes]:
    left = _MOST_BODY_BYTES
    while left > 0 and (chunk := response.read(min(left, 1 << 16))):
        left -= len(chunk)
        yield chunk


def _connection(parts: SplitResult, timeout_s: float) -> http.client.HTTPConnection:
    host, port = _address(parts)
    if parts.scheme == "https":
        # an application under test signs its own certificate; what is asked is whether it answers
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        return http.client.HTTPSConnection(host, port, timeout=timeout_s, context=context)
    return http.client.HTTPConnection(host, port, timeout=timeout_s)


def _address(parts: SplitResult) -> tuple[str, int]:
    return parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
