"""Conda's packages: ``conda-meta/*.json`` of each environment. docs.conda.io, "Conda package specification" (24.x)."""

import json
from collections.abc import Callable, Iterator

from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted

__all__ = ["CondaRecogniser"]


class CondaRecogniser:
    """See `Recogniser`."""

    code = "conda"
    wanted = (Wanted(suffix=".json", directory=r"(?:.*/)?conda-meta", cap_bytes=64 << 20),)
    scanner: Callable[[], Scanner] | None = None

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """See `Recogniser.find`."""
        for path, content in files.kept(".json"):
            prefix, slash, _ = path.rpartition("conda-meta/")
            if not slash:
                continue
            try:
                document = json.loads(content)
                name, version = document["name"], document["version"]
                listed, depends = document.get("files", []), document.get("depends", [])
                paths = [f"{prefix}{each}" for each in listed]
                requires = tuple((str(each).split()[0],) for each in depends if str(each).split())
            except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                problem(path, f"it is no package of Conda ({type(error).__name__})")
                continue
            yield Found(
                ecosystem="conda",
                name=str(name),
                version=str(version),
                location=path,
                paths=[*paths, path],
                requires=requires,
                requested=bool(document.get("requested_spec") or document.get("requested_specs")),
            )
