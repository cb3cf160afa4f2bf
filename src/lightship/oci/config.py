"""The config of one image: platform, layers by diff_id, history, and how to start it.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/config.md. Docker's image spec v1.2
(https://github.com/moby/docker-image-spec) has the same fields and some of its own, which live on in the raw bytes.
"""

from dataclasses import field

from lightship.errors import ImageError
from lightship.oci.digest import Digest
from lightship.oci.document import Node, parse_object
from lightship.oci.platform import Platform
from lightship.values import dataclass

__all__ = ["MAX_CONFIG_BYTES", "History", "ImageConfig", "Runtime"]

MAX_CONFIG_BYTES = 8 * 2**20
"""Configs are read whole; a long history with its commands stays far below."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """One step that made the image; ``empty_layer`` steps have no layer."""

    created: str = ""
    created_by: str = ""
    comment: str = ""
    empty_layer: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """How a container of this image starts, unless its caller says otherwise."""

    user: str = ""
    env: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    exposed_ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    labels: dict[str, str] = field(default_factory=dict)
    stop_signal: str = ""

    @property
    def environment(self) -> dict[str, str]:
        """``env`` as a mapping; the last of two equal names wins, as in an engine."""
        return dict(pair.split("=", 1) for pair in self.env if "=" in pair)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageConfig:
    """A parsed config beside the bytes it came from; ``digest`` is the image's id in Docker's sense."""

    raw: bytes = field(repr=False)
    platform: Platform
    diff_ids: tuple[Digest, ...]
    history: tuple[History, ...] = ()
    runtime: Runtime = field(default_factory=Runtime)
    created: str = ""

    @classmethod
    def parse(cls, raw: bytes) -> "ImageConfig":
        """Read ``raw``; raise ImageError with the path of the first field that is not as specified."""
        node = parse_object(raw, "config")
        rootfs = node.require("rootfs")
        kind = rootfs.require("type")
        if kind.text() != "layers":
            raise kind.fault('"layers"')
        history, runtime, diff_ids = node.get("history"), node.get("config"), rootfs.get("diff_ids")
        return cls(
            raw=raw,
            platform=_platform(node),
            diff_ids=tuple(item.digest() for item in diff_ids.items()) if diff_ids else (),
            history=tuple(_history(step) for step in history.items()) if history else (),
            runtime=_runtime(runtime) if runtime else Runtime(),
            created=node.optional_text("created"),
        )

    @property
    def digest(self) -> Digest:
        """SHA-256 of the raw bytes."""
        return Digest.of(self.raw)


def _platform(node: Node) -> Platform:
    os, architecture = node.require("os").text(), node.require("architecture").text()
    if not os or not architecture:
        raise ImageError("config: want os and architecture, got an empty string")
    return Platform(os, architecture, node.optional_text("variant")).normal()


def _history(node: Node) -> History:
    empty = node.get("empty_layer")
    return History(
        created=node.optional_text("created"),
        created_by=node.optional_text("created_by"),
        comment=node.optional_text("comment"),
        empty_layer=empty.flag() if empty else False,
    )


def _runtime(node: Node) -> Runtime:
    ports, volumes = node.get("ExposedPorts"), node.get("Volumes")
    return Runtime(
        user=node.optional_text("User"),
        env=node.optional_texts("Env"),
        entrypoint=node.optional_texts("Entrypoint"),
        cmd=node.optional_texts("Cmd"),
        working_dir=node.optional_text("WorkingDir"),
        exposed_ports=tuple(sorted(ports.mapping())) if ports else (),
        volumes=tuple(sorted(volumes.mapping())) if volumes else (),
        labels=node.optional_text_map("Labels"),
        stop_signal=node.optional_text("StopSignal"),
    )
