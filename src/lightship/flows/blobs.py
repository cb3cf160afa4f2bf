"""A remembered layer and its bytes in the cache."""

from lightship.flows.outcome import LayerSummary
from lightship.image.blobs import BlobLayer
from lightship.oci.digest import Digest
from lightship.store.cache import Cache

__all__ = ["blob_of"]


def blob_of(summary: LayerSummary, cache: Cache) -> BlobLayer | None:
    """The layer with its bytes in the cache; None where they are not, or are damaged."""
    digest = Digest.parse(summary.digest)
    path = cache.find_verified("blobs", digest.hex)
    if path is None:
        return None
    return BlobLayer(
        path=path,
        digest=digest,
        diff_id=Digest.parse(summary.diff_id),
        media_type=summary.media_type,
        compressed_bytes=summary.compressed_bytes,
        unpacked_bytes=summary.unpacked_bytes,
        annotations=summary.annotations,
    )
