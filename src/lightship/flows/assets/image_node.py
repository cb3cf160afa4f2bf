"""The making of an image of a Node server: packages that Node needs, Node, and the directory as it is."""

import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from lightship.assets.image.files import OWNER, ImageFile, ImageFiles
from lightship.assets.image.node import APP, NodeServer, find_node_server, least_node, next_asset_prefix
from lightship.base.request import Root
from lightship.base.servers import NODE
from lightship.build.strip import STRIPPED_VERSION, strip_entries
from lightship.build.wheel_facts import WheelFacts, scan_files
from lightship.ecosystem.elf import ElfFile
from lightship.ecosystem.elf.closure import Closure, PlacedElf, find_outside_needs
from lightship.errors import InputError, UsageError
from lightship.findings import Finding
from lightship.flows.assets.image_files import read_image_files
from lightship.flows.assets.image_request import AssetsImageRequest, ServerConfig, ServerParts
from lightship.flows.assets.image_root import ServerLock, missing_findings, root_recipe, server_plan, writable_entries
from lightship.flows.needs import needed_libraries
from lightship.flows.node_wheel import (
    NODE_PATH,
    NODE_WHEEL_SECTION,
    NodeWheel,
    find_node_wheel,
    locked_node,
    node_settings,
    open_node,
)
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry, LayerPlan
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key
from lightship.units import format_bytes

__all__ = ["NodeImage", "Prepared", "prepare_node"]

_VERSION = 1
"""Raised when the same files give other layers."""
_PORT = 3000
_SUPPORTED = 20
"""Debian's own Node is taken unasked from this major on: 18 has had no fixes from its project since April 2025
(https://github.com/nodejs/release, read November 2026)."""
_DEBIAN = "nodejs"
_MODULES = "node_modules/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A server's directory, and the files that lie beside it and belong to it: ``beside`` maps the folder of the image,
    relative to the server's directory, to them."""

    files: ImageFiles
    server: NodeServer
    beside: dict[str, ImageFiles]
    findings: tuple[Finding, ...] = ()

    @property
    def key(self) -> str:
        beside = (part for folder, files in sorted(self.beside.items()) for part in (folder, files.key))
        return cache_key(self.files.key, *beside)


def prepare_node(files: ImageFiles, request: AssetsImageRequest, cache: Cache) -> Prepared | None:
    """The Node server that ``files`` are; None where they are none and none is asked for."""
    known = {file.path for file in files.files}
    server = find_node_server(known, entry=request.entry, wanted=request.server == "node")
    if server is None:
        return None
    if server.kind != "next":
        if request.static:
            raise UsageError("--static keep takes in what Next.js puts beside its folder: this is no Next.js")
        return Prepared(files=files, server=server, beside={})
    beside, findings = _beside(files, server, known, request, cache)
    return Prepared(files=files, server=server, beside=beside, findings=tuple(findings))


def _beside(
    files: ImageFiles, server: NodeServer, known: set[str], request: AssetsImageRequest, cache: Cache
) -> tuple[dict[str, ImageFiles], list[Finding]]:
    """``.next/static`` and ``public``, which Next.js leaves for whoever deploys to copy: taken in from where they lie
    beside the standalone folder, unless the directory has them, or pages ask for the former elsewhere."""
    prefix = next_asset_prefix(server, lambda path: _read(files, path))
    project = files.root.parent.parent  # of PROJECT/.next/standalone, or PROJECT/apps/web/.next/standalone
    found: dict[str, ImageFiles] = {}
    findings: list[Finding] = []
    for folder, place in ((".next/static", project / ".next" / "static"), ("public", project / "public")):
        inside = posixpath.join(server.folder, folder)
        there = any(path.startswith(f"{inside}/") for path in known)
        moved = folder == ".next/static" and bool(prefix)
        wanted = request.static if request.static is not None else not moved
        if wanted and not there and place.is_dir() and files.root.parts[-2:] == (".next", "standalone"):
            found[inside] = read_image_files(place, cache, keep=request.keep)
        elif not there and folder == ".next/static" and not moved and request.static is None:
            message = (
                "pages ask for /_next/static, which is not in the directory: they will load no script and no style"
            )
            fix = "copy .next/static to where it belongs, or set assetPrefix to where it is served from"
            findings.append(_finding("no-static", message, fix=fix, warning=True))
    return found, findings


def _read(files: ImageFiles, path: str) -> bytes | None:
    if path not in files.by_path:
        return None
    with storage_errors(f"read {path}"):
        return (files.root / path).read_bytes()


class NodeImage:
    """One directory for Node."""

    kind = "node"

    def __init__(self, request: AssetsImageRequest, prepared: Prepared, cache: Cache, progress: Progress) -> None:
        self._request = request
        self._prepared = prepared
        self._files = prepared.files
        self._server = prepared.server
        self._cache = cache
        self._progress = progress

    def make(self, platform: Platform) -> ServerParts:
        """Everything for one platform. Raise InputError where there is no Node as asked, or it does not fit."""
        closure = self._closure(platform)
        root, node, wheel, version = self._root(platform, closure)
        strip = self._request.build.options.strip
        writable = tuple(f"/{APP}/{folder}" for folder in self._server.writable)
        recipes = [root_recipe(root, "base" if node else "node", (), self._cache, strip=strip)]
        if node is not None and wheel is not None:
            recipes.append(_node_recipe(node, wheel, self._cache, strip=strip))
        program = f"/{NODE_PATH}" if node is not None else "/usr/bin/node"
        return ServerParts(
            recipes=(*recipes, *self._own_recipes((*writable, *self._request.build.options.writable))),
            config=ServerConfig(
                entrypoint=(*self._init, program, posixpath.basename(self._server.entry)),
                port=self._port,
                env={"NODE_ENV": "production", "PORT": str(self._port), **self._server.env},
                workdir=posixpath.join(f"/{APP}", self._server.folder).rstrip("/"),
                writable=writable,
                probe=f"http://127.0.0.1:{self._port}/",
            ),
            version=version,
            source="wheel" if node is not None else "deb",
            base_env=root.env,
            findings=(
                *self._files.findings,
                *self._prepared.findings,
                *self._elf_findings(closure),
                *missing_findings(root),
                *self._engine_findings(version),
            ),
            notes=root.notes,
        )

    @property
    def _port(self) -> int:
        return self._request.port or _PORT

    @property
    def _init(self) -> tuple[str, ...]:
        """tini before a server that may have no handler of SIGTERM: the kernel lets process 1 ignore it then, and an
        engine waits ten seconds to kill it. Next.js has one."""
        wanted = self._request.init if self._request.init is not None else self._server.kind != "next"
        return ("/usr/bin/tini", "--") if wanted else ()

    # what Node is made of

    def _root(self, platform: Platform, closure: Closure) -> tuple[Root, Entry | None, NodeWheel | None, str]:
        """The packages; Node's program and its wheel, where it is not one of them; and its version."""
        build = self._request.build
        lock = ServerLock(build, platform, NODE.section, NODE_WHEEL_SECTION)
        section = f"{platform.architecture}{NODE_WHEEL_SECTION}"
        settings = node_settings(build.environ, build.project)
        init = {"tini": "process 1, which hands signals on"} if self._init else {}
        with server_plan(build, platform, lock, NODE, self._cache, self._progress) as plan:
            wheel = locked_node(lock.lock.section(section), self._request.node)
            packaged = None
            if wheel is None:
                packaged = plan.version(_DEBIAN)
                if not self._takes_packaged(packaged, locked=plan.is_locked(_DEBIAN)):
                    packaged = None
                    wheel = self._find_wheel(platform, plan.libc_version(), lock)
            outside: dict[str, ElfFile] = {}
            node = None
            if wheel is not None:
                node, facts = open_node(wheel, settings, self._cache, self._progress)
                outside[node.path] = facts
            root = plan.close(
                {**({_DEBIAN: "the server"} if wheel is None else {}), **init},
                needed=needed_libraries(closure),
                outside=outside,
                text_conversion=self._facts.converts_text,
            )
        lock.lock = root.lock
        if wheel is not None:
            lock.put(section, wheel.section)
        else:
            lock.remove(section)
        lock.save(self._progress)
        version = wheel.version if wheel is not None else packaged or ""
        return root, node, wheel, version

    def _takes_packaged(self, version: str | None, *, locked: bool) -> bool:
        """Whether Debian's Node of ``version`` is what is wanted."""
        wanted = self._request.node
        if version is None:
            return False
        if wanted != "auto":
            return wanted == "debian" or version == wanted or version.startswith(f"{wanted}.")
        return locked or int(version.split(".")[0]) >= max(_SUPPORTED, self._least or 0)

    def _find_wheel(self, platform: Platform, libc_version: tuple[int, int], lock: ServerLock) -> NodeWheel:
        if self._request.node == "debian":
            raise InputError(f"no {_DEBIAN} in the archive for {platform}", hint="--node 22 takes another one")
        settings = node_settings(self._request.build.environ, self._request.build.project)
        wanted = self._request.node
        others = (each for name, each in lock.lock.architectures.items() if name.endswith(NODE_WHEEL_SECTION))
        if wanted == "auto":  # one index of images holds one version
            wanted = next((found.version for each in others if (found := locked_node(each, "auto"))), wanted)
        return find_node_wheel(wanted, platform, libc_version, settings(), least=self._least)

    @cached_property
    def _least(self) -> int | None:
        """The oldest Node that the server takes: as Next.js says, or the server's own ``package.json``."""
        places = ["package.json", posixpath.join(self._server.folder, "package.json"), "node_modules/next/package.json"]
        said = [least for place in places if (least := least_node(_read(self._files, place))) is not None]
        return max(said, default=None)

    def _engine_findings(self, version: str) -> Iterator[Finding]:
        least = self._least
        major = version.partition(".")[0]
        if least is not None and major.isdigit() and int(major) < least:
            message = f"the server asks for Node {least} or later, and gets {version}"
            yield _finding("old-node", message, fix=f"--node {least}", warning=True)

    # what the directory asks for

    @cached_property
    def _facts(self) -> WheelFacts:
        """ELF files among the directory's: native add-ons, and libraries that they bring."""
        found = [(file.path, self._files.content(file)) for file in self._files.files if file.is_elf]
        key = cache_key("node-elves", self._files.key)
        known = self._cache.find("records", key)
        facts = WheelFacts.from_json(known.read_bytes()) if known is not None else None
        if facts is None:
            facts = scan_files(found)
            with self._cache.write("records", key) as stream:
                stream.write(facts.to_json())
        return facts

    def _closure(self, platform: Platform) -> Closure:
        elves = [(path, elf) for path, elf in self._facts.elves if not _is_musl(elf)]
        placed = [PlacedElf(path=f"{APP}/{path}", owner=OWNER, elf=elf) for path, elf in elves]
        return find_outside_needs(placed, machine=platform.machine)

    def _elf_findings(self, closure: Closure) -> Iterator[Finding]:
        """Add-ons that this image cannot load; nothing of the directory is left out, so they are told with their
        bytes."""
        sizes = {file.path: file.size_bytes for file in self._files.files}
        musl = [path for path, elf in self._facts.elves if _is_musl(elf)]
        foreign = [path.removeprefix(f"{APP}/") for path, _ in closure.wrong_machine]
        for code, paths, what in (
            ("musl-add-on", musl, "for musl, and the image has glibc"),
            ("foreign-add-on", foreign, "for another machine"),
        ):
            if paths:
                size_bytes = sum(sizes.get(path, 0) for path in paths)
                more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
                message = f"{paths[0]}{more} ({format_bytes(size_bytes)}) cannot be loaded: {what}"
                fix = "install the packages on the image's platform: npm install --os linux --cpu … --libc glibc"
                yield replace(_finding(code, message, fix=fix), unpacked_bytes=size_bytes, location=paths[0])

    # the directory's layers

    def _own_recipes(self, writable: Sequence[str]) -> Iterator[LayerRecipe]:
        """Packages below what is built, and that below what browsers get: what changes most is on top."""
        modules = [file for file in self._files.files if _MODULES in f"/{file.path}" and _is_module(file.path)]
        static = [file for file in self._files.files if self._is_static(file.path)]
        taken = {file.path for file in (*modules, *static)}
        rest = [file for file in self._files.files if file.path not in taken]
        made = writable_entries(writable)
        files = self._files
        if modules:
            yield _recipe("modules", [(files, APP, modules)], "packages of node_modules")
        yield _recipe("server", [(files, APP, rest)], f"server in /{APP}", made)
        beside = [(each, f"{APP}/{folder}", list(each.files)) for folder, each in sorted(self._prepared.beside.items())]
        if static or beside:
            yield _recipe("static", [(files, APP, static), *beside], "static files, with the times of their contents")

    def _is_static(self, path: str) -> bool:
        if self._server.kind != "next":
            return False
        below = f"{self._server.folder}/" if self._server.folder else ""
        return path.startswith((f"{below}.next/static/", f"{below}public/"))


def _is_module(path: str) -> bool:
    return path.startswith(_MODULES) or f"/{_MODULES}" in path


def _is_musl(elf: ElfFile) -> bool:
    return "ld-musl" in elf.interpreter or any(name.startswith("libc.musl") for name in elf.needed)


_Group = tuple[ImageFiles, str, Sequence[ImageFile]]


def _recipe(name: str, groups: Sequence[_Group], created_by: str, made: tuple[Entry, ...] = ()) -> LayerRecipe:
    told = [(prefix, file) for _, prefix, files in groups for file in files]
    key = cache_key("node-files", _VERSION, name, repr(told), *(entry.path for entry in made))

    def make() -> LayerPlan:
        found = (entry for source, prefix, files in groups for entry in source.entries(files, prefix, "the server's"))
        return LayerPlan(name=name, key=key, entries=(*found, *made), created_by=created_by)

    return LayerRecipe(name=name, key=key, packages=(), make=make)


def _node_recipe(node: Entry, wheel: NodeWheel, cache: Cache, *, strip: bool) -> LayerRecipe:
    """The layer with Node's program."""
    sha256 = wheel.record.sha256
    key = cache_key("node", _VERSION, node.path, node.why, sha256, STRIPPED_VERSION if strip else "whole")

    def make() -> LayerPlan:
        entries = strip_entries([node], sha256, cache).entries if strip else (node,)
        return LayerPlan(name="node", key=key, entries=tuple(entries), created_by=f"Node.js {wheel.version}")

    return LayerRecipe(name="node", key=key, packages=(), make=make)


def _finding(code: str, message: str, *, fix: str | None = None, warning: bool = False) -> Finding:
    severity = "warning" if warning else "note"
    return Finding(code=code, severity=severity, title=code.replace("-", " "), message=message, fix=fix)  # type: ignore[arg-type]
