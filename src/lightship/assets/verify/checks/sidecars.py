"""Sidecars hold what their files hold, and are smaller.

What it does
============
With a directory: decompresses every `.gz`, `.br` and `.zst` that stands beside its file and compares. Names files that
have none where others do, and sidecars without a file.

Why
===
A server sends the sidecar and never looks at the file. An empty one is an empty script, one of the last release an old
script, for nine browsers of ten. One that is larger than its file costs bytes and time; one that is missing means that
`.mjs`, `.svg`, `.json` or `.wasm` were forgotten.

Bad
===
::

    app.js | console.log(1)
    app.js.br |

Good
====
::

    app.js | console.log(1)
    notes.gz | no sidecar of anything

References
==========
https://nginx.org/en/docs/http/ngx_http_gzip_static_module.html
"""

from collections.abc import Iterator

from lightship.assets.kinds import SUFFIX_OF_ENCODING
from lightship.assets.model import MOST_SHARE
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.tree import Tree, TreeFile
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_EMPTY = Kind(code="sidecar-empty", severity="error", title="a sidecar without a byte")
_STALE = Kind(code="sidecar-stale", severity="error", title="a sidecar that does not decompress to its file")
_LARGER = Kind(code="sidecar-larger", severity="warning", title="a sidecar that is hardly smaller than its file")
_MISSING = Kind(code="sidecar-missing", severity="warning", title="text without the sidecar that others have")
_ORPHAN = Kind(code="sidecar-orphan", severity="warning", title="a sidecar without its file")
_NONE = Kind(code="nothing-compressed", severity="note", title="text that a server has to compress for each request")
_FIX = "lightship assets compress"


def _run(tree: Tree) -> Iterator[Finding]:
    for file in tree.files:
        yield from _of(file)
    yield from _missing(tree)
    for path in tree.orphans:
        yield _ORPHAN.finding("its file is not there", location=path, fix="remove it, or bring the file back")


def _of(file: TreeFile) -> Iterator[Finding]:
    for sidecar in file.sidecars:
        if not sidecar.compressed_bytes:
            if file.plain_bytes:
                yield _EMPTY.finding("no byte in it", location=sidecar.path, fix=_FIX)
        elif not sidecar.fresh:
            yield _STALE.finding("does not decompress to its file", location=sidecar.path, fix=_FIX)
        elif sidecar.compressed_bytes > MOST_SHARE * file.plain_bytes:
            larger = sidecar.compressed_bytes >= file.plain_bytes
            yield _LARGER.finding(
                "larger than its file" if larger else "not 5 % smaller than its file",
                location=sidecar.path,
                severity=None if larger else "note",
                fix=_FIX,
            )


def _missing(tree: Tree) -> Iterator[Finding]:
    made = {sidecar.encoding for file in tree.files for sidecar in file.sidecars if not file.source_map}
    made |= {"gzip" for file in tree.files if file.alone}
    without = [file for file in tree.files if file.worth]
    if not made and without:
        count, size = len(without), sum(file.plain_bytes for file in without)
        yield _NONE.finding(f"{count} files of text, {size} bytes, and no sidecar", fix=_FIX)
        return
    for file in without:
        has = {sidecar.encoding for sidecar in file.sidecars}
        lacks = [encoding for encoding in SUFFIX_OF_ENCODING if encoding in made and encoding not in has]
        if file.source_map:  # for developer tools alone
            continue
        if lacks:
            names = " and ".join(SUFFIX_OF_ENCODING[encoding] for encoding in lacks)
            yield _MISSING.finding(f"no {names}, which others have", location=file.path, fix=_FIX)


CHECK = Check(
    name="sidecars", kinds=(_EMPTY, _STALE, _LARGER, _MISSING, _ORPHAN, _NONE), run=_run, doc=__doc__
)  # fmt: skip
