"""What was seen of a site: each address with what every kind of client got, values only. Nothing here asks or judges.

A *client* is what is said in ``Accept-Encoding`` (RFC 9110, 12.5.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lightship.assets.kinds import HASHED_FOLDERS, is_hashed
from lightship.assets.verify.urls import origin_of, path_of

__all__ = ["CLIENTS", "Asset", "Client", "Former", "Reply", "Site", "Use"]

Client = Literal["identity", "gzip", "br"]

CLIENTS: dict[Client, str] = {"identity": "identity", "gzip": "gzip", "br": "gzip, deflate, br"}
"""The last is what browsers say; one that has gzip alone answers it with that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One answer. ``status`` is 0 where there was none, and ``fault`` says why. ``sha256`` and ``plain_bytes`` are of
    the body without its content codings; where these are broken ``broken`` says how and ``sha256`` is empty. ``begin``
    are the first bytes of it. ``hops`` are the addresses that led on. ``skipped``: it was not asked, see ``fault``."""

    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body_bytes: int = 0
    plain_bytes: int = 0
    sha256: str = ""
    begin: bytes = b""
    broken: str = ""
    fault: str = ""
    hops: tuple[str, ...] = ()
    skipped: bool = False

    @property
    def encoding(self) -> str:
        """The content coding, "" for none."""
        said = self.headers.get("content-encoding", "").strip().lower()
        return "" if said == "identity" else said

    @property
    def media_type(self) -> str:
        """Without its parameters, in lower case."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def lists(self, header: str) -> tuple[str, ...]:
        """The members of a header that is a list, in lower case."""
        return tuple(filter(None, (word.strip().lower() for word in self.headers.get(header, "").split(","))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """That a document asks for an address: ``kind`` as `lightship.assets.references` has it. ``certain`` is False for
    what was found in a script's texts, which may be something else. ``crossorigin``: another origin must allow it."""

    url: str
    by: str
    kind: str
    certain: bool = True
    crossorigin: bool = False
    integrity: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """One address. ``own``: the site's, or a CDN's that was named; others are asked for what a page needs and no more.
    ``again`` was asked with the ETag that ``replies["gzip"]`` had, ``other`` with one that is nobody's, ``part`` for a
    range, ``head`` with HEAD. ``folders`` are those of hashed names alone. ``file_sha256`` is of the file that it
    should be, None where none is known. ``digests`` are what an integrity attribute may name. ``worth``: some
    client got it uncompressed, and gzip would make it 5 % smaller. ``policies`` are what a page says of itself."""

    url: str
    uses: tuple[Use, ...] = ()
    own: bool = True
    page: bool = False
    site_origin: str = ""
    replies: Mapping[Client, Reply] = field(default_factory=dict)
    head: Reply | None = None
    again: Reply | None = None
    other: Reply | None = None
    part: Reply | None = None
    part_holds: bool = True
    folders: tuple[str, ...] = ()
    file_sha256: str | None = None
    file_bytes: int | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    worth: bool = False
    policies: tuple[str, ...] = ()

    @property
    def good(self) -> dict[Client, Reply]:
        """Those answers that are 200 and whole."""
        return {client: reply for client, reply in self.replies.items() if reply.status == 200 and not reply.fault}

    @property
    def plain(self) -> Reply | None:
        """What a client without any coding got, if that was good; else what another got."""
        good = self.good
        return good.get("identity") or next(iter(good.values()), None)

    @property
    def kinds(self) -> frozenset[str]:
        """What it is asked for as."""
        return frozenset(use.kind for use in self.uses)

    @property
    def suffix(self) -> str:
        """Of its name, without the dot, in lower case."""
        name = path_of(self.url).rpartition("/")[2]
        return name.rpartition(".")[2].lower() if "." in name else ""

    @property
    def crosses(self) -> bool:
        """Whether it lies in another origin than the site."""
        return origin_of(self.url) != self.site_origin

    @property
    def hashed(self) -> bool:
        """Whether its name changes with its content."""
        path = path_of(self.url)
        for folder in HASHED_FOLDERS:  # below a CDN's prefix as well
            if f"/{folder}/" in f"/{path}":
                return not path.endswith((".html", ".htm"))
        return is_hashed(path, self.folders)

    @property
    def used_by(self) -> str:
        """Who asks for it, in short; "" where nobody does."""
        askers = sorted({use.by for use in self.uses if use.by})
        more = f" and {len(askers) - 1} more" if len(askers) > 1 else ""
        return f"{path_of(askers[0]) or '/'}{more}" if askers else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Former:
    """An address of an older release. ``sha256`` is what it held, "" where that is not known; ``etag`` is what it was
    told by, and ``again`` the answer to that. ``listed``: the user named this very address."""

    url: str
    release: str
    reply: Reply
    sha256: str = ""
    etag: str = ""
    again: Reply | None = None
    hashed: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that checks look at. ``absent`` are addresses at which nothing is, with what answered there.
    ``left`` says how many addresses were found and not asked, and ``why``."""

    root: str
    assets: tuple[Asset, ...] = ()
    absent: Mapping[str, Reply] = field(default_factory=dict)
    uses: tuple[Use, ...] = ()
    formers: tuple[Former, ...] = ()
    left: int = 0
    why: str = ""

    @property
    def origin(self) -> str:
        return origin_of(self.root)
