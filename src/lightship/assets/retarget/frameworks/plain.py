"""Pages that nobody built, or a tool that is not known here: the prefix is what their author wrote."""

from collections import Counter

from lightship.assets.reading.page import html_references
from lightship.assets.retarget.frameworks.framework import Framework, Tree
from lightship.assets.retarget.prefix import Prefix
from lightship.errors import UsageError

__all__ = ["FRAMEWORK"]

_MOST_PAGES = 50


def _recognise(tree: Tree) -> bool:  # noqa: ARG001 - whatever is no other framework's
    return True


def _prefix_of(tree: Tree) -> str | None:
    """The origin of most scripts and styles that lie in the directory, under the path that they have there."""
    found: Counter[str] = Counter()
    for page in sorted(path for path in tree.paths if path.endswith((".html", ".htm")))[:_MOST_PAGES]:
        for reference in html_references(tree.read(page)):
            prefix = _before(reference.target, tree)
            if prefix and reference.kind in ("script", "style"):
                found[prefix] += 1
    return found.most_common(1)[0][0] if found else None


def _before(target: str, tree: Tree) -> str:
    """What stands before the path of a file that is there."""
    scheme, mark, rest = target.partition("://")
    host, _, path = rest.partition("?")[0].partition("#")[0].partition("/")
    parts = path.split("/")
    for index in range(len(parts)) if mark else ():
        if "/".join(parts[index:]) in tree.paths:
            try:
                return Prefix.parse("/".join((f"{scheme}://{host}", *parts[:index]))).text
            except UsageError:
                return ""
    return ""


FRAMEWORK = Framework(
    name="plain",
    title="plain HTML",
    line='<script src="{prefix}/app.js" crossorigin></script>',
    where="each page",
    recognise=_recognise,
    prefix_of=_prefix_of,
)
