"""What ``lightship copy`` returns: values for a report, nothing formatted."""

from dataclasses import dataclass, field
from typing import Self

from lightship.findings import Report
from lightship.image.protocol import Layer
from lightship.oci.platform import Platform
from lightship.store.recompress import How, compression_in

__all__ = ["COPY_SCHEMA", "CopiedLayer", "CopyOutcome", "copy_report"]

COPY_SCHEMA = "lightship/copy/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedLayer:
    """One layer of one platform's image, as it was and as it is; ``how`` says what was done to it."""

    platform: str
    source_digest: str
    source_compressed_bytes: int
    digest: str
    diff_id: str
    media_type: str
    compression: str | None
    compressed_bytes: int
    how: How

    @classmethod
    def of(cls, platform: Platform, before: Layer, after: Layer, how: How) -> Self:
        """What became of ``before``."""
        return cls(
            platform=str(platform),
            source_digest=str(before.digest),
            source_compressed_bytes=before.compressed_bytes,
            digest=str(after.digest),
            diff_id=str(after.diff_id),
            media_type=after.media_type,
            compression=compression_in(after),
            compressed_bytes=after.compressed_bytes,
            how=how,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyOutcome:
    """What was copied. ``compression`` is what was asked for; ``moved_bytes`` are those of layers that the destination
    did not have; ``seconds`` are wall time by phase. Sums count a layer that images share once."""

    source: str
    destination: str
    digest: str
    source_digest: str
    compression: str | None
    platforms: tuple[str, ...]
    layers: tuple[CopiedLayer, ...]
    moved_bytes: int
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def source_compressed_bytes(self) -> int:
        return sum({layer.source_digest: layer.source_compressed_bytes for layer in self.layers}.values())

    @property
    def compressed_bytes(self) -> int:
        return sum({layer.digest: layer.compressed_bytes for layer in self.layers}.values())

    @property
    def layers_kept(self) -> int:
        return len({layer.digest for layer in self.layers if layer.how == "kept"})


def copy_report(outcome: CopyOutcome) -> Report:
    """The report of ``lightship copy``."""
    layers = [
        {
            "platform": layer.platform,
            "source_digest": layer.source_digest,
            "source_compressed_bytes": layer.source_compressed_bytes,
            "digest": layer.digest,
            "diff_id": layer.diff_id,
            "media_type": layer.media_type,
            "compression": layer.compression,
            "compressed_bytes": layer.compressed_bytes,
            "how": layer.how,
        }
        for layer in outcome.layers
    ]
    document: dict[str, object] = {
        "schema": COPY_SCHEMA,
        "source": outcome.source,
        "destination": outcome.destination,
        "digest": outcome.digest,
        "source_digest": outcome.source_digest,
        "compression": outcome.compression,
        "platforms": list(outcome.platforms),
        "source_compressed_bytes": outcome.source_compressed_bytes,
        "compressed_bytes": outcome.compressed_bytes,
        "moved_bytes": outcome.moved_bytes,
        "layers_kept": outcome.layers_kept,
        "layers": layers,
        "seconds": {phase: round(value, 3) for phase, value in outcome.seconds.items()},
    }
    measures = {
        "compressed_bytes": float(outcome.compressed_bytes),
        "moved_bytes": float(outcome.moved_bytes),
    }
    return Report(schema=COPY_SCHEMA, document=document, measures=measures)
