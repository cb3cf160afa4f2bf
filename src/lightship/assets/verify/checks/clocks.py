"""Times of files tell contents apart.

What it does
============
With a directory: looks for files without a hash in their name, of different contents, that share one time.

Why
===
nginx makes an ETag of time and size. Reproducible builds, image builders and package managers give every file one time:
then a file that changes and keeps its size keeps its ETag, and browsers are told 304 for ever.

Bad
===
::

    index.html @ 499162500 | <!doctype html>
    about.html @ 499162500 | <!doctype html><title>about</title>

Good
====
::

    index.html @ 499162500 | <!doctype html>
    about.html @ 499162507 | <!doctype html><title>about</title>

References
==========
https://nginx.org/en/docs/http/ngx_http_core_module.html#etag
https://reproducible-builds.org/specs/source-date-epoch/
"""

from collections import defaultdict
from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.checks.etags import OLD_S
from lightship.assets.verify.tree import Tree
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_ONE = Kind(code="one-time", severity="warning", title="files of different contents share one time")
_MANY = 3


def _run(tree: Tree) -> Iterator[Finding]:
    found: dict[int, set[str]] = defaultdict(set)
    for file in tree.files:
        if not file.hashed and not file.fault and file.sha256:
            found[file.time_s].add(file.sha256)
    for time, contents in sorted(found.items()):
        fixed = time < OLD_S and len(contents) > 1
        if fixed or (len(found) == 1 and len(contents) >= _MANY):
            yield _ONE.finding(
                f"{len(contents)} contents have the time {time}: where every build gives that time, an ETag of time "
                "and size is the same for a file that changed and kept its size",
                severity=None if fixed else "note",
                fix="lightship assets compress gives every file a time that is made from its content",
            )


CHECK = Check(name="clocks", kinds=(_ONE,), run=_run, doc=__doc__)
