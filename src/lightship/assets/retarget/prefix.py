"""The prefix in front of every asset's address: where a CDN has them.

A build is given a reserved name (RFC 2606, 2: no host of ``.invalid`` will ever be), which is replaced afterwards.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from lightship.errors import UsageError
from lightship.units import format_names

__all__ = ["NOWHERE", "PLACEHOLDER", "SAME_ORIGIN", "Prefix", "has_placeholder", "placeholder_sentence"]

PLACEHOLDER = "https://cdn.lightship.invalid"
NOWHERE = "same-origin.lightship.invalid"
"""What stands where a host has to be named and there is none: a list of hosts that may be asked, a policy."""

_HOST = PLACEHOLDER.partition("://")[2].encode()

_PREFIX = re.compile(
    r"(?P<scheme>https?)://(?P<host>[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*)"
    r"(?::(?P<port>[0-9]{1,5}))?(?P<path>(?:/[A-Za-z0-9._~-]+)*)/*"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefix:
    """``scheme://host[:port][/path]`` without a slash at the end; all empty for the origin of the page itself."""

    scheme: str
    host: str
    port: str
    path: str

    @classmethod
    def parse(cls, text: str) -> "Prefix":
        """Raise UsageError for what is no address of a host with a plain path. Blank is the page's own origin."""
        if not text.strip() or text.strip() == "/":
            return SAME_ORIGIN
        found = _PREFIX.fullmatch(text.strip())
        if found is None or not _is_sound(found):
            meant = f"https://{text.strip()}"
            known = "://" not in text and _PREFIX.fullmatch(meant) is not None
            raise UsageError(
                f"{text!r} is no prefix of assets: want https://HOST[:PORT][/PATH]",
                hint=f"{meant}?" if known else "letters, digits and . _ ~ - in its path; nothing after it",
            )
        return cls(scheme=found["scheme"], host=found["host"], port=found["port"] or "", path=found["path"])

    @property
    def authority(self) -> str:
        """``host[:port]``."""
        return f"{self.host}:{self.port}" if self.port else self.host

    @property
    def origin(self) -> str:
        """``scheme://host[:port]``; empty for the page's own."""
        return f"{self.scheme}://{self.authority}" if self.host else ""

    @property
    def text(self) -> str:
        """As it stands before ``/_next/…`` or ``/assets/…``."""
        return self.origin + self.path

    @property
    def is_reserved(self) -> bool:
        """Whether nobody can have it, so that every mention of it is one that the build made."""
        return self.host.endswith(".invalid")


SAME_ORIGIN = Prefix(scheme="", host="", port="", path="")


def _is_sound(found: re.Match[str]) -> bool:
    folders = found["path"].split("/")
    return ".." not in folders and "." not in folders and 0 < int(found["port"] or 443) < 1 << 16


def has_placeholder(content: bytes) -> bool:
    """Whether the placeholder's host stands in it: what was built for it was not retargeted, and nobody finds it. The
    dots of a host are written as they are in whatever form the rest of an address is."""
    return _HOST in content


def placeholder_sentence(paths: Sequence[str]) -> str:
    """What is wrong with files that ask for it."""
    return f"{PLACEHOLDER} stands in {format_names(paths)}: no browser finds what has it in front"
