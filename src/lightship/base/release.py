"""``InRelease``: what a suite holds, signed. DebianRepository/Format (Debian wiki, 2024-09), apt-secure(8).

The signature is checked with Sequoia. One good signature by a key of the keyring is enough: archives sign with the
keys of several releases, and a keyring need not know them all.
"""

import datetime
import email.utils
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lightship.ecosystem.dpkg import parse_paragraphs
from lightship.errors import ArchiveError, MismatchError

if TYPE_CHECKING:
    from pysequoia import Cert

__all__ = ["IndexFile", "Release", "parse_release", "smallest_index", "verify_clearsigned", "verify_release"]

_SKEW = datetime.timedelta(hours=1)
"""A host's clock may be behind: apt's own tolerance is ten seconds (Acquire::Max-FutureTime), laptops need more."""
_BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----"
_SHA256 = re.compile(r"([0-9a-f]{64})\s+([0-9]+)\s+(\S+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """A file of the suite: path below the suite's directory."""

    path: str
    sha256: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """A suite at a date. ``automatic`` is False for suites that apt takes from only when told (backports)."""

    origin: str
    suite: str
    codename: str
    version: str
    date: datetime.datetime
    valid_until: datetime.datetime | None
    architectures: tuple[str, ...]
    components: tuple[str, ...]
    by_hash: bool
    automatic: bool
    files: dict[str, IndexFile]

    @property
    def distribution(self) -> str:
        """The release that the suite belongs to: ``bookworm`` for ``bookworm-security``."""
        return re.split(r"[-/]", self.codename, maxsplit=1)[0]


def verify_release(
    raw: bytes, certs: "Sequence[Cert]", *, what: str, at: datetime.datetime, check_valid_until: bool = True
) -> Release:
    """The release that ``raw`` (an InRelease) holds, when its signature and dates are good at ``at``.

    Raise MismatchError, naming ``what``, for an unsigned, tampered, foreign, expired or future one.
    """
    release = parse_release(verify_clearsigned(raw, certs, what=what), what=what)
    if release.date > at + _SKEW:
        raise MismatchError(
            f"{what} is from the future: it is dated {_day(release.date)}, here it is {_day(at)}",
            hint="check the clock of this machine",
        )
    if check_valid_until and release.valid_until is not None and release.valid_until < at:
        raise MismatchError(
            f"{what} is expired: it was valid until {_day(release.valid_until)}, here it is {_day(at)}",
            hint="the archive or a mirror is stale, or the clock is wrong; a snapshot needs check-valid-until = false",
        )
    return release


def verify_clearsigned(raw: bytes, certs: "Sequence[Cert]", *, what: str) -> str:
    """The signed text of a clearsigned message (RFC 9580, 7); text around the signature is not part of it."""
    import pysequoia

    if not raw.lstrip().startswith(_BEGIN):
        raise MismatchError(f"{what} is not signed: want a clearsigned message, got {raw[:40]!r}")
    if not certs:
        raise MismatchError(f"{what} cannot be verified: the keyring holds no key", hint="set archive.keyring")
    asked: list[str] = []

    def lookup(key_ids: Sequence[str]) -> "list[Cert]":
        asked.extend(key_ids)
        return list(certs)

    try:
        verified = pysequoia.verify(bytes=raw, store=lookup)
    except Exception as error:  # the library raises bare Exception and ValueError for every fault
        raise MismatchError(
            f"{what} has no good signature: want one by a key of the keyring, got {_reason(error)} (signed by "
            f"{', '.join(key[-16:] for key in asked) or 'nobody'})",
            hint="the archive was tampered with, or its keyring package is missing or old",
        ) from error
    if not verified.valid_sigs or verified.bytes is None:
        raise MismatchError(f"{what} has no good signature")
    return verified.bytes.decode("utf-8", errors="replace")


def _reason(error: Exception) -> str:
    said = str(error).strip().splitlines()
    return said[-1] if said else type(error).__name__


def parse_release(text: str, *, what: str) -> Release:
    """Read a Release; raise ArchiveError for one without the fields that trust rests on."""
    paragraphs = list(parse_paragraphs(text, what=what))
    if len(paragraphs) != 1:
        raise ArchiveError(f"{what} not understood: want one paragraph, got {len(paragraphs)}")
    fields = paragraphs[0]
    if "date" not in fields or "sha256" not in fields:
        raise ArchiveError(f"{what} not understood: want the fields Date and SHA256, got {', '.join(fields)}")
    files = {}
    for line in filter(None, fields["sha256"].splitlines()):
        match = _SHA256.fullmatch(line.strip())
        if match is None:
            raise ArchiveError(f"{what} not understood: want 'sha256 size path', got {line[:80]!r}")
        files[match[3]] = IndexFile(path=match[3], sha256=match[1], size_bytes=int(match[2]))
    until = fields.get("valid-until")
    return Release(
        origin=fields.get("origin", ""),
        suite=fields.get("suite", ""),
        codename=fields.get("codename") or fields.get("suite", ""),
        version=fields.get("version", ""),
        date=_date(fields["date"], what),
        valid_until=_date(until, what) if until else None,
        architectures=tuple(fields.get("architectures", "").split()),
        components=tuple(fields.get("components", "").split()),
        by_hash=fields.get("acquire-by-hash", "").lower() == "yes",
        automatic=fields.get("notautomatic", "").lower() != "yes",
        files=files,
    )


def smallest_index(release: Release, path: str, suffixes: Sequence[str]) -> IndexFile | None:
    """The smallest compressed form of ``path`` that the release lists, among ``suffixes``; the plain one when that
    is empty or the only one, as archives list it without keeping it."""
    plain = release.files.get(path)
    if plain is not None and not plain.size_bytes:
        return plain
    listed = [release.files[path + suffix] for suffix in suffixes if path + suffix in release.files]
    return min(listed, key=lambda index: index.size_bytes, default=plain)


def _date(text: str, what: str) -> datetime.datetime:
    try:
        when = email.utils.parsedate_to_datetime(text)
    except ValueError as error:
        raise ArchiveError(f"{what}: date not understood: {text!r}") from error
    return when if when.tzinfo else when.replace(tzinfo=datetime.UTC)


def _day(when: datetime.datetime) -> str:
    return when.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC")
