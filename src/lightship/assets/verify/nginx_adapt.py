"""A user's nginx configuration made ready for a trial: over a directory, on a socket's file, writing nowhere else.

Includes are read from the configuration's own folder, and plain names (``mime.types``, ``fastcgi_params``) from what
nginx was installed with. Of several servers one is tried. Logs, temporary files, certificates and listening are the
trial's; the hosts that it passes requests on to are nobody.
"""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.assets.scan import read_file
from lightship.assets.verify.nginx_words import Directive, parse_nginx, plain_word, render_nginx, walk
from lightship.errors import InputError, UsageError

__all__ = ["PLACE", "WEB", "Adapted", "NginxTrialRequest", "adapt_nginx"]

PLACE = "/run/lightship"
"""Of the trial's own files, as the trial sees them."""
WEB = "/srv/web"
"""Of the directory that is served."""
_INSTALLED = Path("/etc/nginx")
_MODULE_FOLDERS = tuple(
    Path(place) for place in ("/usr/lib/nginx/modules", "/usr/lib64/nginx/modules", "/usr/share/nginx/modules")
)
_MODULES = {
    "brotli_static": "ngx_http_brotli_static_module.so", "brotli": "ngx_http_brotli_filter_module.so",
    "zstd_static": "ngx_http_zstd_static_module.so", "zstd": "ngx_http_zstd_filter_module.so",
    "more_set_headers": "ngx_http_headers_more_filter_module.so",
    "more_clear_headers": "ngx_http_headers_more_filter_module.so",
}  # fmt: skip
_MOST_BYTES = 4 << 20
_MOST_INCLUDES = 200
_DROPPED = re.compile(
    r"access_log|error_log|pid|(?:client_body|proxy|fastcgi|uwsgi|scgi)_temp_path|ssl|ssl_.*|http2|http3.*|quic.*"
    r"|listen|resolver"
)
_PASSES = ("proxy_pass", "fastcgi_pass", "uwsgi_pass", "scgi_pass", "grpc_pass", "server", "proxy_redirect")
_HOST = re.compile(r"(?:[a-z]+://)?([A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,252}[A-Za-z0-9_])?)(?::[0-9]{1,5})?(?:/.*)?")
_TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxTrialRequest:
    """``root`` is the path that the configuration has for the directory; "" is the server's own. ``server`` is a name
    of the server that is meant; "" is the first that serves files."""

    configuration: Path
    root: str = ""
    server: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapted:
    """``text`` is a whole configuration, ``hosts`` what /etc/hosts must know so that nginx starts."""

    text: str
    hosts: tuple[str, ...]
    notes: tuple[str, ...]


def adapt_nginx(request: NginxTrialRequest) -> Adapted:
    """Raise InputError for a configuration that cannot be read or has no server."""
    reader = _Reader(request.configuration)
    found = tuple(reader.expand(reader.read(request.configuration)))
    http = next((one.block for one in found if one.name == "http"), None)
    whole = http is not None
    inside = http if http is not None else found
    servers = [one for one in inside if one.name == "server" and one.block is not None]
    if not servers:
        raise InputError(
            f"{request.configuration}: there is no server in it",
            hint=f"an include with wildcards means files below {request.configuration.parent}",
        )
    chosen = _chosen(servers, request)
    notes = list(reader.notes)
    if len(servers) > 1:
        place = servers.index(chosen) + 1
        notes.append(f"{request.configuration}: server {place} of {len(servers)} is tried; --server NAME tries another")
    root = request.root or _root_of(chosen) or _root_of(Directive(words=("http",), block=tuple(inside)))
    rest = [one for one in inside if one.name != "server"]
    changed = [*walk(rest, lambda one: _changed(one, root)), _served(chosen, root)]
    if not whole:  # what the file that includes it has: nginx's own image and distributions agree in this
        types = reader.installed("mime.types")
        changed = [Directive(words=("default_type", "application/octet-stream")), *types, *changed]
    hosts = tuple(sorted({host for one in _every(changed) for host in _hosts(one)}))
    return Adapted(text=_whole(found, changed), hosts=hosts, notes=tuple(notes))


def _chosen(servers: list[Directive], request: NginxTrialRequest) -> Directive:
    if request.server:
        for one in servers:
            if request.server in _names(one):
                return one
        names = ", ".join(name for one in servers for name in _names(one)) or "none"
        raise UsageError(f"--server {request.server}: {request.configuration} has these names: {names}")
    serving = [one for one in servers if not any(part.name == "return" for part in one.block or ())]
    with_root = [one for one in serving if _root_of(one)]
    return (with_root or serving or servers)[0]


def _names(server: Directive) -> tuple[str, ...]:
    return tuple(value for one in server.block or () if one.name == "server_name" for value in one.values)


def _root_of(block: Directive) -> str:
    found = [one.values[0] for one in block.block or () if one.name == "root" and one.values]
    if not found and block.name == "server":  # of its first location with one
        found = [_root_of(one) for one in block.block or () if one.name == "location" and _root_of(one)]
    return found[0] if found else ""


def _served(server: Directive, root: str) -> Directive:
    block = tuple(walk(server.block or (), lambda one: _changed(one, root)))
    if not any(one.name == "root" for one in block):
        block = (Directive(words=("root", WEB)), *block)
    return replace(server, block=(Directive(words=("listen", f"unix:{PLACE}/socket")), *block))


def _changed(one: Directive, root: str) -> Iterator[Directive]:
    if one.name in ("root", "alias") and one.values:
        yield replace(one, words=(one.words[0], _moved(one.values[0], root), *one.words[2:]))
    elif one.name.endswith("_cache_path") and one.values:
        name = re.sub(r"[^a-z0-9]", "-", one.values[0].lower())
        yield replace(one, words=(one.words[0], f"{PLACE}/{name}", *one.words[2:]))
    elif not _DROPPED.fullmatch(one.name) or one.block is not None:
        yield one


def _moved(path: str, root: str) -> str:
    """``path`` in the trial; a relative one is below nginx's own folder."""
    kept, root = path.rstrip("/"), root.rstrip("/")
    if root and (kept == root or kept.startswith(f"{root}/")):
        path = WEB + path[len(root) :]
    elif not path.startswith(("/", "$")):
        path = WEB
    return f'"{path}"'


def _every(directives: Iterable[Directive]) -> Iterator[Directive]:
    for one in directives:
        yield one
        yield from _every(one.block or ())


def _hosts(one: Directive) -> Iterator[str]:
    if one.name in _PASSES and one.values and one.block is None and not one.values[0].startswith("unix:"):
        match = _HOST.fullmatch(one.values[0])
        if match and not re.fullmatch(r"[0-9.]+", match[1]):
            yield match[1]


def _whole(found: tuple[Directive, ...], http: list[Directive]) -> str:
    named = {Path(one.values[0]).name for one in found if one.name == "load_module" and one.values}
    named |= {_MODULES[one.name] for one in _every(http) if one.name in _MODULES}
    modules = sorted(str(path) for name in named if (path := _module(name)) is not None)
    own = [f"{name}_temp_path {PLACE}/{name};" for name in _TEMPORARY]
    return (
        "".join(f'load_module "{path}";\n' for path in modules)
        + f"daemon off;\nworker_processes 1;\npid {PLACE}/pid;\nerror_log {PLACE}/errors warn;\n"
        + "events {\n}\nhttp {\n    access_log off;\n"
        + "".join(f"    {line}\n" for line in own)
        + render_nginx(http, "    ")
        + "}\n"
    )


def _module(name: str) -> Path | None:
    return next((folder / name for folder in _MODULE_FOLDERS if (folder / name).is_file()), None)


class _Reader:
    """Reads files of the configuration's own folder, and by plain names those that nginx was installed with."""

    def __init__(self, configuration: Path) -> None:
        self._folder = Path(os.path.realpath(configuration.parent))
        self._left = _MOST_INCLUDES
        self.notes: list[str] = []

    def read(self, path: Path) -> tuple[Directive, ...]:
        try:
            if path.stat().st_size > _MOST_BYTES:
                raise InputError(f"{path}: larger than {_MOST_BYTES >> 20} MiB, which no configuration is")
            content, _ = read_file(Path(os.path.realpath(path)))
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror or error}") from error
        try:
            return parse_nginx(content.decode(), str(path))
        except UnicodeDecodeError as error:
            raise InputError(f"{path}: want UTF-8") from error

    def installed(self, name: str) -> tuple[Directive, ...]:
        path = _INSTALLED / name
        return self.read(path) if path.is_file() else ()

    def expand(self, directives: Iterable[Directive], depth: int = 0) -> Iterator[Directive]:
        for one in directives:
            if one.name == "include" and one.block is None and len(one.words) == 2:
                yield from self._included(plain_word(one.words[1]), depth)
            elif one.block is not None:
                yield replace(one, block=tuple(self.expand(one.block, depth)))
            else:
                yield one

    def _included(self, pattern: str, depth: int) -> Iterator[Directive]:
        relative = pattern.removeprefix(f"{_INSTALLED}/").removeprefix(f"{self._folder}/")
        if relative.startswith("/") or ".." in Path(relative).parts:
            raise InputError(f"include {pattern}: want a file below {self._folder}")
        paths = sorted(self._folder.glob(relative))
        for path in paths:
            if not Path(os.path.realpath(path)).is_relative_to(self._folder):
                raise InputError(f"include {pattern}: {path.name} leads out of {self._folder}")
        if not paths and not re.search(r"[*?\[]", relative):
            path = _INSTALLED / relative
            if not path.is_file():
                raise InputError(f"include {pattern}: there is no such file", hint=f"put it into {self._folder}")
            paths = [path]
        for path in paths:
            self._left -= 1
            if self._left < 0 or depth > 10:
                raise InputError(f"include {pattern}: more than {_MOST_INCLUDES} includes, or a circle of them")
            yield from self.expand(self.read(path), depth + 1)
