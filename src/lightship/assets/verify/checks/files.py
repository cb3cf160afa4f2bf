"""Nothing in the directory is empty or unreadable.

What it does
============
With a directory: looks for files without a byte, and for such that cannot be read.

Why
===
A shell loop that splits names at blanks writes `two.gz` for `two words.json`, with no byte in it, and ends with status
0. An interrupted build leaves the script that it was writing.

Bad
===
::

    index.html |

Good
====
::

    index.html | <!doctype html>
    .nojekyll |

References
==========
https://www.gnu.org/software/bash/manual/html_node/Word-Splitting.html
"""

from collections.abc import Iterator

from lightship.assets.kinds import ENCODING_OF_SUFFIX, MEDIA_TYPES
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.tree import Tree
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_EMPTY = Kind(code="file-empty", severity="error", title="a file without a byte")
_FAULT = Kind(code="file-unreadable", severity="error", title="a file that cannot be read")
_SERVED = {suffix for suffixes in MEDIA_TYPES.values() for suffix in suffixes}
_MAY_BE = frozenset(("css", "txt", "csv", "md"))


def _run(tree: Tree) -> Iterator[Finding]:
    for fault in tree.faults:
        yield _FAULT.finding(fault)
    for file in tree.files:
        name, dot, suffix = file.path.rpartition("/")[2].rpartition(".")
        if file.fault:
            yield _FAULT.finding(file.fault, location=file.alone or file.path)
        elif not file.plain_bytes and name and (suffix.lower() in _SERVED or dot + suffix in ENCODING_OF_SUFFIX):
            yield _EMPTY.finding(
                "no byte in it",
                location=file.alone or file.path,
                severity="warning" if suffix.lower() in _MAY_BE else None,
                fix="what wrote it? lightship assets compress takes any name",
            )


CHECK = Check(name="files", kinds=(_EMPTY, _FAULT), run=_run, doc=__doc__)
