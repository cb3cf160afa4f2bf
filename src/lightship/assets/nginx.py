"""An nginx configuration over a directory of static files: https://nginx.org/en/docs (1.22 and later).

What it gets right on purpose stands as a comment in what is written. It belongs into the ``http`` block: a file in
``conf.d``. Headers are added in one place only, since a location that adds one loses those of its server.
"""

import re

from lightship.assets.kinds import HASHED_FOLDERS, HASHED_NAMES, LOOSE_NAME, MEDIA_TYPES, compressible
from lightship.assets.model import Mode
from lightship.errors import UsageError
from lightship.values import dataclass

__all__ = [
    "DEFAULT_POLICY",
    "NginxOptions",
    "Proxy",
    "cache_maps",
    "compressed_types",
    "nginx_configuration",
    "page_locations",
    "type_table",
]

DEFAULT_POLICY = "base-uri 'self'; frame-ancestors 'self'; object-src 'none'"
"""A Content-Security-Policy that breaks no application of its own; what scripts may come from only it can say."""

_FALLS_BACK = ("html", "htm", "xhtml")
_QUOTABLE = re.compile(r"[^\x00-\x1f\x7f\"$\\]+")
_PLAIN_FOLDER = re.compile(r"[A-Za-z0-9_@./+~ -]+")


_UPGRADES = (
    "# WebSockets go through; other connections to the application are kept.",
    "map $http_upgrade $lightship_connection {",
    '    default "upgrade";',
    '    "" "";',
    "}",
)
_TLS = (
    "proxy_ssl_server_name on;",
    "proxy_ssl_verify on;",
    "proxy_ssl_verify_depth 3;",
    "proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;",
)
_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+/?")
_UPSTREAM = re.compile(r"https?://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """An application beside the files: it answers ``prefix`` and what is below, at ``url``, an origin."""

    prefix: str
    url: str

    @classmethod
    def parse(cls, text: str) -> "Proxy":
        """Read ``/api=http://api:5001``. Raise UsageError for anything else."""
        prefix, equals, url = text.partition("=")
        if not equals or not _PREFIX.fullmatch(prefix) or not _UPSTREAM.fullmatch(url.rstrip("/")):
            raise UsageError(
                f"want PREFIX=URL for what an application answers, got {text!r:.200}",
                hint="such as /api=http://api:5001, with neither a path nor a password behind the host",
            )
        return cls(prefix=prefix.rstrip("/"), url=url.rstrip("/"))


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxOptions:
    """``root`` is where the server has the files. ``folders`` hold hashed names alone. ``fallback``: a page that is not
    there is answered with ``/index.html``. ``proxies`` are what others answer. Raise UsageError for what cannot be
    written into a configuration."""

    root: str
    mode: Mode = "sidecar"
    brotli: bool = False
    fallback: bool = True
    folders: tuple[str, ...] = ()
    port: int = 8080
    policy: str = DEFAULT_POLICY
    proxies: tuple[Proxy, ...] = ()

    def __post_init__(self) -> None:
        if not self.root.startswith("/") or not _writable(self.root):
            raise UsageError(
                f"want an absolute path without quotes, $ and \\ as the server's root, got {self.root!r:.200}",
                hint="--root says where the server has the files",
            )
        if not _writable(self.policy):
            raise UsageError(f"want a policy in one line without double quotes, $ and \\, got {self.policy!r:.200}")
        if self.brotli and self.mode == "gzip-only":
            raise UsageError("gzip-only has no sidecars of brotli to serve: --brotli goes with --mode sidecar")
        prefixes = [proxy.prefix for proxy in self.proxies]
        if len(set(prefixes)) < len(prefixes):
            raise UsageError(f"want each prefix once, got {', '.join(prefixes)}")


def _writable(text: str) -> bool:
    return _QUOTABLE.fullmatch(text) is not None and text.isprintable()


def nginx_configuration(options: NginxOptions) -> str:
    """The configuration, as text that ends with a line feed."""
    said = "# Written by `lightship assets nginx`, for conf.d: it belongs into the http block."
    maps = [*cache_maps(options.folders), *_refusals(options)]
    return "\n".join([said, *maps, "", "server {", *_server(options), "}"]) + "\n"


def cache_maps(own_folders: tuple[str, ...] = ()) -> list[str]:
    """Maps for the http block, whose ``$lightship_cache_control`` says how long an answer is kept. ``own_folders`` hold
    hashed names alone, beside those that bundlers are known to make."""
    folders = [f"^/{re.escape(folder)}/" for folder in HASHED_FOLDERS]
    # a folder of an odd name costs its users a 304, not its server a configuration that is not understood
    loose = [f"^/{re.escape(name)}/{LOOSE_NAME}" for name in own_folders if _PLAIN_FOLDER.fullmatch(name)]
    hashed = [
        f'    "~{pattern}" "public, max-age=31536000, immutable";' for pattern in (*folders, *loose, *HASHED_NAMES)
    ]
    return [
        "# Kept for a year: what has a hash of its content in its name. All else is asked for again, and answered with",
        "# 304 where it is the same.",
        "map $uri $lightship_cache {",
        '    default "no-cache";',
        '    "~\\.(?:html|htm|xhtml|webmanifest)$" "no-cache";',
        *hashed,
        "}",
        "# An error is never kept.",
        "map $status $lightship_cache_control {",
        '    default "no-store";',
        *(f"    {status} $lightship_cache;" for status in (200, 206, 304)),
        "}",
    ]


def _refusals(options: NginxOptions) -> list[str]:
    return [
        # 404 for a POST would become the page of a single page application, with status 200
        "# Files are for GET and HEAD.",
        'map "$request_method $uri" $lightship_refused {',
        "    default 1;",
        '    "~^(?:GET|HEAD) " 0;',
        *(f'    "~^\\S+ {re.escape(proxy.prefix)}(?:/|$)" 0;' for proxy in options.proxies),
        "}",
        *_UPGRADES * bool(options.proxies),
    ]


def _server(options: NginxOptions) -> list[str]:
    lines = [
        f"listen {options.port};",
        "server_name _;",
        "server_tokens off;",
        f'root "{options.root}";',
        "absolute_redirect off;  # behind a proxy neither the host nor the port is this one's",
        "",
        *_encodings(options),
        "",
        "etag on;",
        "if_modified_since exact;  # times come from contents: a later file may have an earlier one",
        "",
        *type_table(),
        "",
        "add_header Cache-Control $lightship_cache_control always;",
        "add_header X-Content-Type-Options nosniff always;",
        "add_header X-Frame-Options SAMEORIGIN always;",
        "add_header Referrer-Policy strict-origin-when-cross-origin always;",
        f'add_header Content-Security-Policy "{options.policy}" always;',
        "# Strict-Transport-Security belongs where TLS ends.",
        "",
        "if ($lightship_refused) {",
        "    return 405;",
        "}",
        "# `index` looks for the plain file, which need not be there",
        f"rewrite ^{_not_proxied(options)}(.*)/$ $1/index.html last;",
        "",
        *(line for proxy in sorted(options.proxies, key=lambda each: -len(each.prefix)) for line in _proxied(proxy)),
        *_locations(options),
    ]
    return [f"    {line}" if line else "" for line in lines]


def _not_proxied(options: NginxOptions) -> str:
    return f"(?!{'|'.join(f'{re.escape(proxy.prefix)}/' for proxy in options.proxies)})" if options.proxies else ""


def _proxied(proxy: Proxy) -> list[str]:
    lines = [
        "# before any file: what lies below this path on disk is not served",
        f"proxy_pass {proxy.url};",
        *_TLS * proxy.url.startswith("https:"),
        "proxy_http_version 1.1;",
        "proxy_set_header Host $http_host;",
        "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;",
        "proxy_set_header X-Forwarded-Proto $scheme;",
        "proxy_set_header Upgrade $http_upgrade;",
        "proxy_set_header Connection $lightship_connection;",
        "proxy_buffering off;  # streamed answers reach the browser as they are made",
        "proxy_read_timeout 300s;",
        "client_max_body_size 50m;",
        "gzip on;  # what the application leaves plain",
        compressed_types(),
        "add_header X-Content-Type-Options nosniff always;  # caching and the rest are the application's to say",
    ]
    head = f'location ~ "^{re.escape(proxy.prefix)}(?:/|$)" {{'  # the first regular expression that fits is taken
    return [head, *(f"    {line}" for line in lines), "}"]


def type_table() -> list[str]:
    """Media types by suffix, for the server block."""
    return [
        "default_type application/octet-stream;",
        "types {",
        *(f'    "{media_type}" {" ".join(suffixes)};' for media_type, suffixes in MEDIA_TYPES.items()),
        "}",
    ]


def compressed_types() -> str:
    """The ``gzip_types`` of a server that compresses what it sends. nginx compares the whole type with its charset."""
    worth = [f'"{media_type}"' for media_type, suffixes in MEDIA_TYPES.items() if compressible(f"a.{suffixes[0]}")]
    return f"gzip_types {' '.join(worth)};"


def _encodings(options: NginxOptions) -> list[str]:
    only = options.mode == "gzip-only"
    return [
        "gzip off;  # what is worth it was compressed before",
        f"gzip_static {'always' if only else 'on'};",
        *(["gunzip on;  # for the few clients without gzip"] if only else []),
        *(["brotli_static on;"] if options.brotli else []),
        "gzip_vary on;  # a cache on the way keeps one answer for each encoding",
        "gzip_proxied any;  # a request with Via is no reason to send more bytes",
        "gzip_http_version 1.0;  # nginx itself asks so as a proxy",
    ]


def _locations(options: NginxOptions) -> list[str]:
    lines = [
        "location = /healthz {",
        "    access_log off;",
        "    default_type text/plain;",
        '    return 200 "ok\\n";',
        "}",
        r"location ~ /\.(?!well-known(?:/|$)) {",
        "    return 404;",
        "}",
    ]
    if not options.fallback:
        return lines
    return [
        *lines,
        *page_locations(),
        "location = /index.html {",
        "}",
        "location / {",
        "    log_not_found off;",
        "    error_page 404 =200 /index.html;  # routes of a single page; try_files would ask for plain files",
        "}",
    ]


def page_locations() -> list[str]:
    """What keeps a file that is not there from being answered with a page, in front of a location that does that."""
    suffixes = sorted(suffix for found in MEDIA_TYPES.values() for suffix in found if suffix not in _FALLS_BACK)
    return [
        "# A script that is gone is 404: with a page instead, browsers report a syntax error in `<`.",
        f'location ~* "\\.(?:{"|".join(suffixes)})$" {{',
        "}",
    ]
