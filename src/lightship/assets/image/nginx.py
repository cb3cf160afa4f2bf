"""What an image of nginx has beside nginx and its files: https://nginx.org/en/docs/ngx_core_module.html (1.22, 2022).

It starts as any user, on a root that is read-only, without a tmpfs: logs go to the process's own streams, the file with
its number into /dev/shm, which every engine gives a container, and the folders for temporary files are there already,
so that nginx, which makes them at its start, finds them. Static files have nothing written there; a configuration that
hands requests on may want a tmpfs at /tmp for bodies that are larger than its buffers.
"""

import re
from collections.abc import Iterator

from lightship.assets.kinds import MEDIA_TYPES
from lightship.errors import UsageError
from lightship.plan.model import Entry

__all__ = [
    "ENTRYPOINT",
    "HEALTH_PATH",
    "configuration_entries",
    "is_whole_configuration",
    "main_configuration",
    "mime_types",
    "runtime_entries",
    "sends_brotli",
    "without_comments",
]

ENTRYPOINT = ("/usr/sbin/nginx", "-e", "stderr")
"""``-e``: else nginx opens a log file before it reads what the configuration says of logs."""

HEALTH_PATH = "/healthz"
_OWNER = "lightship"
_SITE = "etc/nginx/conf.d/default.conf"
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
_COMPILED_IN = {"client_body": "body"}
_BLOCK = re.compile(r"(?:^|[;}\s])(?:http|events|stream)\s*\{")
_COMMENT = re.compile(r"#[^\n]*")


def without_comments(text: str) -> str:
    """A configuration without its comments, as far as no ``#`` stands in a quoted word."""
    return _COMMENT.sub("", text)


def is_whole_configuration(text: str) -> bool:
    """Whether ``text`` is a configuration from its top, and not what stands in an ``http`` block."""
    return _BLOCK.search(without_comments(text)) is not None


def sends_brotli(text: str) -> bool:
    """Whether a configuration sends sidecars of brotli."""
    return re.search(r"(?:^|[;{\s])brotli_static\s+(?:on|always)\s*;", without_comments(text)) is not None


def main_configuration(*, port: int, workers: int, modules: tuple[str, ...]) -> str:
    """``nginx.conf``; ``modules`` are the paths of shared objects to load."""
    if workers < 1:
        raise UsageError(f"want at least one worker, got {workers}")
    lines = [
        *(f"load_module /{module};" for module in modules),
        "daemon off;",
        f"worker_processes {workers};  # `auto` counts the machine's processors, and not the container's share",
        f"pid /dev/shm/nginx-{port}.pid;  # containers of one pod share the folder, and never a port",
        "error_log stderr warn;",
        "worker_shutdown_timeout 20s;  # else a client that keeps its connection keeps an old container",
        "",
        "events {",
        "    worker_connections 4096;",
        "}",
        "",
        "http {",
        "    include /etc/nginx/mime.types;",
        "    default_type application/octet-stream;",
        "    access_log /dev/stdout;",
        "",
        "    sendfile on;",
        "    tcp_nopush on;",
        "    keepalive_timeout 75s;",
        "    server_tokens off;",
        "",
        # one level: nginx makes no more, where a tmpfs hides what the image has
        *(f"    {name}_temp_path /tmp/nginx-{name};" for name in _TEMPORARY),
        "",
        "    include /etc/nginx/conf.d/*.conf;",
        "}",
    ]
    return "\n".join(lines) + "\n"


def mime_types() -> str:
    """``mime.types`` for whoever brings a configuration of their own."""
    rows = (f'    "{media_type}" {" ".join(suffixes)};' for media_type, suffixes in MEDIA_TYPES.items())
    return "\n".join(["types {", *rows, "}"]) + "\n"


def configuration_entries(site: str, *, port: int, workers: int, modules: tuple[str, ...]) -> tuple[Entry, ...]:
    """The configuration's files; ``site`` is that of ``conf.d``, or of all where `is_whole_configuration`."""
    why = "nginx's configuration"
    if is_whole_configuration(site):
        found = {"etc/nginx/nginx.conf": site, "etc/nginx/mime.types": mime_types()}
    else:
        found = {
            "etc/nginx/nginx.conf": main_configuration(port=port, workers=workers, modules=modules),
            "etc/nginx/mime.types": mime_types(),
            _SITE: site,
        }
    return tuple(Entry.text(path, text, owner=_OWNER, why=why) for path, text in found.items())


def runtime_entries() -> Iterator[Entry]:
    """What the scripts of nginx's packages, or its start as root, would make: folders for temporary files, of both this
    configuration and those that nginx has compiled in, and its logs as links to the process's own streams."""
    compiled_in = (f"var/lib/nginx/{_COMPILED_IN.get(name, name)}" for name in _TEMPORARY)
    for path in (*(f"tmp/nginx-{name}" for name in _TEMPORARY), "var/lib/nginx", *compiled_in):
        yield Entry(path=path, type="dir", mode=0o1777, owner=_OWNER, why="nginx makes it where it is not")
    for name, target in (("access", "stdout"), ("error", "stderr")):
        yield Entry(
            path=f"var/log/nginx/{name}.log",
            type="symlink",
            mode=0o777,
            link_target=f"/dev/{target}",
            owner=_OWNER,
            why="logs are the engine's",
        )
