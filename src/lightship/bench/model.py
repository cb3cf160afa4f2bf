"""What was measured: rounds of one image beside rounds of the next, as values."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightship.bench.link import Link
from lightship.bench.machine import Machine
from lightship.errors import UsageError
from lightship.launch.probe import Check

__all__ = ["PHASES", "Benched", "Conditions", "Round", "Spread", "interleaved"]

PHASES = ("pull_s", "unpack_s", "start_s", "ready_s")
"""In the order of their ends; each begins where the one before ended, but the third is part of the fourth."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One image, once, on a node of its own. ``pull_s`` is until every blob was on disk, ``unpack_s`` what was left to
    unpack then, and ``unpacking_s`` how long unpacking took in all, most of it during the pull. ``start_s`` is how long
    it took to execute the command, ``ready_s`` until the application was ready, both from the beginning of the start as
    in `ProbeOutcome`, so that the one is part of the other; None where nothing was started, and ``start_s`` where a
    command is the whole probe. ``first_request_s`` is how long the probe's first request took once it was ready."""

    pull_s: float
    unpack_s: float
    unpacking_s: float
    start_s: float | None = None
    ready_s: float | None = None
    first_request_s: float | None = None
    checks: tuple[Check, ...] = ()

    @property
    def total_s(self) -> float:
        """From the first request to the registry until ready, or unpacked where nothing was started."""
        return self.pull_s + self.unpack_s + (self.ready_s or 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Median, least and most of several rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Iterable[float | None]) -> "Spread | None":
        """Of ``values``; None where one was not measured or there is none."""
        known = list(values)
        measured = [value for value in known if value is not None]
        if not measured or len(measured) < len(known):
            return None
        return cls(median=statistics.median(measured), low=min(measured), high=max(measured))


@dataclass(frozen=True, slots=True, kw_only=True)
class Benched:
    """An image and its rounds. ``compressed_bytes`` (layers and config) is what an empty node pulls beside the
    manifest, ``pulled_bytes`` what these nodes pulled, manifest and config with it; ``compressed_here`` layers were
    plain in their archive and were compressed before they were served."""

    reference: str
    digest: str
    layers: int
    compressed_bytes: int
    pulled_layers: int
    pulled_bytes: int
    unpacked_bytes: int
    files: int
    compressed_here: int
    rounds: tuple[Round, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditions:
    """What has to be the same for another measurement to be comparable. ``file_system`` is the kind of that which nodes
    were on, empty where it is not known."""

    link: Link
    rounds: int
    parallel: int
    page_cache: str
    file_system: str
    engine: str
    after: str | None
    probe: str | None
    machine: Machine


def interleaved(images: int, rounds: int) -> Sequence[tuple[int, ...]]:
    """The order of the images in each round: every one comes first, second, … about as often, so that what drifts on
    the machine meanwhile meets them all."""
    if images < 1 or rounds < 1:
        raise UsageError(f"nothing to measure: want an image and a round, got {images} and {rounds}")
    return [tuple((first + place) % images for place in range(images)) for first in range(rounds)]
