"""What files weigh compressed: each alone, as a layer that lightship writes has them (a gzip member a file)."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

from lightship.assets.codecs import encode
from lightship.assets.standalone.tree import ServerTree

__all__ = ["compressed_sizes"]

_AT_ONCE_BYTES = 64 << 20
"""libdeflate wants a file whole in memory; past this a file is weighed by pieces of that size."""


def compressed_sizes(tree: ServerTree, paths: Iterable[str], jobs: int) -> dict[str, int]:
    """Bytes of each file's gzip by libdeflate at level 6, in ``jobs`` threads."""
    wanted = list(paths)

    def weigh(path: str) -> int:
        plain = tree.read(path)
        pieces = range(0, len(plain), _AT_ONCE_BYTES)
        return sum(len(encode(plain[at : at + _AT_ONCE_BYTES], "gzip", "ci")) for at in pieces)

    with ThreadPoolExecutor(max(1, jobs)) as pool:
        return dict(zip(wanted, pool.map(weigh, wanted), strict=True))
