"""npm's packages: every ``node_modules/NAME/package.json``. docs.npmjs.com, "package.json" (10.x).

There is no list of files: a package has its directory, but for what packages inside of it have.
"""

import json
import re
from collections.abc import Callable, Iterator

from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted

__all__ = ["NodeRecogniser"]

_DIRECTORY = r"(?:.*/)?node_modules/(?:@[^/]+/)?[^/@.][^/]*"
_MOST_NAMES = 2000


def _shortened(content: bytes) -> bytes:
    """Name, version and dependencies, as JSON again: a large tree has 50,000 of these files."""
    try:
        document = json.loads(content)
        short = {key: document[key] for key in ("name", "version") if isinstance(document.get(key), str)}
        needed = [str(name) for name in document.get("dependencies") or ()][:_MOST_NAMES]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return b""
    return json.dumps({**short, "dependencies": needed}).encode()


class NodeRecogniser:
    """See `Recogniser`."""

    code = "node"
    wanted = (Wanted(name="package.json", directory=_DIRECTORY, cap_bytes=4 << 20, keep=_shortened),)
    scanner: Callable[[], Scanner] | None = None

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """See `Recogniser.find`."""
        directory = re.compile(_DIRECTORY)
        for path, content in files.kept("package.json"):
            place = path.rpartition("/")[0]
            if directory.fullmatch(place) is None:
                continue
            if not content:
                problem(path, "it is no package.json")
                continue
            document = json.loads(content)
            if "name" in document and "version" in document:  # others only say how a folder is loaded
                yield Found(
                    ecosystem="npm",
                    name=document["name"],
                    version=document["version"],
                    location=path,
                    directories=(place,),
                    requires=tuple((name,) for name in document["dependencies"]),
                )
