"""A built image that has what a verified one needs: all codecs, time zones, compression, and packages with data."""

import ast
import importlib.util
import platform
import subprocess
import sys
import sysconfig
import zoneinfo
from collections.abc import Iterator
from pathlib import Path

from tests.base.pretend import Deb, Member, PretendArchive, file
from tests.flows.world import Links, requirement
from tests.flows.world_archive import MINOR, stdlib_files, write_archive

__all__ = ["EXCLUDED", "ZONES", "add_packages", "lock_of", "whole_archive"]

ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Sydney")
EXCLUDED = "pretend_old"
"""Locked for another Python only."""

_PACKAGES = ("encodings", "zoneinfo")
_IMPORTED = """
import sys
sys.modules["_ssl"] = sys.modules["_hashlib"] = None
import bz2, http.client, ipaddress, locale, platform, quopri, signal, socket, stringprep, subprocess, threading
"""
_EXTENSIONS = ("_codecs_", "_multibytecodec", "_bz2", "_zoneinfo")


def whole_archive(root: Path) -> PretendArchive:
    """The world's archive with one more package, ``pretend-whole``: the rest that the checks look for."""
    return write_archive(root, Deb(name="pretend-whole", members=list(_members()), compression="gz"))


def _members() -> Iterator[Member]:
    stdlib = Path(sysconfig.get_path("stdlib"))
    there = {path.resolve() for path in stdlib_files()}
    wanted = [path for name in _PACKAGES for path in sorted((stdlib / name).glob("*.py"))]
    code = _IMPORTED + "print([m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)])"
    said = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    wanted += [path for path in map(Path, ast.literal_eval(said.stdout)) if path.is_relative_to(stdlib)]
    wanted += [path for path in sorted((stdlib / "lib-dynload").glob("*.so")) if path.name.startswith(_EXTENSIONS)]
    for path in dict.fromkeys(wanted):
        if path.is_file() and path.resolve() not in there:
            yield file(f"./usr/lib/python{MINOR}/{path.relative_to(stdlib)}", path.read_bytes())
    for name in ZONES:
        yield file(f"./usr/share/zoneinfo/{name}", _zone(name))
    bz2 = next((path for path in wanted if path.name.startswith("_bz2")), None)
    if bz2 is not None:
        linked = subprocess.run(["ldd", bz2], capture_output=True, text=True, check=True).stdout
        library = next(Path(word) for word in linked.split() if word.startswith("/") and "libbz2" in word)
        yield file(f"./usr/lib/{platform.machine()}-linux-gnu/{library.name}", library.read_bytes())


def _zone(name: str) -> bytes:
    for folder in zoneinfo.TZPATH:
        path = Path(folder, name)
        if path.is_file():
            return path.read_bytes()
    spec = importlib.util.find_spec("tzdata")
    assert spec is not None
    assert spec.origin is not None, "neither this machine nor its Python has time zones"
    return (Path(spec.origin).parent / "zoneinfo" / name).read_bytes()


def add_packages(links: Links) -> None:
    """Wheels with a template and a plugin, one that is asked for by marker, and one for another Python."""
    links.add(
        "pretend_page",
        {
            "pretend_page/__init__.py": "import pretend_late\n",
            "pretend_page/plugin.py": "def load():\n    return 1\n",
            "pretend_page/templates/page.html": "<p>{{ text }}</p>\n",
            "pretend_page-1.0.dist-info/entry_points.txt": "[pretend.plugins]\npage = pretend_page.plugin:load\n",
        },
        metadata="Metadata-Version: 2.1\nName: pretend-page\nVersion: 1.0\n"
        'Requires-Dist: pretend-late>=1; python_full_version >= "3.8"\n'
        'Requires-Dist: pretend-old; python_full_version < "3.8"\n',
    )
    links.add("pretend_late", {"pretend_late/__init__.py": ""}, metadata=_metadata("pretend-late"))
    links.add(EXCLUDED, {f"{EXCLUDED}/__init__.py": ""}, metadata=_metadata("pretend-old"))


def _metadata(name: str) -> str:
    return f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"


def lock_of(folder: Path) -> str:
    """A lock of every wheel in ``folder``, `EXCLUDED` for other Pythons only."""
    lines = []
    for wheel in sorted(folder.glob("*.whl")):
        pinned, _, rest = requirement(wheel).partition(" ")
        marker = ' ; python_full_version < "3.8"' if wheel.name.startswith(EXCLUDED) else ""
        lines.append(f"{pinned}{marker} {rest}\n")
    return "".join(lines)
