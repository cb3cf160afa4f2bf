"""``lightship assets image``: static files behind nginx, or a Node server, as an OCI image, without an engine.

It is made as ``lightship build`` makes images: packages of a signed archive, recipes that become layers once, an image
that is known again when nothing has changed.
"""

import json
import os
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lightship.assets.image.files import ImageFiles
from lightship.assets.output_folder import find_project
from lightship.base.lock_name import LOCK_NAME
from lightship.errors import UsageError
from lightship.findings import Finding
from lightship.flows.assets.image_config import server_image_terms
from lightship.flows.assets.image_files import read_image_files
from lightship.flows.assets.image_request import AssetsImageRequest, ServerKind, ServerParts, WebWeights
from lightship.flows.deliver import deliver, deliver_index, reference_of
from lightship.flows.layers import LayerStyle, MadeLayer, make_layers, merge_drops
from lightship.flows.memo import carry_over, find_memo, memo_key, remember
from lightship.flows.outcome import BuildOutcome, IndexOutcome
from lightship.flows.phases import Phases
from lightship.image.value import PlainImage
from lightship.oci.platform import Platform
from lightship.oci.reference import Reference
from lightship.plan.assemble import DEFAULT_MTIME
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key
from lightship.store.select import host_platform

__all__ = ["AssetsImageOutcome", "ServerSummary", "build_assets_image"]

_BUILT_FOLDERS = frozenset({".next", ".output", "build", "dist", "out", "output", "public", "standalone", "www"})
"""Folders that a build writes to: the project is called as what they are in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSummary:
    """What answers in the image; ``source`` is ``deb`` or ``wheel``."""

    kind: ServerKind
    version: str
    source: str
    port: int
    user: str
    entrypoint: tuple[str, ...]
    writable: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsImageOutcome:
    """What was built, and where it is; of several platforms ``server`` and ``web`` are the first's."""

    build: BuildOutcome | IndexOutcome
    server: ServerSummary
    web: WebWeights | None = None

    @property
    def first(self) -> BuildOutcome:
        """The image, or the first of several."""
        return self.build.images[0] if isinstance(self.build, IndexOutcome) else self.build


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    image: PlainImage
    outcome: BuildOutcome
    server: ServerSummary
    web: WebWeights | None


def build_assets_image(request: AssetsImageRequest, cache: Cache, progress: Progress) -> AssetsImageOutcome:
    """Build the image of ``request`` and write it to every output. Raise InputError for a directory that is neither,
    UsageError for options that are not of what it is, and what the parts raise; outputs are whole or as they were."""
    phases = Phases()
    build = request.build
    with ExitStack() as stack:
        work = _Work(request, cache, progress, phases, stack)
        platforms = build.platforms or (host_platform(),)
        made = {platform: work.make(platform) for platform in platforms}
        work.settle()
    first = made[platforms[0]]
    delivered: BuildOutcome | IndexOutcome
    if len(platforms) == 1:
        delivered = deliver(first.image, first.outcome, build, cache, phases, progress)
    else:
        images = [(platform, each.image, each.outcome) for platform, each in made.items()]
        delivered = deliver_index(images, build, cache, phases, progress)
    return AssetsImageOutcome(build=delivered, server=first.server, web=first.web)


class _Work:
    """One directory, read once, made into an image for one platform after the other."""

    def __init__(
        self, request: AssetsImageRequest, cache: Cache, progress: Progress, phases: Phases, stack: ExitStack
    ) -> None:
        self.request = request
        self.cache = cache
        self.progress = progress
        self.phases = phases
        self.stack = stack
        build = request.build
        mtime = DEFAULT_MTIME if build.epoch is None else build.epoch
        self.keys: dict[Platform, str] = {}
        self.style = LayerStyle(compression=build.options.compression, level=build.options.level, mtime=mtime)
        with phases("read"):
            self.files = self._read()
            self._choose()

    def _read(self) -> ImageFiles:
        written = [path for output in self.request.build.outputs if (path := Reference.parse(output).path) is not None]
        return read_image_files(self.request.directory, self.cache, keep=self.request.keep, leave_out=written)

    def _choose(self) -> None:
        from lightship.flows.assets.image_node import prepare_node

        request = self.request
        self.node = prepare_node(self.files, request, self.cache) if request.server != "nginx" else None
        if self.node is None and not self.files.files:
            raise UsageError(f"{request.directory} has no files: want what a build of a front end wrote")
        _check_options(request, "nginx" if self.node is None else "node")
        if self.node is None and request.server is None:
            _check_is_no_project(request.directory)

    def make(self, platform: Platform) -> _Made:
        """The image for ``platform``, remembered or made."""
        request = self.request.build
        key = self._key(platform)
        found = None if request.update_base else self._remembered(key)
        if found is not None:
            return found
        made = self._make(platform)
        # The lock may have been written: the next build must find the image by it.
        key = self.keys[platform] = self._key(platform)
        remember(self.cache, key, request.project, made.image, made.outcome, ())
        document = {"server": asdict(made.server), "web": asdict(made.web) if made.web else None}
        with self.cache.write("records", cache_key("assets-image", key)) as stream:
            stream.write(json.dumps(document).encode())
        return made

    def settle(self) -> None:
        """Remember what was made by the lock as it is: an image for another platform may have added to it since."""
        for platform, before in self.keys.items():
            after = self._key(platform)
            carry_over(self.cache, (before, after), ("", ""))
            found = self.cache.find("records", cache_key("assets-image", before)) if before != after else None
            if found is not None:
                with self.cache.write("records", cache_key("assets-image", after)) as stream:
                    stream.write(found.read_bytes())

    def _key(self, platform: Platform) -> str:
        request = self.request
        files = [request.build.project / LOCK_NAME, *([request.nginx] if request.nginx is not None else [])]
        return memo_key(
            request.build,
            platform=str(platform),
            base=f"assets-image {request.identity()} {self._name}",
            application=self.node.key if self.node is not None else self.files.key,
            files=files,
        )

    def _remembered(self, key: str) -> _Made | None:
        found = find_memo(self.cache, key, self.request.build.project)
        record = self.cache.find("records", cache_key("assets-image", key))
        if found is None or record is None:
            return None
        try:
            document = json.loads(record.read_bytes())
            server = document["server"]
            tuples = {name: tuple(server[name]) for name in ("entrypoint", "writable")}
            return _Made(
                image=found[0],
                outcome=found[1],
                server=ServerSummary(**{**server, **tuples}),
                web=WebWeights(**document["web"]) if document["web"] else None,
            )
        except (OSError, ValueError, KeyError, TypeError):
            return None  # a damaged record is no record

    def _make(self, platform: Platform) -> _Made:
        from lightship.flows.assets.image_nginx import NginxImage
        from lightship.flows.assets.image_node import NodeImage

        request, cache = self.request, self.cache
        server: NginxImage | NodeImage
        if self.node is not None:
            server = NodeImage(request, self.node, cache, self.progress)
        else:
            server = NginxImage(request, self.files, self.style, cache, self.progress, self.stack)
        with self.phases("plan"):
            parts = server.make(platform)
        for note in parts.notes:
            self.progress.note(note)
        with self.phases("layers"):
            layers = make_layers(parts.recipes, self.style, cache, jobs=request.build.jobs, progress=self.progress)
        parts = replace(parts, findings=(*parts.findings, *self._tried(layers, platform)))
        with self.phases("image"):
            return self._image(parts, layers, platform)

    def _tried(self, layers: tuple[MadeLayer, ...], platform: Platform) -> tuple[Finding, ...]:
        """What nginx says of a configuration that is the user's; nothing of one that is written here."""
        own = self.request.nginx
        if own is None or platform.machine != host_platform().machine:
            return ()
        from lightship.flows.assets.image_trial import try_configuration

        below = [layer.layer for layer in layers if layer.name != "web"]
        user = self.request.build.options.user_ids
        with self.phases("try"):
            return try_configuration(below, str(own), user, self.cache, self.progress)

    def _image(self, parts: ServerParts, layers: tuple[MadeLayer, ...], platform: Platform) -> _Made:
        from lightship.flows.explanation import image_explanation
        from lightship.image.blobs import from_blobs

        request = self.request.build
        config, notes = server_image_terms(
            parts.config,
            request,
            platform,
            name=reference_of(request) or self._name,
            mtime=self.style.mtime,
            base_env=parts.base_env,
            history=[layer.created_by for layer in layers],
        )
        image = from_blobs([layer.layer for layer in layers], config, dict(sorted(notes.items())))
        with image_explanation(self.cache, []) as explain:
            told = explain([layer.explanation.name for layer in layers])
        outcome = BuildOutcome(
            reference=reference_of(request),
            digest="",
            outputs=(),
            platform=str(platform),
            python="",
            layers=tuple(layer.summary for layer in layers),
            dropped=merge_drops(drop for layer in layers for drop in layer.dropped),
            findings=tuple(dict.fromkeys(parts.findings)),
            kept_because=told,
        )
        server = ServerSummary(
            kind="nginx" if self.node is None else "node",
            version=parts.version,
            source=parts.source,
            port=parts.config.port,
            user=request.options.user,
            entrypoint=parts.config.entrypoint,
            writable=tuple(sorted({*parts.config.writable, *request.options.writable})),
        )
        return _Made(image=image, outcome=outcome, server=server, web=_weighed(parts.web, layers))

    @property
    def _name(self) -> str:
        """What the image is called where nobody gives it a name: as the project whose output the directory is."""
        names = [name for name in reversed(self.files.root.parts) if name not in (*_BUILT_FOLDERS, os.sep)]
        return names[0] if names else "web"


def _weighed(web: WebWeights | None, layers: tuple[MadeLayer, ...]) -> WebWeights | None:
    if web is None:
        return None
    own = sum(layer.built.compressed_bytes for layer in layers if layer.name == "web")
    return replace(web, layer_bytes=own)


def _check_options(request: AssetsImageRequest, kind: ServerKind) -> None:
    """Raise UsageError for an option of the other server: it would do nothing."""
    of_nginx = {
        "--nginx": request.nginx is not None, "--brotli": request.brotli, "--compress": request.compress is not None,
        "--fallback": request.fallback is not None, "--mode gzip-only": request.mode != "sidecar",
        "--maps remove": request.maps != "keep",
    }  # fmt: skip
    of_node = {
        "--node": request.node != "auto", "--entry": request.entry is not None, "--init": request.init is not None,
        "--static": request.static is not None,
    }  # fmt: skip
    wrong = [name for name, given in (of_node if kind == "nginx" else of_nginx).items() if given]
    if wrong:
        other = "a Node server, and the directory is static files" if kind == "nginx" else "nginx, and this is Node"
        raise UsageError(f"{wrong[0]} is of {other}", hint="--server says which of them it is")
    own = {"--brotli": request.brotli, "--fallback": request.fallback is not None}
    if request.nginx is not None and (wrong := [name for name, given in own.items() if given]):
        raise UsageError(f"{wrong[0]} is for the written configuration, and --nginx brings another")
    if request.compress is None and (request.mode != "sidecar" or request.maps != "keep"):
        raise UsageError("--mode and --maps say how --compress works, which is not given")


def _check_is_no_project(directory: Path) -> None:
    """Raise UsageError for a project's sources: served, they would be an image of nothing."""
    project = find_project(directory, wanted=(".next/standalone", ".output"))
    if project is None:
        return
    hint = project.hint
    if (directory / ".next").is_dir() and not (directory / ".next/standalone").is_dir():
        hint = "set output: 'standalone' in next.config, build again, and give .next/standalone"
    raise UsageError(
        f"{directory} is the project (it has {project.sign}), and not what its build wrote",
        hint=f"{hint}; or say --server",
    )
