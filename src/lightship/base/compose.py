"""From gathered packages to a `Root` or `Base`: entries, what is written here, what scanners read, what is not done."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields, replace
from pathlib import PurePosixPath

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.inflate import Containers, read_content
from lightship.base import produce
from lightship.base.cpython import CPythonTree
from lightship.base.gather import Gathering
from lightship.base.libraries import loader_directories
from lightship.base.loader_cache import configured_directories, loader_cache
from lightship.base.lock import BaseLock
from lightship.base.request import Account, Base, Root
from lightship.base.scripts import alternatives, undone
from lightship.base.unpacked import DebMember, UnpackedDeb
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.errors import HostileError
from lightship.plan.model import Dropped, Entry
from lightship.rootfs.links import resolve
from lightship.store.cache import cache_key

__all__ = ["COMPOSE_VERSION", "compose", "compose_root"]

COMPOSE_VERSION = 3
"""Raised when the same packages give other entries."""


def compose(
    gathering: Gathering,
    *,
    interpreter: Interpreter,
    tree: CPythonTree | None,
    account: Account,
    notes: Sequence[str],
    lock: BaseLock,
) -> Base:
    """The base that ``gathering`` holds. Later sources win: packages over the skeleton, an installed CPython over
    packages."""
    root = compose_root(
        gathering,
        machine=interpreter.target.platform.machine,
        account=account,
        notes=notes,
        lock=lock,
        more=(*(tree.entries if tree is not None else ()), *_python_names(interpreter, gathering, tree)),
        dropped=tree.dropped if tree is not None else (),
    )
    return Base(interpreter=interpreter, **{field.name: getattr(root, field.name) for field in fields(Root)})


def compose_root(
    gathering: Gathering,
    *,
    machine: str,
    account: Account,
    notes: Sequence[str],
    lock: BaseLock,
    more: Iterable[Entry] = (),
    dropped: Iterable[Dropped] = (),
) -> Root:
    """The root that ``gathering`` holds, for processors called ``machine``. ``more`` are entries over the packages';
    ``dropped`` is what else was left out."""
    found: dict[str, Entry] = {}
    for entry in (
        *produce.skeleton(),
        *produce.account_files(account),
        *_package_entries(gathering),
        *_records(gathering),
        *_certificates(gathering),
        *more,
    ):
        found[entry.path] = entry
    for entry in produce.usrmerge_links(list(found)):
        found.setdefault(entry.path, entry)
    for entry in _alternatives(gathering, found):
        found.setdefault(entry.path, entry)
    for entry in _loader_cache(gathering, found, machine):
        found[entry.path] = entry
    entries = _settled(found.values())
    debs = [gathering.opened[name] for name in sorted(gathering.opened)]
    return Root(
        entries=entries,
        dropped=tuple(sorted((*gathering.dropped, *dropped), key=lambda drop: drop.path)),
        env=produce.ENVIRONMENT,
        libraries=_libraries(entries, loader_directories(machine)),
        packages={deb.record.name: deb.record.version for deb in debs},
        missing=dict(sorted(gathering.missing.items())),
        lock=lock,
        notes=(*notes, *gathering.notes, *undone(debs)),
        cache_key=_key(debs, entries),
    )


def _package_entries(gathering: Gathering) -> Iterator[Entry]:
    whys = {name: chosen.why for name, chosen in gathering.selection.chosen.items()}
    for path, (package, member) in gathering.kept.items():
        deb = gathering.opened[package]
        yield _entry(path, member, gathering, deb, whys[package])


def _entry(path: str, member: DebMember, gathering: Gathering, deb: UnpackedDeb, why: str) -> Entry:
    # Set-user-ID programs serve nobody in an image without new privileges, and every scanner asks about them.
    mode = member.mode & 0o1777
    if member.type == "hardlink" and member.link_target not in gathering.kept:
        first = next(m for m in deb.members if m.path == member.link_target)
        return Entry(path=path, content=first.content, mode=first.mode & 0o1777, owner=deb.owner, why=why)
    return Entry(
        path=path,
        type=member.type,
        mode=mode,
        content=member.content,
        link_target=member.link_target,
        owner=deb.owner,
        why=why,
    )


def _records(gathering: Gathering) -> Iterator[Entry]:
    """``var/lib/dpkg/status.d``: a paragraph and the checksums of what is there, as distroless images have them."""
    for name in sorted(gathering.opened):
        deb = gathering.opened[name]
        path = f"var/lib/dpkg/status.d/{name}"
        why = "tells scanners what is installed"
        yield Entry.text(path, deb.control.rstrip("\n") + "\n", owner=deb.owner, why=why)
        sums = "".join(line + "\n" for line in deb.md5sums.splitlines() if _is_kept(line, name, gathering))
        if sums:
            yield Entry.text(f"{path}.md5sums", sums, owner=deb.owner, why=why)


def _is_kept(line: str, package: str, gathering: Gathering) -> bool:
    path = produce.merged_path(line.partition("  ")[2])
    kept = gathering.kept.get(path)
    return kept is not None and kept[0] == package


def _certificates(gathering: Gathering) -> Iterator[Entry]:
    deb = gathering.opened.get("ca-certificates")
    if deb is None:
        return
    with Containers() as containers:
        pems = [
            (member.path, bytes(read_content(member.content, containers)))
            for member in deb.members
            if member.path.startswith("usr/share/ca-certificates/") and member.path.endswith(".crt") and member.content
        ]
    yield from produce.ca_bundle(pems, owner=deb.owner)


def _python_names(interpreter: Interpreter, gathering: Gathering, tree: CPythonTree | None) -> Iterator[Entry]:
    """``python3`` and ``python`` beside a distribution's ``python3.11``; an installed CPython brings its own."""
    if tree is not None:
        return
    executable = PurePosixPath(interpreter.executable)
    for name in ("python3", "python"):
        path = f"{executable.parent}/{name}"
        if not gathering.exists(path):
            yield Entry(
                path=path,
                type="symlink",
                mode=0o777,
                link_target=executable.name,
                owner=produce.OWNER,
                why="the interpreter's usual names",
            )


def _alternatives(gathering: Gathering, found: dict[str, Entry]) -> Iterator[Entry]:
    for name in sorted(gathering.opened):
        deb = gathering.opened[name]
        for link, target in alternatives(deb.postinst):
            path, real = produce.merged_path(link.lstrip("/")), produce.merged_path(target.lstrip("/"))
            if real in found and path not in found:
                yield Entry(
                    path=path,
                    type="symlink",
                    mode=0o777,
                    link_target=f"/{real}",
                    owner=deb.owner,
                    why=f"update-alternatives of {name}",
                )


def _settled(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """Entries by path, with every directory above them; raise HostileError for a path below a file or a link."""
    known = {entry.path: entry for entry in entries}
    placed: dict[str, Entry] = {}
    for entry in sorted(known.values(), key=lambda entry: entry.path):
        path = _real_path(entry.path, known)
        if path != entry.path:
            entry = replace(entry, path=path)
        placed.setdefault(path, entry)
    every = [*placed.values(), *produce.directories_for(list(placed.values()))]
    for entry in every:
        above = placed.get(entry.path.rpartition("/")[0])
        if above is not None and above.type != "dir":
            raise HostileError(f"{entry.path} of {entry.owner} lies below a {above.type} of {above.owner}")
    return tuple(sorted(every, key=lambda entry: entry.path))


def _real_path(path: str, known: dict[str, Entry]) -> str:
    """``path`` with links among its directories resolved: a package may ship ``var/run/x`` where ``var/run`` is one."""

    def readlink(inside: str) -> str | None:
        entry = known.get(inside)
        return entry.link_target if entry is not None and entry.type == "symlink" else None

    return resolve(path, readlink, follow_last=False)


def _loader_cache(gathering: Gathering, found: dict[str, Entry], machine: str) -> Iterator[Entry]:
    with Containers() as containers:
        files = [
            (path, bytes(read_content(member.content, containers)).decode("utf-8", "replace"))
            for path, (_, member) in gathering.kept.items()
            if path.startswith("etc/ld.so.conf.d/") and member.content is not None
        ]
    directories = dict.fromkeys([*configured_directories(files), *loader_directories(machine)])
    entries = sorted(found.values(), key=lambda entry: entry.path)
    libraries = _libraries(entries, list(directories))
    # As ldconfig has it, a library is listed by its soname, not by the file that its soname's link leads to.
    sonames = {path: elf.soname for path, elf in gathering.elves() if elf.soname in libraries}
    listed = {
        name: path
        for name, path in libraries.items()
        if name.startswith(("lib", "ld-")) and sonames.get(path, name) == name
    }
    content = Inline(loader_cache(listed, machine))
    yield Entry(path="etc/ld.so.cache", content=content, owner=produce.OWNER, why="as ldconfig would write it")


def _libraries(entries: Sequence[Entry], directories: Sequence[str]) -> dict[str, str]:
    """File names of shared objects to their paths; the first of ``directories`` that has one wins."""
    rank = {directory: number for number, directory in enumerate(directories)}
    found: dict[str, str] = {}
    for entry in sorted(entries, key=lambda entry: rank.get(entry.path.rpartition("/")[0], len(rank))):
        directory, _, name = entry.path.rpartition("/")
        if entry.type != "dir" and ".so" in name and directory in directories:
            found.setdefault(name, entry.path)
    return found


def _key(debs: Sequence[UnpackedDeb], entries: Sequence[Entry]) -> str:
    running = hashlib.sha256()
    for entry in entries:
        own = _content_key(entry.content)
        fields = (entry.path, entry.type, str(entry.mode), str(entry.uid), str(entry.gid), entry.link_target, own)
        running.update("\0".join(fields).encode("utf-8", "surrogateescape") + b"\n")
    return cache_key("base", COMPOSE_VERSION, *(deb.record.sha256 for deb in debs), running.hexdigest())


def _content_key(content: Content | None) -> str:
    match content:
        case Inline():
            return hashlib.sha256(content.content).hexdigest()
        case Deflated():
            return f"{content.crc32:08x} {content.unpacked_bytes}"
        case Stored():
            return f"{content.sha256 or content.crc32} {content.unpacked_bytes}"
        case None:
            return ""
