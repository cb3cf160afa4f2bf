"""Small real wheels, made on the spot."""

import base64
import hashlib
import zipfile
from collections.abc import Mapping
from pathlib import Path

__all__ = ["make_wheel", "record_of"]


def record_of(files: Mapping[str, bytes], dist_info: str) -> bytes:
    """A correct RECORD of ``files``."""
    rows = [
        f"{path},sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip('=')},{len(content)}"
        for path, content in files.items()
    ]
    return "\n".join([*rows, f"{dist_info}/RECORD,,", ""]).encode()


def make_wheel(
    folder: Path,
    name: str,
    files: Mapping[str, str | bytes],
    *,
    version: str = "1.0",
    executable: tuple[str, ...] = (),
    filename: str | None = None,
    dist_info: str | None = None,
    metadata: str | None = None,
    wheel: str = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    record: bytes | None = None,
) -> Path:
    """Write ``NAME-VERSION-py3-none-any.whl`` with ``files`` and sound metadata, unless the arguments say otherwise."""
    dist_info = dist_info or f"{name}-{version}.dist-info"
    members = {path: text.encode() if isinstance(text, str) else text for path, text in files.items()}
    metadata = metadata if metadata is not None else f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    members |= {f"{dist_info}/METADATA": metadata.encode(), f"{dist_info}/WHEEL": wheel.encode()}
    members[f"{dist_info}/RECORD"] = record_of(members, dist_info) if record is None else record
    path = folder / (filename or f"{name}-{version}-py3-none-any.whl")
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in members.items():
            entry = zipfile.ZipInfo(member, (1980, 1, 1, 0, 0, 0))
            entry.external_attr = (0o100755 if member in executable else 0o100644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return path
