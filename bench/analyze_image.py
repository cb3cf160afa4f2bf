"""The image that `bench/analyze.py` looks into: Debian, a Python environment of 87 packages, then ``chown -R`` of it.

    python bench/analyze_image.py FOLDER

makes ``image.tar`` (what docker save writes, layers not compressed) and ``layout`` (OCI, gzip -6) in FOLDER: 2.1 GB
unpacked, 59,000 members. It needs mmdebstrap, uv and pigz, and takes some minutes. The third layer is what a storage
driver writes for ``RUN chown -R app:app /opt/app``: the whole of every file again, with another owner. The bytes of
that layer's files, added up here while they are copied, are the truth about the waste; ``truth.json`` has it. The
packages are pinned in ``analyze_image.txt`` (``uv pip compile --no-header --no-annotate``), so that it is the same
everywhere.
"""

import contextlib
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["Truth", "make_image", "truth_of"]

_LOCK = Path(__file__).with_suffix(".txt")
_STEPS = (
    ("/bin/sh -c #(nop) ADD file:rootfs.tar in / ", False),
    ('/bin/sh -c #(nop)  CMD ["bash"]', True),
    ("RUN /bin/sh -c pip install -r requirements.txt # buildkit", False),
    ("RUN /bin/sh -c chown -R app:app /opt/app # buildkit", False),
    ("USER app", True),
)
_DEBIAN = "python3,curl,ca-certificates,gcc,tzdata"
_OWNER = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """What the ``chown`` copied, which is all that is hidden, and the instruction that did."""

    wasted_bytes: int
    instruction: str


def truth_of(folder: Path) -> Truth:
    """What `make_image` took down in ``folder``."""
    return Truth(**json.loads((folder / "truth.json").read_bytes()))


def make_image(folder: Path) -> Truth:
    """Make ``image.tar``, ``layout`` and ``truth.json`` in ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    layers = [folder / f"layer{number}.tar" for number in range(3)]
    _debian(layers[0])
    _environment(folder / "venv", layers[1])
    copied = _owned(layers[1], layers[2])
    config = _config(layers)
    _docker_archive(folder / "image.tar", layers, config)
    _layout(folder / "layout", layers, config)
    for layer in layers:
        layer.unlink()
    truth = Truth(wasted_bytes=copied, instruction="RUN chown -R app:app /opt/app")
    (folder / "truth.json").write_text(json.dumps(asdict(truth)))
    return truth


def _debian(layer: Path) -> None:
    command = ["mmdebstrap", "--variant=minbase", f"--include={_DEBIAN}", "bookworm", str(layer)]
    subprocess.run(command, check=True)


def _environment(place: Path, layer: Path) -> None:
    subprocess.run(["uv", "venv", "-q", "--python", "3.11", str(place)], check=True)
    subprocess.run(["uv", "pip", "install", "-q", "--compile-bytecode", "--python", str(place), "-r", str(_LOCK)],
                   check=True)  # fmt: skip
    with tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as archive:
        archive.add(place, "opt/app", filter=_rooted)
    shutil.rmtree(place)


def _rooted(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = int(member.mtime)
    return member


def _owned(below: Path, layer: Path) -> int:
    copied = 0
    with tarfile.open(below) as source, tarfile.open(layer, "w", format=tarfile.PAX_FORMAT) as archive:
        for member in source:
            member.uid = member.gid = _OWNER
            copied += member.size if member.isreg() else 0
            archive.addfile(member, source.extractfile(member) if member.isreg() else None)
    return copied


def _config(layers: list[Path]) -> bytes:
    document = {
        "architecture": "amd64",
        "os": "linux",
        "created": "2026-01-01T00:00:00Z",
        "config": {"Cmd": ["bash"], "User": "app"},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{_sha256(layer)}" for layer in layers]},
        "history": [
            {"created": "2026-01-01T00:00:00Z", "created_by": step, **({"empty_layer": True} if empty else {})}
            for step, empty in _STEPS
        ],
    }
    return json.dumps(document).encode()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _docker_archive(path: Path, layers: list[Path], config: bytes) -> None:
    name = f"{hashlib.sha256(config).hexdigest()}.json"
    names = [f"{_sha256(layer)}/layer.tar" for layer in layers]
    manifest = [{"Config": name, "RepoTags": ["bench:latest"], "Layers": names}]
    small = path.with_name("small")
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        for member, layer in zip(names, layers, strict=True):
            archive.add(layer, member)
        for member, raw in ((name, config), ("manifest.json", json.dumps(manifest).encode())):
            small.write_bytes(raw)
            archive.add(small, member)
    small.unlink()


def _layout(folder: Path, layers: list[Path], config: bytes) -> None:
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)
    descriptors = []
    for layer in layers:
        packed = blobs / layer.name
        with packed.open("wb") as stream:
            subprocess.run(["pigz", "-6nc", str(layer)], stdout=stream, check=True)
        kind = "application/vnd.oci.image.layer.v1.tar+gzip"
        descriptors.append({"mediaType": kind, "digest": f"sha256:{_sha256(packed)}", "size": packed.stat().st_size})
        packed.rename(blobs / _sha256(packed))
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": _blob(blobs, config, "application/vnd.oci.image.config.v1+json"),
        "layers": descriptors,
    }
    entry = _blob(blobs, json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [entry]}))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def _blob(blobs: Path, raw: bytes, kind: str) -> dict[str, object]:
    name = hashlib.sha256(raw).hexdigest()
    (blobs / name).write_bytes(raw)
    return {"mediaType": kind, "digest": f"sha256:{name}", "size": len(raw)}


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        print(f"{make_image(Path(sys.argv[1])).wasted_bytes:,} bytes were copied by chown")
