"""Compares bytecode with the interpreter and with its sources. Standard library only, 3.8 or later.

Started as ``python bytecode_worker.py REQUEST RESULT``, both paths of JSON files. The request is ``{"tops": […]}``,
absolute directories. Nothing is imported or executed of what is read: bytecode is only unmarshalled.
PEP 3147 (names), PEP 552 (flags and hashes).
"""

import importlib.util
import json
import marshal
import os
import sys
from typing import Any, Dict, List, Optional, Set

MAGIC = importlib.util.MAGIC_NUMBER
TAG = sys.implementation.cache_tag or ""


def main() -> None:
    del sys.path[0]  # this file's own folder
    with open(sys.argv[1]) as stream:
        request = json.load(stream)
    found: Dict[str, Any] = {"foreign": [], "broken": [], "stale": [], "timestamp": [], "bare": [], "checked": 0}
    seen: Set[str] = set()
    for top in request["tops"]:
        for here, folders, files in os.walk(top):
            real = os.path.realpath(here)
            if real in seen:
                folders[:] = []
                continue
            seen.add(real)
            folders[:] = sorted(name for name in folders if name != "__pycache__")
            try:
                judge_folder(here, set(files), found)
            except OSError:  # not ours to read
                continue
    with open(sys.argv[2], "w") as stream:
        json.dump(found, stream)


def judge_folder(here: str, files: Set[str], found: Dict[str, Any]) -> None:
    cache = os.path.join(here, "__pycache__")
    compiled: Dict[str, Dict[str, List[str]]] = {}
    if os.path.isdir(cache):
        for name in sorted(os.listdir(cache)):
            parts = name.split(".")
            if len(parts) > 2 and parts[-1] == "pyc":
                optimised = parts[-2].startswith("opt-")
                tag = parts[-3] if optimised else parts[-2]
                module = ".".join(parts[: -3 if optimised else -2])
                compiled.setdefault(module, {}).setdefault(tag, []).append(name)
    for module, tags in sorted(compiled.items()):
        source = os.path.join(here, module + ".py")
        if module + ".py" not in files:
            continue  # without its source nothing looks at it
        own = tags.get(TAG, [])
        if not own:
            found["foreign"].append([source, sorted(tags)[0]])
        for name in own:
            judge_file(os.path.join(cache, name), source, found)
    for name in sorted(files):
        path = os.path.join(here, name)
        if name.endswith(".py") and TAG not in compiled.get(name[:-3], {}):
            found["bare"].append(path)
        elif name.endswith(".pyc") and name[:-1] not in files:
            judge_file(path, None, found)


def judge_file(path: str, source: Optional[str], found: Dict[str, Any]) -> None:
    found["checked"] += 1
    with open(path, "rb") as stream:
        content = stream.read()
    if content[:4] != MAGIC:
        found["foreign"].append([source or path, "magic " + content[:4].hex()])
        return
    try:
        marshal.loads(content[16:])  # noqa: S302 - in the sandbox, as an import would
    except Exception as error:
        found["broken"].append([path, type(error).__name__])
        return
    if source is None:
        return
    flags = int.from_bytes(content[4:8], "little")
    if flags & 1:
        with open(source, "rb") as stream:
            if importlib.util.source_hash(stream.read()) != content[8:16]:
                found["stale"].append([source, "unchecked" if not flags & 2 else "checked"])
        return
    status = os.stat(source)
    wanted = (int(status.st_mtime) & 0xFFFFFFFF, status.st_size & 0xFFFFFFFF)
    if wanted != (int.from_bytes(content[8:12], "little"), int.from_bytes(content[12:16], "little")):
        found["timestamp"].append(source)


if __name__ == "__main__":
    main()
