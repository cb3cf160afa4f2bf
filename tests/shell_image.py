"""A small image that runs: this machine's shell and its libraries, and a layer of other files above."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightship.image.synthetic import Files, synthetic_image
from lightship.image.value import PlainImage
from lightship.oci.media_types import Compression
from lightship.oci.platform import Platform
from lightship.store.select import host_platform

__all__ = ["shell_image"]


def shell_image(
    files: Files,
    *,
    platform: Platform | None = None,
    compressions: Sequence[Compression] = ("gzip",),
    labels: Mapping[str, str] | None = None,
) -> PlainImage:
    """Two layers: the shell, and ``files``. Started as it is, it says ``default`` and ends."""
    shell = Path("/bin/sh").resolve()
    said = subprocess.run(["ldd", shell], capture_output=True, text=True, check=False).stdout
    libraries = [Path(found) for found in re.findall(r"(?:^|\s)(/[^\s:]+) \(0x", said)]
    base: dict[str, bytes | str | None] = {"bin/sh": shell.read_bytes(), "tmp": None}
    base |= {str(library)[1:]: library.read_bytes() for library in libraries}
    base["etc/passwd"] = b"app:x:1001:1001::/home/app:/bin/sh\n"
    runtime = {
        "Entrypoint": ["/bin/sh", "-c"],
        "Cmd": ["echo default"],
        "User": "1001:1001",
        "Labels": dict(labels or {}),
    }
    return synthetic_image(
        base, files, runtime=runtime, platform=platform or host_platform(), compressions=compressions
    )
