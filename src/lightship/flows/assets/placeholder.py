"""What asks for the placeholder of `lightship assets retarget` in a directory that is to be served."""

import contextlib
from pathlib import Path

from lightship.assets.codecs import gunzip
from lightship.assets.compress import is_source_map
from lightship.assets.kinds import SUFFIX_OF_ENCODING, compressible
from lightship.assets.model import MOST_BYTES
from lightship.assets.retarget.prefix import has_placeholder, placeholder_sentence
from lightship.assets.scan import read_file, scan
from lightship.errors import LightshipError

__all__ = ["asks_for_placeholder", "not_retargeted"]


def asks_for_placeholder(root: Path, path: str) -> bool:
    """Whether the file ``path``, or what its ``.gz`` holds, has the placeholder in it. What is hidden, a source map,
    too large or not to be read is not looked at: whoever serves it tells of that."""
    plain_path = path.removesuffix(SUFFIX_OF_ENCODING["gzip"])
    if path.rpartition("/")[2].startswith(".") or not compressible(plain_path):
        return False
    with contextlib.suppress(OSError, LightshipError):
        if (root / path).lstat().st_size > MOST_BYTES:
            return False
        content, _ = read_file(root / path)
        if plain_path != path:
            content = gunzip(content, most_bytes=MOST_BYTES, what=path)
        return has_placeholder(content) and not is_source_map(plain_path, content)
    return False


def not_retargeted(directory: Path) -> str | None:
    """A sentence where something below ``directory`` asks for the placeholder, with what to do. Everything is read."""
    found = scan(directory)
    names = [seen.path for seen in found.files]
    names += [seen.path for seen in found.lone if seen.path.endswith(SUFFIX_OF_ENCODING["gzip"])]
    paths = [path for path in sorted(names) if asks_for_placeholder(directory, path)]
    if not paths:
        return None
    return f"{placeholder_sentence(paths)}; lightship assets retarget {directory} --cdn URL, or --origin, comes first"
