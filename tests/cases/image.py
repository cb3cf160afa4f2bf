"""A small image from its description in TOML (see README.md)."""

import base64
import hashlib
import random
import tarfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.analyze.making import Made, layer_tar
from tests.ecosystem.elves import tiny_elf, with_debug, with_sections

from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_layer
from lightship.image.value import PlainImage

__all__ = ["expected", "image"]

SITE = "usr/local/lib/python3.12/site-packages"
Table = Mapping[str, Any]


def image(description: Path) -> PlainImage:
    """The image that ``description`` says."""
    document = tomllib.loads(description.read_text(encoding="utf-8"))
    layers = document["layer"]
    history: list[dict[str, object]] = [{"created_by": layer.get("step", "RUN something")} for layer in layers]
    history += [{"created_by": step, "empty_layer": True} for step in document.get("steps", ())]
    made = [synthetic_layer(layer_tar(list(_members(layer)))) for layer in layers]
    config = {"os": "linux", "architecture": "amd64", "config": document.get("config", {}), "history": history}
    return from_blobs(made, config)


def expected(description: Path) -> list[Table]:
    """Its ``[[expect]]``."""
    found: list[Table] = tomllib.loads(description.read_text(encoding="utf-8")).get("expect", [])
    return found


def _members(layer: Table) -> Iterator[Made]:
    files = {**layer.get("files", {})}
    if "interpreter" in layer:
        files[f"usr/local/lib/python{layer['interpreter']}/encodings/__init__.py"] = ""
    for distribution in layer.get("python", ()):
        files |= _distribution(distribution)
    if "deb" in layer:
        files |= _debian(layer["deb"])
    for path in layer.get("whiteouts", ()):
        directory, _, name = path.rpartition("/")
        yield Made(f"{directory}/.wh.{name}")
    for path, content in files.items():
        owner, mode = layer.get("owner", 0), int(str(layer.get("mode", "644")), 8)
        yield Made(path, _content(content), owner, owner, mode, layer.get("mtime", 0))
    for path, target in layer.get("links", {}).items():
        yield Made(path, kind=tarfile.SYMTYPE, target=target)
    for path, target in layer.get("hard-links", {}).items():
        yield replace(Made(path), kind=tarfile.LNKTYPE, target=target)


def _content(text: str) -> bytes:
    kind, _, rest = text.partition(":")
    if kind == "random":
        size, _, seed = rest.partition(":")
        return random.Random(f"{size}{seed}").randbytes(int(size))  # noqa: S311 - bytes of a test, no secret
    if kind == "pyc":
        time, _, size = rest.partition(":")
        flags = b"\1\0\0\0" if time == "hash" else b"\0\0\0\0"
        numbers = bytes(8) if time == "hash" else b"".join(int(each).to_bytes(4, "little") for each in (time, size))
        return b"\xcb\r\r\n" + flags + numbers + b"code"
    if kind == "elf":
        plain = with_sections(tiny_elf())
        return with_debug(plain, debug=bytes(100_000)) if rest == "symbols" else plain
    return text.encode()


def _distribution(said: Table) -> dict[str, str]:
    site, name, version = said.get("site", SITE), said["name"], said.get("version", "1.0")
    metadata = f"{site}/{name.replace('-', '_')}-{version}.dist-info"
    files = {f"{site}/{path}": content for path, content in said.get("files", {}).items()}
    lines = [f"Name: {name}", f"Version: {version}", *(f"Requires-Dist: {each}" for each in said.get("requires", ()))]
    files[f"{metadata}/METADATA"] = "\n".join(["Metadata-Version: 2.1", *lines, "", ""])
    rows = [path.removeprefix(f"{site}/") for path in files]
    hashed = [(row, base64.b64encode(hashlib.sha256(row.encode()).digest()).decode()) for row in rows]
    files[f"{metadata}/RECORD"] = "".join(f"{row},sha256={digest},\n" for row, digest in hashed)
    return files


def _debian(packages: list[Table]) -> dict[str, str]:
    files: dict[str, str] = {}
    status = []
    for package in packages:
        status.append(f"Package: {package['name']}\nStatus: install ok installed\nVersion: 1\nArchitecture: amd64\n")
        if package.get("requires"):
            status[-1] += f"Depends: {', '.join(package['requires'])}\n"
        files |= package.get("files", {})
        listed = "".join(f"/{path}\n" for path in package.get("files", {}))
        files[f"var/lib/dpkg/info/{package['name']}.list"] = f"/.\n{listed}"
    return {**files, "var/lib/dpkg/status": "\n".join(status)}
