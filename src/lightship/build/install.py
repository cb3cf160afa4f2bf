"""A wheel installed as plan entries: everything an installer does, and no byte written.

Binary distribution format 1.0 and "Recording installed projects" (packaging.python.org/specifications, 2024). Members
keep their deflate streams; only scripts, ``INSTALLER``, ``direct_url.json`` and ``RECORD`` are made here. The hash of
the wheel is checked by the cache that holds it, CRC-32 and size of every member when its content is read. The hashes
in ``RECORD`` are carried over, and checked by `check_hashes` where that is asked for.
"""

import base64
import hashlib
import posixpath
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lightship.archive.content import Content, Inline
from lightship.archive.inflate import Containers, iter_content, read_content
from lightship.archive.zip import ZipMember, read_zip
from lightship.build.record import RecordRow, format_record, parse_record, row_of
from lightship.build.scripts import parse_script_entry_points, rewrite_shebang, script_text
from lightship.build.wheel import WheelName, check_identity, headers, normalise_name, root_is_purelib
from lightship.ecosystem.python.interpreter import Scheme
from lightship.errors import ArchiveError, HostileError, MismatchError
from lightship.plan.model import Entry
from lightship.plan.reading import read_head

__all__ = ["INSTALLER", "INSTALL_VERSION", "InstalledWheel", "check_hashes", "install_wheel", "with_record"]

INSTALLER = "lightship"
INSTALL_VERSION = 2
"""Raised when the same wheel is installed as other files."""

_METADATA_CAP_BYTES = 16 << 20
_NOT_RECORDED = ("RECORD", "RECORD.jws", "RECORD.p7s")


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledWheel:
    """One installed wheel. ``files`` maps paths as ``RECORD`` names them (relative to ``site``, the site-packages) to
    entries, without ``RECORD`` itself: in the wheel's order, then what was made here. ``rows`` are the wheel's own
    claims for files that are as the wheel has them. ``notes`` are oddities worth a warning."""

    name: str
    version: str
    sha256: str
    tag: str
    owner: str
    why: str
    site: str
    dist_info: str
    files: Mapping[str, Entry]
    rows: Mapping[str, RecordRow]
    notes: tuple[str, ...] = ()


def install_wheel(
    path: Path,
    *,
    filename: str,
    sha256: str,
    scheme: Scheme,
    why: str = "",
    direct_url: str | None = None,
) -> InstalledWheel:
    """Where every file of the wheel at ``path`` goes.

    ``filename`` is the wheel's own name (a cache names files otherwise), ``direct_url`` the text of ``direct_url.json``
    (PEP 610). Costs the zip's directory, the metadata and the heads of scripts. Raise ArchiveError for a wheel that
    breaks the format, HostileError for one that tries to escape or to confuse.
    """
    with Containers() as containers:
        return _Installation(path, filename, sha256, scheme, why, direct_url, containers).run()


def with_record(
    installed: InstalledWheel, files: Mapping[str, Entry], *, shared: Collection[str] = ()
) -> tuple[Entry, ...]:
    """``files`` and the ``RECORD`` that names exactly them, sorted by path.

    ``files`` are those of ``installed`` after drop rules and stripping: a content that differs from the wheel's gets a
    row of its own. ``shared`` are paths as in ``RECORD`` that another wheel writes with the same content: they are
    named only. Nothing is returned when the whole distribution was dropped.
    """
    if not files:
        return ()
    rows = [installed.rows[path] for path in shared]
    with Containers() as containers:
        places = {entry.path: path for path, entry in files.items()}
        for path, entry in files.items():
            named = places.get(entry.link_target, path) if entry.type == "hardlink" else path
            rows.append(_row(installed, named, files[named].content, containers)._replace(path=path))
    record = f"{installed.dist_info}/RECORD"
    rows.append(RecordRow(record, "", ""))
    entry = Entry(
        path=f"{installed.site}/{record}",
        content=Inline(format_record(rows)),
        owner=installed.owner,
        why=installed.why,
    )
    return tuple(sorted([*files.values(), entry], key=lambda entry: entry.path))


def _row(installed: InstalledWheel, path: str, content: Content | None, containers: Containers) -> RecordRow:
    claimed, original = installed.rows.get(path), installed.files.get(path)
    if content is None:
        return RecordRow(path, "", "")
    if claimed is not None and original is not None and original.content is content:
        return claimed
    return row_of(path, content, containers)


def check_hashes(installed: InstalledWheel) -> None:
    """Inflate every member and compare it with the wheel's ``RECORD``; raise MismatchError at the first that differs.

    Costs an inflate and a hash of everything: for a wheel whose own hash nobody vouches for.
    """
    with Containers() as containers:
        for path, row in installed.rows.items():
            content = installed.files[path].content
            if content is None or not row.digest:
                continue
            algorithm, _, want = row.digest.partition("=")
            running = hashlib.new(algorithm)
            for chunk in iter_content(content, containers, path):
                running.update(chunk)
            got = base64.urlsafe_b64encode(running.digest()).decode().rstrip("=")
            if got != want.rstrip("="):
                raise MismatchError(f"{installed.owner}: {path}: want {algorithm}={want} as in RECORD, got {got}")


class _Installation:
    """One wheel on its way; see `install_wheel`."""

    def __init__(
        self,
        path: Path,
        filename: str,
        sha256: str,
        scheme: Scheme,
        why: str,
        direct_url: str | None,
        containers: Containers,
    ) -> None:
        self.path = path
        self.what = filename
        self.sha256 = sha256
        self.scheme = scheme
        self.why = why
        self.direct_url = direct_url
        self.containers = containers
        self.wheel_name = WheelName.parse(filename)
        self.site = scheme.purelib
        self.up = "../" * (self.site.count("/") - scheme.prefix.count("/"))
        self.owner = ""
        # uv refuses these too: a package must not become the interpreter of all others
        own = ("bin/python", "bin/python3", f"bin/python{scheme.minor}", "pyvenv.cfg")
        self.reserved = frozenset(f"{scheme.prefix}/{name}" for name in (*own, "lib64"))
        self.covered = tuple(f"{scheme.prefix}/{name}/" for name in own)
        self.files: dict[str, Entry] = {}
        self.rows: dict[str, RecordRow] = {}

    def run(self) -> InstalledWheel:
        members = {member.path: member for member in read_zip(self.path) if member.type != "dir"}
        for path in members:
            if not path.isprintable() and any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
                raise HostileError(f"{self.what}: a name holds control characters: {path!r:.200}")
        dist_info = self.find_dist_info(members)
        metadata = headers(self.read(members, f"{dist_info}/METADATA"))
        root_is_purelib(headers(self.read(members, f"{dist_info}/WHEEL")), self.what)
        check_identity(self.wheel_name, metadata, self.what)
        record = parse_record(self.read(members, f"{dist_info}/RECORD"), self.what)
        self.check_record(members, record, dist_info)
        name, version = normalise_name(metadata["name"]), metadata["version"]
        self.owner = f"wheel:{name}=={version}"
        self.place_members(members, record, dist_info)
        self.place_scripts(members, dist_info)
        self.make(f"{dist_info}/INSTALLER", INSTALLER + "\n")
        if self.direct_url is not None:
            self.make(f"{dist_info}/direct_url.json", self.direct_url)
        return InstalledWheel(
            name=name,
            version=version,
            sha256=self.sha256,
            tag=self.wheel_name.tag,
            owner=self.owner,
            why=self.why,
            site=self.site,
            dist_info=dist_info,
            files=self.files,
            rows=self.rows,
            notes=self.case_notes(dist_info),
        )

    def find_dist_info(self, members: Mapping[str, ZipMember]) -> str:
        tops = {path.partition("/")[0] for path in members}
        found = sorted(top for top in tops if top.endswith(".dist-info"))
        if len(found) != 1:
            raise ArchiveError(f"{self.what}: want one .dist-info directory, got {', '.join(found) or 'none'}")
        project = found[0].removesuffix(".dist-info").rpartition("-")[0]
        if normalise_name(project) != normalise_name(self.wheel_name.distribution):
            raise ArchiveError(f"{self.what}: want its own .dist-info directory, got {found[0]}")
        return found[0]

    def read(self, members: Mapping[str, ZipMember], path: str) -> bytes:
        member = members.get(path)
        if member is None or member.content is None:
            raise ArchiveError(f"{self.what}: no {posixpath.basename(path)} in its .dist-info directory")
        if member.content.unpacked_bytes > _METADATA_CAP_BYTES:
            raise HostileError(f"{self.what}: {path} is too large: {member.content.unpacked_bytes} bytes")
        return bytes(read_content(member.content, self.containers, f"{self.what}: {path}"))

    def check_record(self, members: Mapping[str, ZipMember], record: Mapping[str, RecordRow], dist_info: str) -> None:
        """The format: installation fails if a file is not both mentioned and hashed; RECORD and signatures excepted."""
        free = {f"{dist_info}/{name}" for name in _NOT_RECORDED}
        unnamed = [path for path in members if path not in free and not record.get(path, _NO_ROW).digest]
        if unnamed:
            raise ArchiveError(f"{self.what}: RECORD has no hash for {unnamed[0]}{_and_more(unnamed)}")
        absent = [path for path in record if path not in members and not path.endswith("/")]
        if absent:
            raise ArchiveError(f"{self.what}: RECORD names a file that is not there: {absent[0]}{_and_more(absent)}")

    def place_members(self, members: Mapping[str, ZipMember], record: Mapping[str, RecordRow], dist_info: str) -> None:
        stem = dist_info.removesuffix(".dist-info")
        data = f"{stem}.data/"
        own = f"{dist_info}/RECORD"
        made = {f"{dist_info}/INSTALLER", f"{dist_info}/direct_url.json"}
        for path, member in members.items():
            if path == own or path in made or member.content is None:
                continue
            script = False
            place = path
            if path.startswith(data):
                place, script = self.data_place(path, path.removeprefix(data))
            mode = 0o755 if script or (member.mode & 0o111 and member.type == "file") else 0o644
            content: Content = member.content
            if script and self.head(content) == b"#!python":
                content = Inline(
                    rewrite_shebang(bytes(read_content(content, self.containers, path)), self.scheme.python)
                )
            self.add(place, content, mode)
            if content is member.content:
                row = record.get(path)
                if row is not None:
                    self.rows[place] = row if place == path else row._replace(path=place)

    def data_place(self, path: str, inside: str) -> tuple[str, bool]:
        """Path as in ``RECORD`` for a member of the ``.data`` directory, and whether it is a script."""
        kind, slash, rest = inside.partition("/")
        if slash:
            if kind in ("purelib", "platlib"):
                return rest, False
            if kind == "scripts":
                return f"{self.up}bin/{rest}", True
            if kind == "data":
                return self.relative(f"{self.scheme.data}/{rest}"), False
            if kind == "headers":
                return self.relative(f"{self.scheme.headers(self.wheel_name.distribution)}/{rest}"), False
        raise ArchiveError(f"{self.what}: {path} is not below purelib, platlib, scripts, data or headers")

    def relative(self, path: str) -> str:
        inside = f"{self.site}/"
        return (
            path.removeprefix(inside)
            if path.startswith(inside)
            else self.up + path.removeprefix(f"{self.scheme.prefix}/")
        )

    def head(self, content: Content) -> bytes:
        return read_head(content, 8, self.containers)

    def place_scripts(self, members: Mapping[str, ZipMember], dist_info: str) -> None:
        entry_points = f"{dist_info}/entry_points.txt"
        if entry_points not in members:
            return
        for entry_point in parse_script_entry_points(self.read(members, entry_points), self.what):
            place = f"{self.up}bin/{entry_point.name}"
            # uv and pip let a generated script replace one that the wheel ships under the same name.
            self.files.pop(place, None)
            self.rows.pop(place, None)
            self.add(place, Inline(script_text(entry_point, self.scheme.python)), 0o755)

    def make(self, place: str, text: str) -> None:
        self.files.pop(place, None)
        self.add(place, Inline(text.encode()), 0o644)

    def add(self, place: str, content: Content, mode: int) -> None:
        if place in self.files:
            raise HostileError(f"{self.what}: two members are installed as {place}")
        if place.startswith(self.up):
            path = f"{self.scheme.prefix}/{place.removeprefix(self.up)}"
        else:
            path = f"{self.site}/{place}"
        if path in self.reserved or path.startswith(self.covered):
            raise ArchiveError(f"{self.what}: {place} would replace a part of the environment itself")
        self.files[place] = Entry(path=path, mode=mode, content=content, owner=self.owner, why=self.why)

    def case_notes(self, dist_info: str) -> tuple[str, ...]:
        """Paths that differ by case only are two files on Linux and one elsewhere: refused among the metadata."""
        folded: dict[str, str] = {}
        notes: list[str] = []
        for place in (*self.files, f"{dist_info}/RECORD"):
            other = folded.setdefault(place.casefold(), place)
            if other != place:
                if place.casefold().startswith(dist_info.casefold()):
                    raise HostileError(f"{self.what}: {other} and {place} differ by case only")
                notes.append(f"{self.what}: {other} and {place} differ by case only")
        return tuple(notes)


_NO_ROW = RecordRow("", "", "")


def _and_more(paths: Iterable[str]) -> str:
    count = len(list(paths))
    return f" and {count - 1} more" if count > 1 else ""
