"""Tells which hosts Python code of the application asks for, and which code that was. Standard library only, 3.8+.

Shown inside as ``sitecustomize.py`` on PYTHONPATH, so that every Python of the application has it. PEP 578 audit events
``socket.getaddrinfo``, ``socket.gethostbyname``, ``socket.connect``, ``http.client.connect`` and ``urllib.Request``;
what native code asks without Python's socket module is not seen. With LIGHTSHIP_REACH_ALLOWED set, hosts that are
neither there nor on loopback cannot be reached.
"""

import json
import os
import sys
import threading
from types import FrameType
from typing import Any, Dict, List, Optional, Set, Tuple, Union

RECORD = os.environ.get("LIGHTSHIP_REACH", "")
ALLOWED = os.environ.get("LIGHTSHIP_REACH_ALLOWED")
MOST_FRAMES = 60
MOST_LINES = 2000
_busy = threading.local()
_seen: Set[Any] = set()


def hook(event: str, arguments: Tuple[Any, ...]) -> None:
    if not event.startswith(("socket.", "http.client.connect", "urllib.Request")) or getattr(_busy, "now", False):
        return
    asked = None
    _busy.now = True
    try:
        asked = target(event, arguments)
        if asked is not None:
            record(event, asked)
    except Exception:  # whatever is odd in it must not end the application
        asked = None
    finally:
        _busy.now = False
    if asked is not None and ALLOWED is not None and event != "urllib.Request":
        refuse(event, asked[0])


def target(event: str, arguments: Tuple[Any, ...]) -> Optional[Tuple[str, Union[int, str]]]:
    """Host, port and address of what is asked for; None for other things than the network."""
    if event in ("socket.getaddrinfo", "socket.gethostbyname"):
        host, port = arguments[0], arguments[1] if len(arguments) > 1 else None
    elif event == "socket.connect":
        address = arguments[1]
        if not isinstance(address, tuple) or len(address) < 2:
            return None
        host, port = address[0], address[1]
    elif event == "http.client.connect":
        host, port = arguments[1], arguments[2]
    elif event == "urllib.Request":
        from urllib.parse import urlsplit

        parts = urlsplit(arguments[0])
        host, port = parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    else:
        return None
    if isinstance(host, (bytes, bytearray)):
        host = bytes(host).decode("ascii", "replace")
    if not host:
        return None
    return str(host), port if isinstance(port, int) else str(port or "")


def record(event: str, asked: Tuple[str, Union[int, str]]) -> None:
    frames: List[List[Any]] = []
    frame: Optional[FrameType] = sys._getframe(2)  # noqa: SLF001 - the documented way to the caller
    while frame is not None and len(frames) < MOST_FRAMES:
        code = frame.f_code
        if not code.co_filename.startswith("<frozen") and code.co_filename != __file__:
            frames.append([code.co_filename, frame.f_lineno, code.co_name])
        frame = frame.f_back
    key = (event, asked, tuple(map(tuple, frames)))
    if key in _seen or len(_seen) > MOST_LINES:
        return
    _seen.add(key)
    write({"event": event, "host": asked[0], "port": asked[1], "frames": frames})


def write(line: Dict[str, Any]) -> None:
    # opened each time: an application may close every descriptor it does not know
    descriptor = os.open(RECORD, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        os.write(descriptor, json.dumps(line).encode() + b"\n")
    finally:
        os.close(descriptor)


def refuse(event: str, host: str) -> None:
    import ipaddress
    import socket

    if host in (ALLOWED or "").split(",") or host in ("localhost", "0.0.0.0", "::", "ip6-localhost"):  # noqa: S104
        return
    try:
        if ipaddress.ip_address(host.partition("%")[0]).is_loopback:
            return
    except ValueError:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution") from None
    if event == "socket.connect":
        raise OSError(101, "Network is unreachable")


def hand_on() -> None:
    """The image's own sitecustomize, which this one stands before."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or ".") != folder]
    sys.modules.pop("sitecustomize", None)
    try:
        import sitecustomize  # type: ignore[import-not-found,unused-ignore]  # noqa: F401
    except ImportError:
        pass


if RECORD:
    try:
        write({"event": "python", "host": "", "port": "", "frames": []})
        sys.addaudithook(hook)
    except OSError:
        pass
    hand_on()
