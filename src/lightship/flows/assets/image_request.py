"""What an image of static files, or of a Node server, is asked for, and what its making hands on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from lightship.assets.codecs import Level
from lightship.assets.model import Maps, Mode
from lightship.assets.nginx import DEFAULT_POLICY
from lightship.findings import Finding
from lightship.flows.request import BuildRequest
from lightship.plan.layering import LayerRecipe

__all__ = ["AssetsImageRequest", "ServerConfig", "ServerKind", "ServerParts", "WebWeights"]

ServerKind = Literal["nginx", "node"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsImageRequest:
    """``build`` has what every image is asked for (names, outputs, platform, user, archive, compression); its
    ``project`` is the folder of the base lock. None: told from ``directory``.

    Of nginx: ``nginx`` is a configuration instead of the written one; ``compress`` makes sidecars on a copy of the
    directory first. Of Node: ``node`` is a version or ``auto``, ``entry`` the file that is started, ``init`` whether
    tini is process 1, ``static`` whether ``.next/static`` and ``public`` are taken in that lie beside.
    """

    directory: Path
    build: BuildRequest
    server: ServerKind | None = None
    port: int | None = None
    keep: tuple[str, ...] = ()
    nginx: Path | None = None
    brotli: bool = False
    fallback: bool | None = None
    policy: str = DEFAULT_POLICY
    workers: int = 2
    compress: Level | None = None
    mode: Mode = "sidecar"
    maps: Maps = "keep"
    node: str = "auto"
    entry: str | None = None
    init: bool | None = None
    static: bool | None = None

    def identity(self) -> str:
        """Everything but ``build`` and the files: what else the image depends on, as a text."""
        own = (name for name in self.__dataclass_fields__ if name not in ("build", "directory", "nginx"))
        return repr([(name, getattr(self, name)) for name in own])


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """What the image's config says of the server. ``probe`` is a URL that tells when it is ready."""

    entrypoint: tuple[str, ...]
    port: int
    env: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"
    stop_signal: str = ""
    writable: tuple[str, ...] = ()
    probe: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WebWeights:
    """A web root, and the compressed bytes of its layer: as it is, with plain files alone, and with ``.gz`` alone where
    there is one. The latter two are None where nothing is compressed, or a form cannot be made of what is there."""

    files: int
    plain_bytes: int
    sidecar_bytes: int
    mode: Mode
    layer_bytes: int = 0
    plain_layer_bytes: int | None = None
    gzip_only_layer_bytes: int | None = None
    left_out_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerParts:
    """An image's making for one platform: layers bottom first, the config, what there is to say. ``version`` is the
    server's, ``source`` the package or wheel that it is from. ``web`` names the recipe that holds the web root."""

    recipes: tuple[LayerRecipe, ...]
    config: ServerConfig
    version: str
    source: str
    base_env: Mapping[str, str]
    findings: tuple[Finding, ...] = ()
    notes: tuple[str, ...] = ()
    web: WebWeights | None = None
