"""A tiny signed Debian archive, made in the test and served over loopback: pretend packages with real formats."""

import datetime
import email.utils
import functools
import gzip
import hashlib
import http.server
import io
import lzma
import tarfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pysequoia
from tests.base.pretend_elf import shared_object

from lightship.archive.zstd import new_encoder
from lightship.base.source import ArchiveSettings

__all__ = [
    "NOW",
    "Deb",
    "PretendArchive",
    "ar_archive",
    "directory",
    "distribution",
    "file",
    "hardlink",
    "library",
    "pretend_key",
    "served",
    "symlink",
    "tar_archive",
]

NOW = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC)
Member = tuple[tarfile.TarInfo, bytes]


def file(name: str, content: bytes = b"", *, mode: int = 0o644) -> Member:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    return member, content


def directory(name: str, *, mode: int = 0o755) -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.mode = tarfile.DIRTYPE, mode
    return member, b""


def symlink(name: str, target: str) -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.mode = tarfile.SYMTYPE, target, 0o777
    return member, b""


def hardlink(name: str, target: str) -> Member:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.LNKTYPE, target
    return member, b""


def tar_archive(members: Sequence[Member]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content))
    return stream.getvalue()


def ar_archive(members: Sequence[tuple[str, bytes]]) -> bytes:
    """deb(5): an ar archive in the common format, members padded to even offsets."""
    parts = [b"!<arch>\n"]
    for name, content in members:
        parts.append(f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(content):<10}`\n".encode())
        parts.append(content + b"\n" * (len(content) % 2))
    return b"".join(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deb:
    """A pretend package; ``raw`` replaces what would be built."""

    name: str
    version: str = "1.0-1"
    architecture: str = "amd64"
    members: Sequence[Member] = ()
    fields: Mapping[str, str] = field(default_factory=dict)
    postinst: str = ""
    compression: str = "xz"
    raw: bytes | None = None

    @property
    def control(self) -> str:
        fields = {"Package": self.name, "Version": self.version, "Architecture": self.architecture, **self.fields}
        return "".join(f"{name}: {value}\n" for name, value in fields.items())

    def build(self) -> bytes:
        if self.raw is not None:
            return self.raw
        control = [file("./control", self.control.encode())]
        sums = "".join(
            f"{hashlib.md5(content).hexdigest()}  {member.name.removeprefix('./')}\n"  # noqa: S324 - dpkg's format
            for member, content in self.members
            if member.isfile()
        )
        control.append(file("./md5sums", sums.encode()))
        if self.postinst:
            control.append(file("./postinst", self.postinst.encode(), mode=0o755))
        return ar_archive(
            [
                ("debian-binary", b"2.0\n"),
                (f"control.tar.{self.compression}", self._packed(tar_archive(control))),
                (f"data.tar.{self.compression}", self._packed(tar_archive(self.members))),
            ]
        )

    def _packed(self, raw: bytes) -> bytes:
        if self.compression == "gz":
            return gzip.compress(raw, mtime=0)
        if self.compression == "zst":
            encoder = new_encoder(3)
            return encoder.compress(raw) + encoder.flush()
        return lzma.compress(raw, preset=0)


@functools.cache
def pretend_key() -> "pysequoia.Tsk":
    """The archive's key, made once: making it takes longer than most tests."""
    return pysequoia.Tsk.generate("Pretend Archive <archive@pretend.invalid>")


class PretendArchive:
    """One suite, ``pretend``, of origin Debian, below ``root``; write it, then break what the test is about."""

    def __init__(self, root: Path, *, codename: str = "pretend", key: "pysequoia.Tsk | None" = None) -> None:
        self.root = root
        self.codename = codename
        self.key = key or pretend_key()
        self.keyring = root / "keyring.gpg"
        self.debs: list[Deb] = []
        self.contents: dict[str, str] = {}
        self.fields: dict[str, str] = {"Origin": "Debian", "Acquire-By-Hash": "yes"}
        self.date = NOW - datetime.timedelta(hours=2)
        self.valid_until: datetime.datetime | None = NOW + datetime.timedelta(days=7)
        root.mkdir(parents=True, exist_ok=True)
        self.keyring.write_bytes(bytes(self.key.extract_certificate()))

    @property
    def suite(self) -> Path:
        return self.root / "dists" / self.codename

    def add(self, *debs: Deb) -> None:
        self.debs += debs

    def write(self, *, architecture: str = "amd64", foreign: str = "") -> None:
        """Pool, Packages, Contents, Release, InRelease; ``foreign`` is a second architecture, whose packages say so."""
        own = [deb for deb in self.debs if not foreign or deb.architecture != foreign]
        files = self._lists(architecture, own)
        if foreign:
            files |= self._lists(foreign, [deb for deb in self.debs if deb.architecture in ("all", foreign)])
        listed = []
        for path, raw in files.items():
            sha256 = hashlib.sha256(raw).hexdigest()
            listed.append(f" {sha256} {len(raw):>8} {path}\n")
            target = self.suite / path
            by_hash = target.parent / "by-hash" / "SHA256" / sha256
            by_hash.parent.mkdir(parents=True, exist_ok=True)
            by_hash.write_bytes(raw)
            target.write_bytes(raw)
        architectures = f"{architecture} {foreign}".rstrip()
        self.write_release(f"Architectures: {architectures}\nComponents: main\nSHA256:\n{''.join(listed)}")

    def _lists(self, architecture: str, debs: Sequence[Deb]) -> dict[str, bytes]:
        packages = "\n".join(self._stanza(deb) for deb in debs).encode()
        contents = "".join(f"{path} libs/{owner}\n" for path, owner in sorted(self.contents.items())).encode()
        return {
            f"main/binary-{architecture}/Packages.xz": lzma.compress(packages, preset=0),
            f"main/binary-{architecture}/Packages.gz": gzip.compress(packages, mtime=0),
            f"main/Contents-{architecture}.gz": gzip.compress(contents, mtime=0),
        }

    def write_release(self, rest: str) -> None:
        fields = {**self.fields, "Suite": "stable", "Codename": self.codename, "Date": _rfc(self.date)}
        if self.valid_until is not None:
            fields["Valid-Until"] = _rfc(self.valid_until)
        text = "".join(f"{name}: {value}\n" for name, value in fields.items()) + rest
        self.suite.mkdir(parents=True, exist_ok=True)
        (self.suite / "Release").write_text(text)
        (self.suite / "InRelease").write_bytes(self.sign(text))

    def sign(self, text: str, key: "pysequoia.Tsk | None" = None) -> bytes:
        mode = pysequoia.SignatureMode.CLEAR
        return pysequoia.sign((key or self.key).signer(), text.encode(), mode=mode)

    def _stanza(self, deb: Deb) -> str:
        raw = deb.build()
        path = f"pool/main/{deb.name}/{deb.name}_{deb.version.replace(':', '%3a')}_{deb.architecture}.deb"
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(raw)
        return f"{deb.control}Filename: {path}\nSize: {len(raw)}\nSHA256: {hashlib.sha256(raw).hexdigest()}\n"

    def settings(self, uri: str) -> ArchiveSettings:
        return ArchiveSettings(
            uris=(uri,), suites=(self.codename,), keyring=self.keyring, etc_apt=self.root / "no-such-apt"
        )


def _rfc(when: datetime.datetime) -> str:
    return email.utils.format_datetime(when, usegmt=True).replace("GMT", "UTC")


@contextmanager
def served(root: Path) -> Iterator[tuple[str, list[str]]]:
    """The URI of ``root`` on loopback, and the paths asked for so far."""
    asked: list[str] = []

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args: object, **keywords: object) -> None:
            super().__init__(*args, directory=str(root), **keywords)  # type: ignore[arg-type]

        def log_message(self, *_args: object) -> None:
            asked.append(self.path)

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 64  # the default of 5 drops connections, and a client then waits a second

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


_LIB = "./lib/x86_64-linux-gnu"
_USRLIB = "./usr/lib/x86_64-linux-gnu"
_PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"


def library(name: str, soname: str, *, needed: Sequence[str] = ("libc.so.6",), **fields: str) -> Deb:
    """A package with one shared object below /usr/lib, its version link and a copyright file."""
    real = f"{soname}.0"
    return Deb(
        name=name,
        members=[
            file(f"{_USRLIB}/{real}", shared_object(soname=soname, needed=needed)),
            symlink(f"{_USRLIB}/{soname}", real),
            file(f"./usr/share/doc/{name}/copyright", b"free\n"),
        ],
        fields={name.replace("_", "-"): value for name, value in fields.items()},
    )


def distribution() -> list[Deb]:
    """The packages that every base has."""
    minor = "python3.11"
    return [
        Deb(
            name="base-files",
            version="12.4",
            members=[
                symlink("./etc/os-release", "../usr/lib/os-release"),
                file("./usr/lib/os-release", b'PRETTY_NAME="Pretend GNU/Linux 1"\nID=debian\nVERSION_ID="1"\n'),
                file("./etc/issue", b"Pretend"),
                directory("./tmp", mode=0o1777),
            ],
            fields={"Pre-Depends": "awk"},
        ),
        Deb(
            name="libc6",
            version="2.36-9",
            members=[
                file(f"{_LIB}/libc.so.6", shared_object(soname="libc.so.6"), mode=0o755),
                file(f"{_LIB}/ld-linux-x86-64.so.2", shared_object(soname="ld-linux-x86-64.so.2"), mode=0o755),
                symlink("./lib64/ld-linux-x86-64.so.2", "/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2"),
            ],
        ),
        Deb(
            name="libc-bin",
            version="2.36-9",
            members=[
                file("./usr/lib/locale/C.utf8/LC_CTYPE", b"ctype"),
                file("./usr/bin/getent", shared_object(needed=["libc.so.6"]), mode=0o755),
            ],
            fields={"Depends": "libc6"},
        ),
        Deb(
            name="ca-certificates",
            architecture="all",
            members=[
                file("./usr/share/ca-certificates/mozilla/B.crt", _PEM + b"\n"),
                file("./usr/share/ca-certificates/mozilla/A.crt", _PEM),
            ],
            fields={"Depends": "openssl, debconf (>= 0.5) | debconf-2.0"},
        ),
        Deb(name="media-types", architecture="all", members=[file("./etc/mime.types", b"text/plain txt\n")]),
        Deb(name="netbase", architecture="all", members=[file("./etc/services", b"https 443/tcp\n")]),
        Deb(name="tzdata", architecture="all", members=[file("./usr/share/zoneinfo/Etc/UTC", b"TZif")]),
        Deb(name="python3", version="3.11.2-1", fields={"Depends": f"{minor} (>= 3.11.2-1~), debconf"}),
        Deb(
            name=minor,
            version="3.11.2-6",
            members=[
                file(f"./usr/bin/{minor}", shared_object(needed=["libz.so.1", "libc.so.6"]), mode=0o755),
                file("./usr/share/man/man1/python3.11.1.gz", b"manual"),
            ],
            fields={"Depends": f"lib{minor}-stdlib (= 3.11.2-6)"},
        ),
        Deb(
            name=f"lib{minor}-stdlib",
            version="3.11.2-6",
            members=[
                file(f"./usr/lib/{minor}/os.py", b"# os\n"),
                file(f"./usr/lib/{minor}/test/test_os.py", b"# test\n"),
            ],
            fields={"Depends": "media-types | mime-support, libc6 (>= 2.14)"},
        ),
        Deb(name="python3-distutils", architecture="all", members=[file(f"./usr/lib/{minor}/distutils/core.py", b"#")]),
        Deb(name="python3-lib2to3", architecture="all", members=[file(f"./usr/lib/{minor}/lib2to3/main.py", b"#")]),
        library("zlib1g", "libz.so.1"),
    ]
