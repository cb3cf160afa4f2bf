"""Vite 4 to 8, and what is built on it: ``dist`` with ``assets/`` and an ``index.html`` of module scripts.

https://vite.dev/guide/build#advanced-base-options (2026-10): ``base`` stands in front of everything, what is from
``public/`` as well; ``experimental.renderBuiltUrl`` can put a prefix in front of assets alone.
"""

import re

from lightship.assets.reading.page import html_references
from lightship.assets.retarget.frameworks.framework import Framework, Tree

__all__ = ["FRAMEWORK"]

_HASHED = re.compile(r"(?:^|/)assets/[^/]+-[A-Za-z0-9_-]{8}\.(?:m?js|css)$")
_PREFIX = re.compile(r"(.*?)/?assets/[^/]+-[A-Za-z0-9_-]{8}\.(?:m?js|css)$")


def _recognise(tree: Tree) -> bool:
    manifest = any(path.endswith(".vite/manifest.json") for path in tree.paths)
    return manifest or any(_HASHED.search(path) for path in tree.paths)


def _prefix_of(tree: Tree) -> str | None:
    pages = sorted((path for path in tree.paths if path.endswith(".html")), key=lambda path: (path.count("/"), path))
    for page in pages[:10]:
        for reference in html_references(tree.read(page)):
            found = _PREFIX.match(reference.target)
            if found and reference.kind in ("script", "style"):
                return found[1]
    return None


FRAMEWORK = Framework(
    name="vite",
    title="Vite",
    line='base: "{prefix}/",',
    where="vite.config.js",
    recognise=_recognise,
    prefix_of=_prefix_of,
)
