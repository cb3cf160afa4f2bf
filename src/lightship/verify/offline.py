"""What the application asks of the network when it starts.

What it does
============
Starts the image's command once more, in a network of its own that leads nowhere, and records by an audit hook which
hosts its Python code asks for, and which line of which package that was. The hook comes from outside (a bind and
PYTHONPATH): the image is not touched. Where the application needs a service on loopback, or one that ``probe.env``
names, it is started with the host's network instead, and the hook refuses every other host.

What is asked for and not missed is a note, a known download a warning; where the start fails for want of it, it is an
error.

Why
===
Tokenizer files, word lists, models and plugins are fetched at the first start. It works on the laptop, takes a minute
in the cluster, and fails behind a firewall or on the day the other side is down.

Bad
===
The planted fault: ``urllib.request.urlopen("https://models.example/tokenizer.json")`` when a module is imported.

Good
====
The file lies in the image, and a variable says where.

References
==========
PEP 578, "Python Runtime Audit Hooks"; docs.python.org/3.11/library/audit_events.html.
"""

import ipaddress
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lightship.findings import Finding, Kind
from lightship.rootfs.links import read_file
from lightship.sandbox.protocol import Bind
from lightship.verify.check import Check
from lightship.verify.downloads import known_download
from lightship.verify.inside_runner import START_SWITCH, Inside, scratch_directory
from lightship.verify.subject import Subject

__all__ = ["ALIVE_S", "CHECK", "Request"]

_ASKS = Kind(code="network-asked", severity="note", title="the start asks a host of the network")
_UNSEEN = Kind(code="network-unseen", severity="note", title="what the start asks for could not be seen")
_FAILS = Kind(code="offline-start", severity="error", title="the application does not start without network")

ALIVE_S = 3.0
"""How long a command without a probe must stay alive to count as started."""

_HOOK = "/run/lightship/hook"
_RECORD = "/run/lightship/reach/asked.jsonl"
_MOST_BYTES = 64 << 20
_TRANSPORTS = frozenset(
    {"aiohappyeyeballs", "aiohttp", "anyio", "eventlet", "gevent", "h11", "h2", "httpcore", "httpx", "httpx2", "hyper",
     "pycurl", "requests", "sniffio", "tenacity", "urllib3", "uvloop", "websocket-client", "websockets"}
)  # fmt: skip
"""Distributions that carry others' requests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One host that was asked for. ``frames`` are (file, line, function), innermost first."""

    host: str
    port: str
    frames: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """What `offline_worker.py` answers; ``status`` is None for what was still running."""

    ready: bool
    status: int | None
    tail: tuple[str, ...]

    @classmethod
    def of(cls, said: Any) -> "_Answer":
        status = said["status"]
        return cls(
            ready=said["ready"] is True,
            status=None if status is None else int(status),
            tail=tuple(str(line) for line in said["tail"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Begun:
    """One start; ``seen`` where a Python of the application took the hook."""

    answer: _Answer
    seen: bool
    asked: tuple[Request, ...]


def _run(subject: Subject) -> Iterator[Finding]:
    if subject.inside is None or subject.python is None:
        return
    argv = (*subject.runtime.entrypoint, *subject.runtime.cmd)
    if not argv:
        return
    begun = _started(subject, subject.inside, argv, network=False)
    how = "without network"
    local = any(_is_loopback(one.host) for one in begun.asked) or _names_services(subject)
    if not begun.answer.ready and local:
        begun = _started(subject, subject.inside, argv, network=True)
        how = "with loopback alone"
    remote = [one for one in begun.asked if not _is_loopback(one.host) and not _is_given(subject, one)]
    by_host: dict[str, list[Request]] = {}
    for one in remote:
        by_host.setdefault(one.host, []).append(one)
    fatal = not begun.answer.ready and bool(by_host)
    for host, requests in sorted(by_host.items()):
        yield _told(subject, host, requests, fatal=fatal)
    if not begun.seen:
        yield _UNSEEN.finding(
            "no Python of the application took the hook: it ignores PYTHONPATH (-I, -E), or is not started",
            location=" ".join(argv),
        )
    if not begun.answer.ready:
        yield _FAILS.finding(
            f"started {how}, it {_ended(begun.answer)}",
            location=" ".join(argv),
            severity=None if fatal else "note",
            fix="put what it fetches into the image" if fatal else "give the services that it needs with --probe-env",
        )


def _ended(answer: _Answer) -> str:
    said = "; ".join(line for line in answer.tail[-3:] if line.strip())
    how = "was not ready in time" if answer.status is None else f"ended with status {answer.status}"
    return f"{how}: {said[-600:]}" if said else how


def _started(subject: Subject, inside: Inside, argv: Sequence[str], *, network: bool) -> "_Begun":
    """Start it once under the hook."""
    python = subject.python.executable if subject.python else ""
    probe = subject.probe
    timeout_s = probe.timeout_s if probe is not None else ALIVE_S
    with scratch_directory() as hook, scratch_directory() as record:
        shutil.copy(Path(__file__).parent / "inside" / "reach_worker.py", hook / "sitecustomize.py")
        (record / "asked.jsonl").touch()
        given = {**subject.runtime.environment, **inside.options.env}
        env = {"LIGHTSHIP_REACH": _RECORD, START_SWITCH: given.get(START_SWITCH, "1")}
        before = given.get("PYTHONPATH", "")
        env["PYTHONPATH"] = f"{_HOOK}:{before}" if before else _HOOK
        if network:
            env["LIGHTSHIP_REACH_ALLOWED"] = ",".join(sorted(_hosts(inside.options.env)))
        request = {
            "argv": list(argv),
            "env": env,
            "url": probe.http if probe is not None else None,
            "timeout_s": timeout_s,
            "alive_s": ALIVE_S,
        }
        binds = (
            Bind(source=hook, target=_HOOK),
            Bind(source=record, target=_RECORD.rpartition("/")[0], writable=True),
        )
        answer = inside.run(
            "offline_worker.py",
            python,
            request,
            timeout_s=timeout_s + 60,
            binds=binds,
            network=network,
            parse=_Answer.of,
        )
        seen, asked = _read(record)
        return _Begun(answer=answer, seen=seen, asked=asked)


def _read(record: Path) -> tuple[bool, tuple[Request, ...]]:
    """Whether the hook was there, and what it wrote. The application could write there too: lines that are none are
    passed over."""
    found, seen = [], False
    raw = read_file(record, "asked.jsonl", limit_bytes=_MOST_BYTES) or b""
    for line in raw.splitlines():
        try:
            said = json.loads(line)
            frames = tuple((str(file), int(number), str(name)) for file, number, name in said["frames"])
            seen = seen or said["event"] == "python"
            if said["host"]:
                found.append(Request(host=str(said["host"]), port=str(said["port"]), frames=frames))
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return seen, tuple(found)


def _is_loopback(host: str) -> bool:
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host in ("localhost", "ip6-localhost") or host.endswith(".localhost")
    return address.is_loopback or address.is_unspecified


def _is_given(subject: Subject, request: Request) -> bool:
    """Whether it asks for a service: one that the probe's environment names, or the image's own, which may as well
    name where it downloads from."""
    if request.host in _hosts(subject.inside.options.env if subject.inside else {}):
        return True
    packages = tuple(_owner(subject, file) for file, _, _ in request.frames)
    return request.host in _hosts(subject.runtime.environment) and known_download(request.host, packages) is None


def _hosts(environment: Mapping[str, str]) -> frozenset[str]:
    """Words of the values of ``environment`` that a host may be called."""
    words = {
        word
        for value in environment.values()
        for word in value.replace("/", " ").replace("@", " ").replace(":", " ").replace(",", " ").split()
    }
    return frozenset(word for word in words if "." in word or word.isalpha())


def _names_services(subject: Subject) -> bool:
    given = subject.inside.options.env if subject.inside else {}
    return any(_is_loopback(word) for word in _hosts({**subject.runtime.environment, **given}))


def _told(subject: Subject, host: str, requests: Sequence[Request], *, fatal: bool) -> Finding:
    best = max(requests, key=lambda one: len(one.frames))
    packages = tuple(dict.fromkeys(_owner(subject, file) for file, _, _ in best.frames))
    who = _asker(subject, best)
    download = known_download(host, packages)
    ports = sorted({one.port for one in requests} - {""})
    port = f" (port {', '.join(ports)})" if ports else ""
    where = f"{who[0]}:{who[1]}" if who else ""
    owner = _owner(subject, who[0]) if who else ""
    caller = next((f"{file}:{line}" for file, line, _ in best.frames if _owner(subject, file) == "application"), "")
    asked_by = f"{owner or 'something'} in {who[2]}" if who else "something that Python does not show"
    via = f", called from {caller}" if caller and caller != where else ""
    what = f": {download.what}" if download is not None else ""
    return _ASKS.finding(
        f"{host}{port} is asked by {asked_by}{via}{what}",
        location=where,
        severity="error" if fatal else "warning" if download is not None else None,
        fix=download.fix if download is not None else "put what it fetches into the image, or turn it off",
    )


def _asker(subject: Subject, request: Request) -> tuple[str, int, str] | None:
    """The innermost frame that is neither the standard library's nor that of a package which carries requests."""
    own = [frame for frame in request.frames if _owner(subject, frame[0]) not in ("", *_TRANSPORTS)]
    return own[0] if own else (request.frames[0] if request.frames else None)


def _owner(subject: Subject, file: str) -> str:
    """The distribution of a source file; ``application`` for what is no distribution's, "" for the standard library."""
    path = file.lstrip("/")
    owned = subject.owned.get(path)
    if owned is not None:
        return owned
    stdlib = subject.python.stdlib.strip("/") if subject.python else ""
    in_site = any(path.startswith(f"{site}/") for site in subject.sites)
    return "" if path.startswith(f"{stdlib}/") and not in_site else "application"


CHECK = Check(name="offline", kinds=(_ASKS, _UNSEEN, _FAILS), run=_run, doc=__doc__)
