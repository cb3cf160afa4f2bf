"""zstd frames. RFC 8878. The codec is the standard library's own (Python 3.14) or its backport."""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

__all__ = ["CODEC_VERSION", "ERROR", "new_decoder", "new_encoder"]

ERROR: type[Exception] = zstd.ZstdError
CODEC_VERSION = f"zstd-{zstd.zstd_version}"

_WINDOW_LOG_MAX = 27  # what zstd(1) 1.5 decodes without --memory: 128 MiB


def new_decoder() -> zstd.ZstdDecompressor:
    """A decoder for one frame; a window over 128 MiB is an error, so memory is bounded."""
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG_MAX})


def new_encoder(level: int, *, threads: int = 0) -> zstd.ZstdCompressor:
    """An encoder of one frame with a checksum."""
    parameters = zstd.CompressionParameter
    return zstd.ZstdCompressor(
        options={parameters.compression_level: level, parameters.checksum_flag: 1, parameters.nb_workers: threads}
    )
