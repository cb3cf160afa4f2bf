"""The proxy: every byte arrives, in order, when its link says; by a clock of the test, never by the wall's."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from lightship.bench.link import FREE, Bucket, Link
from lightship.bench.proxy import Flight, LinkProxy, flight_bytes

LINK = Link(bits_per_s=8_000_000, delay_s=0.5)  # 1 MB/s


class Time:
    """A clock whose sleepers are what makes it go."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


def new_flight(time: Time, *, link: Link = LINK, bucket: Bucket | None = None, not_before: float = 0.0) -> Flight:
    bucket = bucket or Bucket(link.bytes_per_s, time.clock)
    return Flight(link, bucket, not_before=not_before, clock=time.clock, sleep=time.sleep)


def test_a_chunk_takes_its_bytes_over_the_bandwidth_and_the_delay() -> None:
    time = Time()
    flight = new_flight(time)
    flight.board(b"x" * 100_000)
    assert len(flight.land()) == 100_000
    assert time.now == pytest.approx(0.1 + 0.5)


def test_the_delay_is_paid_once_by_what_follows_closely() -> None:
    time = Time()
    flight = new_flight(time)
    arrived = []
    for _ in range(4):
        flight.board(b"x" * 100_000)
    for _ in range(4):
        flight.land()
        arrived.append(time.now)
    assert arrived == pytest.approx([0.6, 0.7, 0.8, 0.9])


def test_two_connections_share_the_bandwidth() -> None:
    time = Time()
    bucket = Bucket(LINK.bytes_per_s, time.clock)
    one, other = new_flight(time, bucket=bucket), new_flight(time, bucket=bucket)
    one.board(b"x" * 200_000)
    other.board(b"x" * 200_000)
    one.land()
    other.land()
    assert time.now == pytest.approx(0.4 + 0.5)


def test_a_sleeper_that_wakes_late_loses_no_bandwidth() -> None:
    """A busy machine oversleeps; what was due meanwhile arrives at once, so that the sum is right."""
    time = Time()
    flight = new_flight(time)
    for _ in range(3):
        flight.board(b"x" * 100_000)
    flight.land()
    time.now = 0.8
    before = len(time.slept)
    flight.land()
    flight.land()
    assert time.slept[before:] == []
    assert time.now == 0.8


def test_a_connection_is_set_up_before_it_carries_a_byte() -> None:
    time = Time()
    flight = new_flight(time, not_before=1.0)
    flight.board(b"x")
    flight.land()
    assert time.now == pytest.approx(1.5)


def test_the_end_arrives_after_everything_else() -> None:
    time = Time()
    flight = new_flight(time)
    flight.board(b"x" * 100_000)
    flight.board(b"")
    assert flight.land() == b"x" * 100_000
    assert flight.land() == b""
    assert time.now == pytest.approx(0.6)


def test_no_more_is_under_way_than_the_link_holds() -> None:
    time = Time()
    flight = new_flight(time)
    boarded = []

    def board() -> None:
        for _ in range(100):
            flight.board(b"x" * 100_000)
            boarded.append(100_000)

    thread = threading.Thread(target=board)
    thread.start()
    landed = 0
    while landed < 100 * 100_000:
        chunk = flight.land()
        assert sum(boarded) - landed <= flight_bytes(LINK) + 2 * len(chunk)
        landed += len(chunk)
    thread.join()


@pytest.mark.parametrize(
    ("link", "wanted"),
    [
        (FREE, 1 << 25),
        (Link(bits_per_s=8_000), 1 << 16),
        (LINK, 550_000),
        (Link(bits_per_s=10**11, delay_s=1), 1 << 25),
    ],
)
def test_memory_is_bounded_for_every_link(link: Link, wanted: int) -> None:
    assert flight_bytes(link) == wanted


def test_closing_wakes_who_waits() -> None:
    flight = Flight(LINK, Bucket(LINK.bytes_per_s))
    landed: list[bytes] = []
    thread = threading.Thread(target=lambda: landed.append(flight.land()))
    thread.start()
    flight.close()
    thread.join()
    assert landed == [b""]
    flight.board(b"lost")
    assert flight.land() == b""


@contextmanager
def echo() -> Iterator[tuple[str, int]]:
    """A server that sends back, doubled, what it got until the end, and then ends."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.sendall(received(connection) * 2)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listening.getsockname()
    finally:
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join()


def received(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(1 << 16), b""))


def exchange(address: tuple[str, int], said: bytes) -> bytes:
    with closing(socket.create_connection(address)) as connection:
        connection.sendall(said)
        connection.shutdown(socket.SHUT_WR)
        return received(connection)


@pytest.mark.parametrize("link", [FREE, Link(bits_per_s=10**9), Link(delay_s=0.001)], ids=str)
def test_every_byte_passes_in_both_directions(link: Link) -> None:
    said = bytes(range(256)) * 2000
    with echo() as target, LinkProxy(link, target) as proxy:
        assert exchange(proxy.address, said) == said * 2
        assert exchange(proxy.address, b"again") == b"againagain"
    assert proxy.delivered == 2 * len(said) + 10


def test_connections_are_side_by_side() -> None:
    answers: list[bytes] = []
    with echo() as target, LinkProxy(Link(bits_per_s=10**9), target) as proxy:
        idle = socket.create_connection(proxy.address)
        idle.sendall(b"not yet the end")
        threads = [
            threading.Thread(target=lambda n=n: answers.append(exchange(proxy.address, bytes([n]) * 50_000)))
            for n in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        idle.close()
    assert sorted(answers) == [bytes([n]) * 100_000 for n in range(4)]


def test_a_target_that_is_down_looks_like_a_closed_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = gone.getsockname()
    with LinkProxy(FREE, address) as proxy, closing(socket.create_connection(proxy.address)) as connection:
        assert connection.recv(1) == b""


def test_the_end_of_the_block_ends_connections() -> None:
    with echo() as target:
        with LinkProxy(LINK, target) as proxy:
            connection = socket.create_connection(proxy.address)
            connection.sendall(b"hello")
        with closing(connection), contextlib.suppress(ConnectionResetError):  # where bytes were under way
            assert connection.recv(1) == b""
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(proxy.address)
