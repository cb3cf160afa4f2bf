"""A TCP proxy on loopback that makes what is behind it as far and as slow to reach as a link. No root is needed.

Shaped are the bytes of TCP's payload: headers of packets, loss and TCP's slow start are not imitated, so a pull through
this proxy is no slower than on a real link of these figures. A connection costs one round trip before its first byte,
as TCP's handshake does; each direction has the whole bandwidth, shared by all connections.
"""

import collections
import contextlib
import math
import socket
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from lightship.bench.link import Bucket, Link
from lightship.errors import NetworkError

__all__ = ["Flight", "LinkProxy", "flight_bytes"]

_QUANTUM_S = 0.002
_SMALLEST_QUANTUM = 1448  # TCP's payload of an Ethernet frame: 1500 - 20 - 20 - 12 (timestamps)
_LARGEST_QUANTUM = 1 << 16
_AHEAD_S = 0.05
_LEAST_FLIGHT_BYTES = 1 << 16
_MOST_FLIGHT_BYTES = 1 << 25


class Flight:
    """Chunks of one direction of one connection between the end they came from and the one they go to.

    `board` waits while more than the link can hold is under way (its bandwidth times its delay, and a router's short
    queue): the bound on memory. `land` waits until the next chunk has arrived. One thread calls each.
    """

    def __init__(
        self,
        link: Link,
        bucket: Bucket,
        *,
        not_before: float = -math.inf,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._delay_s = link.delay_s
        self._bucket = bucket
        self._not_before = not_before
        self._clock = clock
        self._sleep = sleep
        self._room = flight_bytes(link)
        self._chunks: collections.deque[tuple[float, bytes]] = collections.deque()
        self._changed = threading.Condition()
        self._closed = False

    def board(self, chunk: bytes) -> None:
        """Send ``chunk`` on its way; empty: the end. Nothing is taken after `close`."""
        with self._changed:
            while self._room < 0 and not self._closed:
                self._changed.wait()
            if self._closed:
                return
            self._room -= len(chunk)
        due = max(self._bucket.take(len(chunk)), self._not_before) + self._delay_s
        with self._changed:
            self._chunks.append((due, chunk))
            self._changed.notify_all()

    def land(self) -> bytes:
        """The next chunk, once it has arrived; empty at the end and after `close`."""
        with self._changed:
            while not self._chunks and not self._closed:
                self._changed.wait()
            if self._closed:
                return b""
            due, chunk = self._chunks.popleft()
        # waited for in steps, so that a clock of a test is asked again
        while (left := due - self._clock()) > 0:
            self._sleep(left)
        with self._changed:
            self._room += len(chunk)
            self._changed.notify_all()
        return chunk

    def close(self) -> None:
        """Wake both ends: nothing arrives any more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


def flight_bytes(link: Link) -> int:
    """How much of one direction may be under way: as much as the link holds, and 50 ms of its bandwidth queued."""
    if link.bits_per_s is None:
        return _MOST_FLIGHT_BYTES
    wanted = int(link.bytes_per_s * (link.delay_s + _AHEAD_S))
    return min(max(wanted, _LEAST_FLIGHT_BYTES), _MOST_FLIGHT_BYTES)


class LinkProxy:
    """Listens on a free port of loopback and passes every connection on to ``target``; a context manager.

    ``delivered`` counts the bytes that reached those who connect.
    """

    def __init__(self, link: Link, target: tuple[str, int]) -> None:
        self._link = link
        self._target = target
        self._down, self._up = Bucket(link.bytes_per_s), Bucket(link.bytes_per_s)
        self._quantum = _quantum(link)
        self._lock = threading.Lock()
        self._flights: list[Flight] = []
        self._sockets: list[socket.socket] = []
        self._closed = False
        self.delivered = 0
        try:
            self._listening = socket.create_server(("127.0.0.1", 0), backlog=64)
        except OSError as error:
            raise NetworkError(f"cannot listen on loopback: {error.strerror}") from error
        self.address: tuple[str, int] = self._listening.getsockname()
        self._accepting = threading.Thread(target=self._accept, name="lightship-link", daemon=True)

    def __enter__(self) -> Self:
        self._accepting.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._closed = True
            flights, sockets = list(self._flights), list(self._sockets)
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        for flight in flights:
            flight.close()
        for each in sockets:
            _end(each)
        self._accepting.join(5)

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:  # closed: the block has ended
                return
            self._connect(near)

    def _connect(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._target, timeout=10)
        except OSError:
            near.close()  # who connected sees a closed connection, as from a registry that is down
            return
        open_at = time.monotonic() + 2 * self._link.delay_s
        up = Flight(self._link, self._up, not_before=open_at)
        down = Flight(self._link, self._down, not_before=open_at)
        with self._lock:
            if self._closed:
                near.close()
                far.close()
                return
            self._flights += (up, down)
            self._sockets += (near, far)
        for each in (near, far):
            each.settimeout(None)
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        started = [
            _thread(self._board, near, up),
            _thread(self._board, far, down),
            _thread(self._land, up, far, False),
            _thread(self._land, down, near, True),
        ]
        _thread(self._finish, started, (near, far))

    def _finish(self, threads: list[threading.Thread], ends: tuple[socket.socket, socket.socket]) -> None:
        for each in threads:
            each.join()
        for end in ends:
            _end(end)
        with self._lock:
            self._sockets = [each for each in self._sockets if each not in ends]

    def _board(self, source: socket.socket, flight: Flight) -> None:
        chunk = b"first"
        while chunk:
            try:
                chunk = source.recv(self._quantum)
            except OSError:
                chunk = b""
            flight.board(chunk)

    def _land(self, flight: Flight, target: socket.socket, is_counted: bool) -> None:
        while chunk := flight.land():
            try:
                target.sendall(chunk)
            except OSError:  # who asked went away: the other direction ends by itself
                flight.close()
                break
            if is_counted:
                with self._lock:
                    self.delivered += len(chunk)
        with contextlib.suppress(OSError):
            target.shutdown(socket.SHUT_WR)


def _quantum(link: Link) -> int:
    if link.bits_per_s is None:
        return _LARGEST_QUANTUM
    return min(max(int(link.bytes_per_s * _QUANTUM_S), _SMALLEST_QUANTUM), _LARGEST_QUANTUM)


def _thread(work: Callable[..., None], *arguments: object) -> threading.Thread:
    thread = threading.Thread(target=work, args=arguments, name=f"lightship-link-{work.__name__}", daemon=True)
    thread.start()
    return thread


def _end(each: socket.socket) -> None:
    with contextlib.suppress(OSError):
        each.shutdown(socket.SHUT_RDWR)
    each.close()
