"""The same image unpacked by umoci and here gives the same tree."""

import io
import stat
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_layer
from lightship.oci.platform import Platform
from lightship.rootfs.removal import remove
from lightship.rootfs.unpack import unpack
from lightship.store.oci_layout import write_layout
from lightship.store.tags import Tag

pytestmark = pytest.mark.conformance


def _layer(*members: tuple[str, bytes, int, str]) -> bytes:
    """Name, type, mode, and content or target."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, mode, text in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = kind, mode, 1_234_567_890
            content = text.encode() if kind == tarfile.REGTYPE else b""
            entry.linkname, entry.size = "" if content else text, len(content)
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


F, D, S, H = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE

LAYERS = [
    _layer(
        ("etc/", D, 0o755, ""),
        ("etc/passwd", F, 0o644, "root:x:0:0"),
        ("etc/shadow", F, 0o600, "root:*"),
        ("usr/lib/", D, 0o755, ""),
        ("usr/lib/libc.so", F, 0o755, "elf"),
        ("lib", S, 0o777, "usr/lib"),
        ("lib64", S, 0o777, "/usr/lib"),
        ("opt/app/", D, 0o750, ""),
        ("opt/app/one", F, 0o644, "one"),
        ("opt/app/two", H, 0o644, "opt/app/one"),
        ("opt/old/deep/er/", D, 0o755, ""),
        ("opt/old/deep/er/file", F, 0o644, "x"),
        ("tmp/", D, 0o1777, ""),
        ("dangling", S, 0o777, "../../nowhere"),
        ("grüße", F, 0o644, "utf-8"),
    ),
    _layer(
        ("etc/.wh.shadow", F, 0, ""),
        ("lib/libm.so", F, 0o644, "through a relative link"),
        ("lib64/libz.so", F, 0o644, "through an absolute link"),
        ("opt/app/", D, 0o755, ""),
        ("opt/app/one", F, 0o640, "changed"),
        ("opt/.wh.old", F, 0, ""),
        ("x" * 150 + "/" + "y" * 150, F, 0o644, "long"),
    ),
    _layer(
        ("opt/app/.wh..wh..opq", F, 0, ""),
        ("opt/app/three", F, 0o644, "three"),
        ("opt/old/", D, 0o700, ""),
        ("opt/old/again", F, 0o644, "again"),
        ("lib", D, 0o755, ""),
        ("lib/own", F, 0o644, "no longer through a link"),
        ("etc/passwd", S, 0o777, "../usr/passwd"),
    ),
]


def _described(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        mode = status.st_mode
        name = str(path.relative_to(root))
        if stat.S_ISLNK(mode):
            found[name] = str(path.readlink())
        elif stat.S_ISDIR(mode):
            found[name] = oct(mode)
        else:
            found[name] = (oct(mode), path.read_bytes(), status.st_nlink, int(status.st_mtime))
    return found


def test_umoci_unpacks_the_same(require_tool: Callable[[str], str], tmp_path: Path) -> None:
    umoci = require_tool("umoci")
    layers = [synthetic_layer(tar) for tar in LAYERS]
    config: dict[str, object] = {"config": {}, **Platform("linux", "amd64").document()}
    write_layout(from_blobs(layers, config, None), tmp_path / "layout", [Tag("latest")])
    argv = [umoci, "unpack", "--rootless", "--image", f"{tmp_path}/layout:latest", str(tmp_path / "umoci")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    ours = unpack(layers, tmp_path / "ours")
    assert _described(ours) == _described(tmp_path / "umoci/rootfs")
    remove(tmp_path / "umoci")
