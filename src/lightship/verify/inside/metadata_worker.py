"""Names and versions as importlib.metadata sees them. Standard library only, 3.8 or later.

Started as ``python metadata_worker.py REQUEST RESULT``, both paths of JSON files.
"""

import importlib.metadata
import json
import re
import sys
from typing import Dict


def main() -> None:
    del sys.path[0]  # this file's own folder
    versions: Dict[str, str] = {}
    for distribution in importlib.metadata.distributions():
        try:
            name, version = distribution.metadata["Name"], distribution.version
        except Exception:  # noqa: S112 - a broken one is told from its files
            continue
        if name:
            versions.setdefault(re.sub(r"[-_.]+", "-", name).lower(), version or "")
    with open(sys.argv[2], "w") as stream:
        json.dump({"versions": versions}, stream)


if __name__ == "__main__":
    main()
