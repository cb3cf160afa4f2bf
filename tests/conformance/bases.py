"""A base image for engines that can pull nothing: Debian 12 with its Python, from the host's package sources.

mmdebstrap takes half a minute to two: the tar is kept in pytest's cache.
"""

import hashlib
import io
import os
import shutil
import subprocess
import tarfile
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.conftest import require_tool
from uv import find_uv_bin

__all__ = [
    "debian_tar",
    "install_from_wheels",
    "write_node_package",
    "write_package",
    "write_packages_index",
    "write_wheel",
]

_PACKAGES = "ca-certificates,python3-venv,tzdata"
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/man/*", "/var/cache/apt/archives/*.deb")
_SOURCES = "/etc/apt/sources.list.d/debian.sources"


def debian_tar(cache: pytest.Cache) -> Path:
    """A tar of the root file system. Skip, in CI fail, where it can be neither found nor made."""
    said = " ".join((_PACKAGES, *_LEFT_OUT))
    place = cache.mkdir("debian-base") / f"{hashlib.sha256(said.encode()).hexdigest()[:12]}.tar"
    if place.exists():
        return place
    mmdebstrap = require_tool("mmdebstrap")
    with tempfile.TemporaryDirectory(dir=place.parent) as folder:
        made = Path(folder) / "base.tar"
        argv = [mmdebstrap, "--quiet", "--variant=apt", "--mode=root", f"--include={_PACKAGES}"]
        argv += [f"--dpkgopt=path-exclude={each}" for each in _LEFT_OUT]
        done = subprocess.run([*argv, "bookworm", str(made), _SOURCES], check=False, capture_output=True)
        if done.returncode and not os.environ.get("CI"):
            pytest.skip(f"no base image: {done.stderr.decode(errors='replace')[-500:]}")
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        shutil.move(made, place)
    return place


def write_package(
    folder: Path, name: str, files: Mapping[str, str], *, depends: str = "", recommends: str = ""
) -> None:
    """A pretend Debian package of that name in ``folder``; programs are files below ``usr/bin``."""
    with tempfile.TemporaryDirectory() as temporary:
        tree = Path(temporary)
        tree.chmod(0o755)
        for path, text in files.items():
            (tree / path).parent.mkdir(parents=True, exist_ok=True)
            (tree / path).write_text(text)
            (tree / path).chmod(0o755 if "/bin/" in path else 0o644)
        (tree / "DEBIAN").mkdir()
        control = (
            f"Package: {name}\nVersion: 1\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: pretend\n"
        )
        control += f"Depends: {depends}\n" if depends else ""
        control += f"Recommends: {recommends}\n" if recommends else ""
        (tree / "DEBIAN/control").write_text(control)
        argv = [require_tool("dpkg-deb"), "--root-owner-group", "-Znone", "-b", str(tree), str(folder / f"{name}.deb")]
        subprocess.run(argv, check=True, capture_output=True)


def write_packages_index(folder: Path, *, others: int = 0) -> None:
    """``Packages`` of a flat repository, with as many ``others`` that are not there:
    Debian's wiki, "DebianRepository/Format" (read November 2026)."""
    parts = []
    for deb in sorted(folder.glob("*.deb")):
        control = subprocess.run([require_tool("dpkg-deb"), "-f", str(deb)], check=True, capture_output=True, text=True)
        digest = hashlib.sha256(deb.read_bytes()).hexdigest()
        parts.append(f"{control.stdout}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {digest}\n")
    for number in range(others):
        digest = hashlib.sha256(str(number).encode()).hexdigest()
        parts.append(
            f"Package: other-{number}\nVersion: 1\nArchitecture: all\nFilename: ./other-{number}.deb\n"
            f"Size: 1\nSHA256: {digest}\n"
        )
    (folder / "Packages").write_text("\n".join(parts))


def write_wheel(folder: Path, name: str, text: str) -> None:
    """A wheel of one module."""
    info = f"{name}-1.dist-info"
    files = {
        f"{name}.py": text,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in (*files, f"{info}/RECORD"))
    with zipfile.ZipFile(folder / f"{name}-1-py3-none-any.whl", "w") as wheel:
        for path, content in files.items():
            wheel.writestr(zipfile.ZipInfo(path), content)  # of no time: locks know its hash


def write_node_package(folder: Path, name: str, text: str) -> None:
    """A package of npm's with one module, as ``npm pack`` makes it."""
    with tarfile.open(folder / f"{name}-1.0.0.tgz", "w:gz") as packed:
        for path, content in (("package.json", f'{{"name": "{name}", "version": "1.0.0"}}'), ("index.js", text)):
            member = tarfile.TarInfo(f"package/{path}")
            member.size, member.mode = len(content), 0o644
            packed.addfile(member, io.BytesIO(content.encode()))


def install_from_wheels(folder: Path, *requirements: str) -> None:
    """Packages for Python 3.11 from the index that the host's settings name; no dependency is compiled. Skip, in CI
    fail, where they cannot be had."""
    argv = [find_uv_bin(), "pip", "install", "--quiet", "--only-binary", ":all:", "--python-version", "3.11"]
    argv += ["--target", str(folder), *requirements]
    done = subprocess.run(argv, check=False, capture_output=True)
    if done.returncode and not os.environ.get("CI"):
        pytest.skip(f"no {' '.join(requirements)}: {done.stderr.decode(errors='replace')[-500:]}")
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
