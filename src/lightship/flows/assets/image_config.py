"""Config and annotations of a server's image. OCI image-spec 1.1, config.md."""

from collections.abc import Mapping, Sequence

from lightship.config import exposed_port
from lightship.flows.assets.image_request import ServerConfig
from lightship.flows.image_config import annotations, rfc3339
from lightship.flows.request import BuildRequest
from lightship.launch.probe_labels import ProbeSettings, probe_labels
from lightship.launch.writable_label import WRITABLE_LABEL
from lightship.oci.platform import Platform

__all__ = ["server_image_terms"]


def server_image_terms(
    server: ServerConfig,
    request: BuildRequest,
    platform: Platform,
    *,
    name: str,
    mtime: int,
    base_env: Mapping[str, str],
    history: Sequence[str],
) -> tuple[dict[str, object], dict[str, str]]:
    """Config and annotations; ``history`` has a sentence for each layer. The user's settings win over the server's."""
    options = request.options
    created = rfc3339(mtime)
    notes = dict(annotations(options, name=name, version=None, created=created, environ=request.environ))
    probe = ProbeSettings(
        http=options.probe_http or server.probe, timeout_s=options.probe_timeout, command=options.probe_command
    )
    labels = {**probe_labels(probe), **notes}
    writable = sorted({*server.writable, *options.writable})
    if writable:
        labels[WRITABLE_LABEL] = ",".join(writable)
    runtime: dict[str, object] = {
        "User": options.user,
        "Env": [f"{key}={value}" for key, value in {**base_env, **server.env, **options.env}.items()],
        "WorkingDir": server.workdir,
        "Entrypoint": list(server.entrypoint),
        "ExposedPorts": {exposed_port(str(server.port)): {}},
        "Labels": dict(sorted(labels.items())),
    }
    if server.stop_signal:
        runtime["StopSignal"] = server.stop_signal
    config: dict[str, object] = {
        "created": created,
        "architecture": platform.architecture,
        "os": platform.os,
        "config": runtime,
        "history": [{"created": created, "created_by": f"lightship assets image: {said}"} for said in history],
    }
    if platform.variant:
        config["variant"] = platform.variant
    return config, notes
