"""Tells about the interpreter that runs it. Standard library only, 3.8 or later; what a verified image's Python is.

Started as ``python facts_worker.py REQUEST RESULT``, both paths of JSON files.
"""

import importlib.machinery
import importlib.util
import json
import os
import sys
import sysconfig


def main() -> None:
    del sys.path[0]  # this file's own folder
    version = sys.version.split()[0].rstrip("+")  # as platform.python_version(), which a slimmed image may have lost
    found = {
        "version": version,
        "executable": sys.executable,
        "prefix": sys.prefix,
        "base_prefix": sys.base_prefix,
        "path": [os.path.abspath(entry) for entry in sys.path if isinstance(entry, str)],
        "stdlib": sysconfig.get_path("stdlib"),
        "cache_tag": sys.implementation.cache_tag or "",
        "magic": importlib.util.MAGIC_NUMBER.hex(),
        "suffixes": importlib.machinery.EXTENSION_SUFFIXES,
        "stdlib_names": sorted(getattr(sys, "stdlib_module_names", ())),
        "builtin_names": sorted(sys.builtin_module_names),
        "markers": {
            "implementation_name": sys.implementation.name,
            "implementation_version": version,
            "os_name": os.name,
            "platform_machine": os.uname().machine,
            "platform_python_implementation": {"cpython": "CPython", "pypy": "PyPy"}.get(
                sys.implementation.name, sys.implementation.name
            ),
            "platform_release": "",
            "platform_system": os.uname().sysname,
            "platform_version": "",
            "python_full_version": version,
            "python_version": ".".join(version.split(".")[:2]),
            "sys_platform": sys.platform,
        },
    }
    with open(sys.argv[2], "w") as stream:
        json.dump(found, stream)


if __name__ == "__main__":
    main()
