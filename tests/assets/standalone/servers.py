"""Pretend servers: trees as Next.js leaves them, small enough to read, and one that answers like one."""

import json
from collections.abc import Mapping
from pathlib import Path

from lightship.assets.standalone.tree import ServerTree, read_tree

__all__ = ["answering", "make_tree", "manifest"]

SERVER = """\
require('next')
require('next/dist/server/lib/start-server')
"""


def manifest(**config: object) -> str:
    """``required-server-files.json`` of a build with that configuration."""
    images: dict[str, object] = {"path": "/_next/image", "loader": "default", "unoptimized": False}
    images |= dict(config.pop("images", {}) or {})  # type: ignore[call-overload]
    return json.dumps({"version": 1, "config": {"distDir": "./.next", "images": images, **config}})


def make_tree(root: Path, files: Mapping[str, str | bytes], links: Mapping[str, str] | None = None) -> ServerTree:
    """``files`` and ``links`` below ``root``, as a server: what makes it one is added where it is not given."""
    whole: dict[str, str | bytes] = {"server.js": "", ".next/required-server-files.json": manifest(), **files}
    for path, content in whole.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode("latin-1"))
    for path, target in (links or {}).items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)
    return read_tree(root)


ANSWERING = """\
const http = require('node:http')
const fs = require('node:fs')
const path = require('node:path')
const used = require('used')
process.chdir(__dirname)
let number = 0
http.createServer((request, response) => {
  number += 1
  if (request.url === '/lazy') { response.end(require('./node_modules/used/' + 'lazy.js')); return }
  if (request.url === '/moving') { response.end(`answer ${process.pid} ${number} ${Math.random()}`); return }
  if (request.url === '/nonce') { response.end(`<script nonce="${Math.random().toString(36).slice(2, 14)}A">`); return }
  if (request.url === '/writes') { fs.writeFileSync('.next/cache/x', 'x'); response.end('written'); return }
  if (request.url === '/broken') { response.statusCode = 500; response.end(); return }
  if (request.url === '/about') { response.end(used.greet + (process.env.GREETING || '')); return }
  response.statusCode = 404
  response.end('nothing')
}).listen(Number(process.env.PORT), process.env.HOSTNAME)
"""


def answering(root: Path, more: Mapping[str, str | bytes] | None = None) -> ServerTree:
    """A server that starts and answers ``/about``, ``/lazy`` and ``/moving``; no Next.js is in it."""
    routes = {f"/{name}/page": f"/{name}" for name in ("about", "lazy", "moving", "nonce", "writes", "broken")}
    files: dict[str, str | bytes] = {
        "server.js": ANSWERING,
        "package.json": "{}",
        ".next/BUILD_ID": "abc",
        ".next/app-path-routes-manifest.json": json.dumps(routes),
        "node_modules/used/package.json": '{"name": "used", "version": "1.0.0", "main": "main.js"}',
        "node_modules/used/main.js": "exports.greet = 'hello'\n",
        "node_modules/used/lazy.js": "module.exports = 'lazy'\n",
        "node_modules/used/README.md": "# used\n",
        "node_modules/typescript/package.json": '{"name": "typescript", "version": "5.9.3"}',
        "node_modules/typescript/lib/typescript.js": "// a compiler\n" * 4000,
        "public/logo.svg": "<svg/>",
        ".next/static/chunks/a.js": "// for browsers\n" * 100,
        **(more or {}),
    }
    return make_tree(root, files)
