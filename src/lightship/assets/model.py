"""What is asked of a directory of static files, and what became of each of them."""

from typing import Literal

from lightship.assets.codecs import Effort, Encoding, Level
from lightship.values import dataclass

__all__ = [
    "LEAST_BYTES",
    "MOST_BYTES",
    "MOST_SHARE",
    "AssetResult",
    "CompressOptions",
    "Maps",
    "Mode",
    "SidecarResult",
    "SidecarState",
    "Times",
    "worth",
]

Mode = Literal["sidecar", "gzip-only"]
Maps = Literal["keep", "remove"]
Times = Literal["content", "keep"]
SidecarState = Literal["made", "cached", "kept", "removed", "unworthy"]

LEAST_BYTES = 1024
"""Below it a response is one packet with or without compression."""
MOST_BYTES = 256 << 20
"""libdeflate and brotli want a file whole in memory; nobody serves larger text to a browser."""
MOST_SHARE = 0.95
"""A sidecar is at least 5 % smaller than its source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompressOptions:
    """``encodings`` without gzip-only's restriction; ``force`` makes anew what is fresh."""

    mode: Mode = "sidecar"
    level: Level = "release"
    encodings: tuple[Encoding, ...] = ("gzip", "br")
    maps: Maps = "keep"
    times: Times = "content"
    force: bool = False
    dry_run: bool = False

    def effort(self, encoding: Encoding) -> Effort:
        """What is spent on a sidecar: the most on gzip of a release where there is no other."""
        only = self.mode == "gzip-only" or self.encodings == ("gzip",)
        return "alone" if only and encoding == "gzip" and self.level == "release" else self.level


@dataclass(frozen=True, slots=True, kw_only=True)
class SidecarResult:
    """``made`` and ``cached``: written. ``kept``: was there, fresh. ``removed``: was there and should not have been.
    ``unworthy``: not 5 % smaller, so none. ``stale``: one was there that did not decompress to its source."""

    encoding: Encoding
    state: SidecarState
    compressed_bytes: int = 0
    stale: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetResult:
    """``fault`` is a sentence: the file was left as it was. ``gone``: the plain file was removed."""

    path: str
    plain_bytes: int = 0
    compressible: bool = False
    source_map: bool = False
    sidecars: tuple[SidecarResult, ...] = ()
    gone: bool = False
    time_set: bool = False
    notes: tuple[str, ...] = ()
    fault: str = ""


def worth(compressed_bytes: int, plain_bytes: int) -> bool:
    """Whether a sidecar of so many bytes earns its place."""
    return 0 < compressed_bytes <= MOST_SHARE * plain_bytes
