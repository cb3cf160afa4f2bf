"""The config and annotations of a built image, from the options.

OCI image-spec 1.1, config.md and annotations.md (https://github.com/opencontainers/image-spec/tree/v1.1.0).
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from lightship.config import Options, exposed_port
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.launch.probe_labels import ProbeSettings, probe_labels
from lightship.launch.writable_label import WRITABLE_LABEL

__all__ = ["SYSTEM_PATH", "annotations", "image_config", "rfc3339"]

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


def rfc3339(epoch_s: int) -> str:
    """Seconds since 1970 as ``1980-01-01T00:00:00Z``."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def image_config(
    options: Options,
    interpreter: Interpreter,
    *,
    created: str,
    history: Sequence[str],
    labels: Mapping[str, str],
    base_env: Mapping[str, str],
    base_history: Sequence[Mapping[str, object]] = (),
) -> dict[str, object]:
    """The config's JSON terms; ``history`` has one sentence for each layer made here, ``base_history`` comes first."""
    platform = interpreter.target.platform
    runtime: dict[str, object] = {
        "User": options.user,
        "Env": [f"{name}={value}" for name, value in _environment(options, interpreter, base_env).items()],
        "WorkingDir": options.workdir,
    }
    if options.entrypoint:
        runtime["Entrypoint"] = list(options.entrypoint)
    if options.cmd:
        runtime["Cmd"] = list(options.cmd)
    elif not options.entrypoint:
        runtime["Cmd"] = [f"{options.prefix}/bin/python"]
    if options.port:
        runtime["ExposedPorts"] = {exposed_port(port): {} for port in options.port}
    probe = ProbeSettings(http=options.probe_http, timeout_s=options.probe_timeout, command=options.probe_command)
    everything = {**probe_labels(probe), **labels}
    if options.writable:
        everything[WRITABLE_LABEL] = ",".join(sorted(options.writable))
    if everything:
        runtime["Labels"] = dict(sorted(everything.items()))
    config: dict[str, object] = {
        "created": created,
        "architecture": platform.architecture,
        "os": platform.os,
        "config": runtime,
        "history": [
            *base_history,
            *({"created": created, "created_by": _said(sentence)} for sentence in history),
        ],
    }
    if platform.variant:
        config["variant"] = platform.variant
    return config


def annotations(
    options: Options,
    *,
    name: str | None,
    version: str | None,
    created: str,
    environ: Mapping[str, str],
) -> dict[str, str]:
    """OCI's predefined annotations, under the user's own labels.

    ``source`` and ``revision`` are what CI says of itself (GitHub Actions' and GitLab's variables): a working tree may
    differ from its commit, so none is claimed for it.
    """
    prefix = "org.opencontainers.image."
    github = "/".join(filter(None, (environ.get("GITHUB_SERVER_URL"), environ.get("GITHUB_REPOSITORY"))))
    found = {
        f"{prefix}title": name,
        f"{prefix}version": version,
        f"{prefix}created": created,
        f"{prefix}source": _without_credentials(environ.get("CI_PROJECT_URL"))
        or (github if "/" in github.removeprefix("https://") else None),
        f"{prefix}revision": environ.get("CI_COMMIT_SHA") or environ.get("GITHUB_SHA"),
    }
    return {key: value for key, value in sorted({**found, **options.label}.items()) if value}


def _without_credentials(url: str | None) -> str | None:
    """An annotation is for everybody; an address with a token in it is not."""
    if url is None or "@" not in url:
        return url
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{separator}{host.rpartition('@')[2]}{slash}{path}"


def _environment(options: Options, interpreter: Interpreter, base_env: Mapping[str, str]) -> dict[str, str]:
    path = base_env.get("PATH", SYSTEM_PATH)
    environment = {
        **base_env,
        "PATH": f"{options.prefix}/bin:{path}",
        "VIRTUAL_ENV": options.prefix,
        "LANG": base_env.get("LANG", "C.UTF-8"),
    }
    if interpreter.library_path:
        environment["LD_LIBRARY_PATH"] = ":".join(interpreter.library_path)
    environment.update(options.env)
    return environment


def _said(sentence: str) -> str:
    return sentence if sentence.startswith("lightship build") else f"lightship build: {sentence}"
