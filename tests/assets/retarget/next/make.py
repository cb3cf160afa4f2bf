"""Writes ``build/`` beside this file: what Next.js builds of the tiny application below, as far as the prefix stands in
it. Wants npm and a registry; a minute. ``python make.py``"""

import json
import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

PREFIX = "https://cdn.lightship.invalid"
NEXT = "16.4.6"
KEPT = (
    "BUILD_ID",
    "images-manifest.json",
    "prerender-manifest.json",
    "required-server-files.json",
    "routes-manifest.json",
    "server/app/about.html",
    "server/app/about.meta",
    "server/app/about.rsc",
    "server/app/index.html",
    "server/app/index.rsc",
    "server/app/page_client-reference-manifest.js",
    "server/pages/old.html",
    "static/chunks/turbopack-*.js",
    "static/chunks/*.css",
    "static/media/*",
)
KEY = re.compile(rb'("previewMode\w+": ")([0-9a-f]+)')
FILES = {
    "package.json": json.dumps(
        {"private": True, "dependencies": {"next": NEXT, "react": "19.2.0", "react-dom": "19.2.0"}}
    ),
    "next.config.mjs": "export default { output: 'standalone', assetPrefix: process.env.ASSET_PREFIX,"
    " images: { unoptimized: process.env.UNOPTIMIZED === '1' },"
    " async headers() { return [{ source: '/:path*', headers: [{"
    " key: 'Content-Security-Policy', value: `img-src 'self' ${process.env.ASSET_PREFIX}` }] }]; } };",
    "app/layout.jsx": "import './style.css';"
    "export const metadata = { title: 'Crème', icons: { icon: '/picture.png' } };"
    "export default function Layout({ children }) { return <html lang='en'><body>{children}</body></html>; }",
    "app/style.css": "body { background: url('./bg.png'); color: #222 }",
    "app/page.jsx": "import Image from 'next/image'; import pic from './large.png'; import Counter from './counter';"
    "export default function Page() { return <main><h1>Welcome</h1><Image src={pic} alt='' />"
    "<img src='/picture.png' alt='' /><Counter /></main>; }",
    "app/counter.jsx": "'use client'; import { useState } from 'react'; export default function Counter() {"
    " const [n, setN] = useState(0); return <button onClick={() => setN(n + 1)}>{n}</button>; }",
    "app/about/page.jsx": "const long = 'Zażółć gęślą jaźń, a row of text with its length. '.repeat(40);"
    "export default function About() { return <main><h1>About</h1>"
    "<p>{'see ' + process.env.ASSET_PREFIX + '/_next/static/x.js: ' + long}</p></main>; }",
    "pages/old/index.jsx": "export async function getStaticProps() { return { props: { text: 'old' } }; }"
    "export default function Old({ text }) { return <main><h1>{text}</h1></main>; }",
}


def picture(size: int) -> bytes:
    """A PNG of ``size`` grey pixels squared (https://www.w3.org/TR/png-3/)."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", size, size, 8, 0, 0, 0, 0)
    rows = zlib.compress((b"\0" + b"\x80" * size) * size)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def build(root: Path, npm: Sequence[str] = ("npm",), **environment: str) -> None:
    """The application in ``root``, built there."""
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    for name, size in (("app/bg.png", 2), ("app/large.png", 3), ("public/picture.png", 4)):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(picture(size))
    env = {**os.environ, "ASSET_PREFIX": PREFIX, "NEXT_TELEMETRY_DISABLED": "1", **environment}
    subprocess.run([*npm, "install", "--no-audit", "--no-fund"], cwd=root, check=True, env=env)
    subprocess.run([*npm, "exec", "--", "next", "build"], cwd=root, check=True, env=env)


def main() -> None:
    """Build it, and keep what `KEPT` names, without this machine's paths and the build's keys."""
    target = Path(__file__).parent / "build"
    with tempfile.TemporaryDirectory() as made:
        root = Path(made).resolve()
        build(root)
        shutil.rmtree(target, ignore_errors=True)
        for pattern in KEPT:
            for path in sorted((root / ".next").glob(pattern)):
                place = target / path.relative_to(root / ".next")
                place.parent.mkdir(parents=True, exist_ok=True)
                content = path.read_bytes().replace(str(root).encode(), b"/srv/app")
                place.write_bytes(KEY.sub(lambda found: found[1] + b"0" * len(found[2]), content))


if __name__ == "__main__":
    main()
