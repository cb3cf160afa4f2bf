"""Where packages come from: an archive, its suites and components, and whose signature counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["ArchiveSettings", "ArchiveSource", "Proxies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSource:
    """One line of sources.list(5). ``components`` is empty for a flat archive (a suite that ends in ``/``).

    ``signed_by`` is as apt has it: paths or fingerprints between spaces, or an armoured key; empty means the
    host's trusted keys. ``where`` names the file for messages.
    """

    uri: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    architectures: tuple[str, ...] = ()
    signed_by: str = ""
    check_valid_until: bool = True
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Proxy by scheme (``http``, ``https``), and hosts that are reached without one. Empty: none."""

    by_scheme: Mapping[str, str] = field(default_factory=dict)
    by_host: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_apt_conf(cls, settings: Mapping[str, str]) -> "Proxies":
        """``Acquire::http::Proxy`` and ``Acquire::http::Proxy::HOST`` of apt.conf(5); https falls back to http's."""
        by_scheme = {
            scheme: value
            for scheme in ("http", "https")
            if (value := settings.get(f"acquire::{scheme}::proxy") or settings.get("acquire::http::proxy"))
        }
        mark = "::proxy::"
        by_host = {
            name.partition(mark)[2]: value
            for name, value in settings.items()
            if name.startswith(("acquire::http" + mark, "acquire::https" + mark)) and not name.endswith("::")
        }
        return cls(by_scheme=by_scheme, by_host=by_host)

    def choose(self, scheme: str, host: str) -> str | None:
        """The proxy's URL, or None for a direct way."""
        proxy = self.by_host.get(host) or self.by_scheme.get(scheme)
        return None if proxy in (None, "", "DIRECT", "false") else proxy


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveSettings:
    """Which archives may give packages.

    Without ``uris`` those of the host's apt (``etc_apt``) count. ``keyring`` is a file of OpenPGP certificates that
    replaces the host's; ``check_valid_until`` False takes expired indexes, as snapshots of an archive have.
    ``trusted_keys`` are where the host keeps keys that count for sources that name none.
    """

    uris: tuple[str, ...] = ()
    suites: tuple[str, ...] = ()
    components: tuple[str, ...] = ("main",)
    keyring: Path | None = None
    check_valid_until: bool = True
    proxies: Proxies = Proxies()
    ca_file: Path | None = None
    etc_apt: Path = Path("/etc/apt")
    keyrings: Path = Path("/usr/share/keyrings")
