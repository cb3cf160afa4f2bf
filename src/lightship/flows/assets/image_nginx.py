"""The making of an image of nginx and static files: its packages, its configuration, and the web root above them."""

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from functools import cached_property
from io import RawIOBase

from lightship.assets.codecs import Encoding
from lightship.assets.image.files import ImageFiles
from lightship.assets.image.nginx import (
    ENTRYPOINT,
    HEALTH_PATH,
    configuration_entries,
    is_whole_configuration,
    runtime_entries,
    sends_brotli,
    without_comments,
)
from lightship.assets.image.web import WEB_ROOT, WebEntries, WebFiles, sort_web_files, web_entries
from lightship.assets.kinds import hashed_folders
from lightship.assets.model import CompressOptions
from lightship.assets.nginx import NginxOptions, nginx_configuration
from lightship.base.request import Root
from lightship.base.servers import NGINX, NGINX_BROTLI
from lightship.errors import InputError, UsageError
from lightship.findings import Finding
from lightship.flows.assets.compress import compress_assets
from lightship.flows.assets.image_files import copy_image_files, read_image_files
from lightship.flows.assets.image_request import AssetsImageRequest, ServerConfig, ServerParts, WebWeights
from lightship.flows.assets.image_root import ServerLock, missing_findings, root_recipe, server_plan, writable_entries
from lightship.flows.layers import LayerStyle
from lightship.flows.scratch import scratch
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.plan.assemble import layer_options, write_layer
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry, LayerPlan
from lightship.plan.normalise import normalise
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key
from lightship.units import format_bytes

__all__ = ["NginxImage"]

_VERSION = 1
"""Raised when the same files give another layer, or weigh something else."""
_PORT = 8080
_BROTLI = "libnginx-mod-http-brotli-static"
_MODULE = re.compile(r"usr/lib/nginx/modules/[^/]+\.so")
_LISTEN = re.compile(r"(?:^|[;{\s])listen\s+(?:[^\s;]+:)?(\d{1,5})[\s;]")
_MADE_HERE = ("postinst of nginx", "postinst of libnginx-mod-")
"""What these scripts would do is done by `runtime_entries` and by ``nginx.conf``."""


class NginxImage:
    """One directory for nginx. ``stack`` holds the copy that is compressed until the layers are made."""

    kind = "nginx"

    def __init__(
        self,
        request: AssetsImageRequest,
        files: ImageFiles,
        style: LayerStyle,
        cache: Cache,
        progress: Progress,
        stack: ExitStack,
    ) -> None:
        self._request = request
        self._files = files
        self._style = style
        self._cache = cache
        self._progress = progress
        self._stack = stack

    def make(self, platform: Platform) -> ServerParts:
        """Everything for one platform. Raise InputError for sidecars that are not of their files."""
        root, options = self._root(platform), self._request.build.options
        modules = tuple(sorted(entry.path for entry in root.entries if _MODULE.fullmatch(entry.path)))
        settings = configuration_entries(self._site, port=self._port, workers=self._request.workers, modules=modules)
        made = (*runtime_entries(), *writable_entries(options.writable))
        return ServerParts(
            recipes=(
                root_recipe(root, "nginx", made, self._cache, strip=options.strip),
                _configuration_recipe(settings),
                self._web_recipe(),
            ),
            config=ServerConfig(
                entrypoint=ENTRYPOINT, port=self._port, stop_signal="SIGQUIT", probe=self._probe(), env={}
            ),
            version=root.packages.get("nginx") or root.packages.get("nginx-light", ""),
            source="deb",
            base_env=root.env,
            findings=(*self._files.findings, *missing_findings(root), *self._findings()),
            notes=tuple(note for note in root.notes if not note.startswith(_MADE_HERE)),
            web=self._weights(),
        )

    def _root(self, platform: Platform) -> Root:
        kit = NGINX_BROTLI if self._wants_brotli else NGINX
        lock = ServerLock(self._request.build, platform, kit.section)
        with server_plan(self._request.build, platform, lock, kit, self._cache, self._progress) as plan:
            # Where `nginx` has no program it chooses among flavours: the smallest is enough.
            light = plan.is_locked("nginx-light") or (not plan.is_locked("nginx") and plan.is_metapackage("nginx"))
            wanted = {"nginx-light" if light else "nginx": "the server"}
            if self._wants_brotli:
                if plan.version(_BROTLI) is None:
                    raise InputError(
                        f"no {_BROTLI} in the archive: nginx sends no brotli without it",
                        hint="leave --brotli out, or take a newer suite with --archive-suite",
                    )
                wanted[_BROTLI] = "sends sidecars of brotli"
            root = plan.close(wanted, text_conversion=False)
        lock.lock = root.lock
        lock.save(self._progress)
        return root

    @cached_property
    def _wants_brotli(self) -> bool:
        return self._request.brotli or (self._own_site is not None and sends_brotli(self._own_site))

    @cached_property
    def _own_site(self) -> str | None:
        """The user's configuration."""
        if self._request.nginx is None:
            return None
        with storage_errors(f"read {self._request.nginx}"):
            raw = self._request.nginx.read_bytes()
        try:
            return raw.decode()
        except UnicodeDecodeError as error:
            raise InputError(f"{self._request.nginx} is not UTF-8: {error}") from error

    @cached_property
    def _site(self) -> str:
        if self._own_site is not None:
            return self._own_site
        names = self._web.names
        fallback = "index.html" in names if self._request.fallback is None else self._request.fallback
        return nginx_configuration(
            NginxOptions(
                root=f"/{WEB_ROOT}",
                mode=self._web.mode,
                brotli=self._request.brotli,
                fallback=fallback,
                folders=hashed_folders(list(names)),
                port=self._port,
                policy=self._request.policy,
            )
        )

    @cached_property
    def _port(self) -> int:
        said = _LISTEN.search(without_comments(self._own_site)) if self._own_site is not None else None
        return self._request.port or (int(said[1]) if said else _PORT)

    def _probe(self) -> str | None:
        if "index.html" in self._web.names:
            return f"http://127.0.0.1:{self._port}/"
        return f"http://127.0.0.1:{self._port}{HEALTH_PATH}" if self._own_site is None else None

    @cached_property
    def _web(self) -> WebFiles:
        encodings: tuple[Encoding, ...] = ("gzip", "br") if self._wants_brotli else ("gzip",)
        source = self._compressed(encodings) if self._request.compress else self._files
        found = sort_web_files(source, encodings)
        if self._request.brotli and found.lone:
            raise UsageError(
                f"{len(found.lone)} files are there as .gz alone: such a directory has no brotli to send",
                hint="leave --brotli out",
            )
        return found

    def _compressed(self, encodings: tuple[Encoding, ...]) -> ImageFiles:
        """The files of a copy of the directory, compressed: the directory itself stays as it is."""
        request = self._request
        if request.mode == "gzip-only" and request.brotli:
            raise UsageError("gzip-only has no sidecars of brotli to serve: --brotli goes with --mode sidecar")
        options = CompressOptions(
            mode=request.mode, level=request.compress or "release", encodings=encodings, maps=request.maps
        )
        copy = self._stack.enter_context(scratch(self._cache.root)) / "web"
        copy_image_files(self._files, copy)
        done = compress_assets(copy, options, self._cache, self._progress, jobs=request.build.jobs, checked=True)
        faults = [*done.faults, *(f"{result.path}: {result.fault}" for result in done.results if result.fault)]
        if faults:
            raise InputError(f"cannot compress {faults[0]}")
        # no memory of a copy that will be gone: its secrets were looked for where it was made
        return read_image_files(copy, None, keep=("*",))

    @cached_property
    def _entries(self) -> WebEntries:
        return web_entries(self._web)

    @property
    def _key(self) -> str:
        web = self._web
        unsent = (file.path for file in web.unsent)
        return cache_key("web", _VERSION, web.source.key, *unsent)

    def _web_recipe(self) -> LayerRecipe:
        key = self._key

        def make() -> LayerPlan:
            plain = "static files, with the times of their contents"
            return LayerPlan(name="web", key=key, entries=self._entries.entries, created_by=plain)

        return LayerRecipe(name="web", key=key, packages=(), make=make)

    def _weights(self) -> WebWeights:
        web, style = self._web, self._style
        key = cache_key("web-weights", self._key, *layer_options(style.compression, style.level, style.mtime))
        found = self._cache.find("records", key)
        try:
            plain, gzip_only = json.loads(found.read_bytes()) if found is not None else (-1, -1)
        except (OSError, ValueError, TypeError):
            plain, gzip_only = -1, -1  # a damaged record is no record
        if plain == -1:
            # also where nothing is compressed: that every sidecar is its file's is known only by this
            entries = self._entries
            plain = self._weigh(entries.plain) if _is_whole(entries.plain, web) else None
            gzip_only = self._weigh(entries.gzip_only) if entries.gzip_only else None
            with self._cache.write("records", key) as stream:
                stream.write(json.dumps([plain, gzip_only]).encode())
        return WebWeights(
            files=len(web.plain) + len(web.lone) + sum(map(len, web.sidecars.values())),
            plain_bytes=web.plain_bytes,
            sidecar_bytes=web.sidecar_bytes,
            mode=web.mode,
            plain_layer_bytes=plain,
            gzip_only_layer_bytes=gzip_only,
            left_out_bytes=sum(file.size_bytes for file in web.unsent),
        )

    def _weigh(self, entries: tuple[Entry, ...]) -> int:
        written = write_layer(
            normalise(entries),
            _Nowhere(),  # type: ignore[arg-type]  # all that is called of it is write
            compression=self._style.compression,
            level=self._style.level,
            mtime=self._style.mtime,
            threads=self._request.build.jobs,
            name="weigh the other forms",
            progress=self._progress,
        )
        return written.compressed_bytes

    def _findings(self) -> Iterator[Finding]:
        web = self._web
        if not web.is_compressed and web.plain:
            yield _finding(
                "not-compressed",
                "nothing is compressed: browsers get the plain files",
                fix="--compress release makes .gz beside them, and with --brotli .br as well",
            )
        if web.unsent:
            unsent_bytes = sum(file.size_bytes for file in web.unsent)
            yield _finding(
                "unsent-sidecars",
                f"{len(web.unsent)} sidecars were left out ({format_bytes(unsent_bytes)}): this nginx sends none of "
                "their encoding, or the file that they are of is not there",
                fix="--brotli sends those of brotli",
            )
        if self._own_site is None and "index.html" not in web.names:
            yield _finding("no-index", "there is no index.html at the top: / answers 404")
        if self._own_site is not None and not is_whole_configuration(self._own_site) and "listen" not in self._own_site:
            yield _finding("no-listen", f"{self._request.nginx} listens nowhere, so nginx takes port 80 or 8000")


def _configuration_recipe(entries: tuple[Entry, ...]) -> LayerRecipe:
    told = repr([(entry.path, entry.content) for entry in entries])
    key = cache_key("nginx-configuration", _VERSION, told)

    def make() -> LayerPlan:
        return LayerPlan(name="configuration", key=key, entries=entries, created_by="nginx's configuration")

    return LayerRecipe(name="configuration", key=key, packages=(), make=make)


def _is_whole(plain: tuple[Entry, ...], web: WebFiles) -> bool:
    """Whether every file has a plain form: a ``.gz`` alone of an unusual header has none."""
    return bool(plain) and len(plain) == len(web.plain) + len(web.lone)


def _finding(code: str, message: str, *, fix: str | None = None) -> Finding:
    return Finding(code=code, severity="note", title=code.replace("-", " "), message=message, fix=fix)


class _Nowhere(RawIOBase):
    """Takes everything and keeps nothing."""

    def writable(self) -> bool:
        return True

    def write(self, chunk: object) -> int:
        return len(chunk)  # type: ignore[arg-type]  # bytes, whatever RawIOBase calls them
