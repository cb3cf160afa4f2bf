"""An archive of a distribution that packages the interpreter of the tests and otherwise pretends: its compilers are
names, so that only pure Python can be built from source."""

import ast
import datetime
import platform
import re
import subprocess
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.base.pretend import Deb, Member, PretendArchive, file, symlink
from tests.base.pretend_elf import shared_object

from lightship.base.kit import BUILD, RUN
from lightship.oci.platform import Platform

__all__ = ["FOREIGN", "MINOR", "foreign_elf", "stdlib_files", "write_archive"]

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
_PYTHON = f"python{MINOR}"
_MULTIARCH = f"{platform.machine()}-linux-gnu"
_ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
FOREIGN = Platform("linux", "arm64" if _ARCHITECTURE == "amd64" else "amd64")
"""Another machine, for which the archive has the same Python with programs that nobody can run."""

_MODULES = """
import sys
sys.modules["_ssl"] = sys.modules["_hashlib"] = None  # their libraries are large, and Python does without
import site, os, encodings.idna, encodings.latin_1, encodings.ascii, http.server, importlib.metadata
import importlib.resources, json, runpy, sysconfig, struct, traceback, zipfile
import __future__, base64, configparser, hashlib
"""


def stdlib_files() -> list[Path]:
    """The standard library as far as a small server needs it: what these imports load, a hundred modules or so."""
    code = _MODULES + "print([m.__file__ for m in list(sys.modules.values()) if getattr(m, '__file__', None)])"
    said = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    root = Path(sysconfig.get_path("stdlib"))
    found = {Path(path) for path in ast.literal_eval(said.stdout)}
    found |= {*root.glob("importlib/_bootstrap*.py"), *root.glob("_sysconfigdata_*.py"), root / "sched.py"}
    return sorted(path for path in found if path.is_relative_to(root))


def _libraries(files: Iterable[Path]) -> dict[str, Path]:
    """Shared objects that ``files`` load, by soname."""
    said = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False).stdout
    found = {Path(path).name: Path(path).resolve() for path in re.findall(r"\s(/[^\s:]+) \(0x", said)}
    return {name: path for name, path in found.items() if ".so" in name}


_GLIBC = re.compile(r"(?:ld-linux.*|lib(?:c|m|dl|pthread|rt|util))\.so(?:\.\d+)*")


def _read(path: Path, target: str, *, mode: int = 0o644) -> Member:
    return file(target, path.read_bytes(), mode=mode)


def _python_debs(archive: PretendArchive) -> list[Deb]:
    executable, root = Path(sys.executable).resolve(), Path(sysconfig.get_path("stdlib"))
    stdlib = stdlib_files()
    libraries = _libraries([executable, *(path for path in stdlib if ".so" in path.name)])
    place = f"./usr/lib/{_MULTIARCH}"
    libc = [_read(path, f"{place}/{name}", mode=0o755) for name, path in libraries.items() if _GLIBC.fullmatch(name)]
    (loader,) = (name for name in libraries if name.startswith("ld-linux"))
    loaders = "lib64" if platform.machine() == "x86_64" else "lib"
    version = platform.python_version()
    debs = [
        Deb(
            name="libc6",
            version=f"{platform.libc_ver()[1]}-1",
            members=[*libc, symlink(f"./{loaders}/{loader}", f"/usr/lib/{_MULTIARCH}/{loader}")],
            compression="gz",
        ),
        Deb(name="python3", version=f"{version}-1", fields={"Depends": _PYTHON}),
        Deb(
            name=_PYTHON,
            version=f"{version}-1",
            members=[_read(executable, f"./usr/bin/{_PYTHON}", mode=0o755)],
            fields={"Depends": f"lib{_PYTHON}-stdlib (= {version}-1)"},
            compression="gz",
        ),
        Deb(
            name=f"lib{_PYTHON}-stdlib",
            version=f"{version}-1",
            members=[
                *(_read(path, f"./usr/lib/{_PYTHON}/{path.relative_to(root)}") for path in stdlib),
                file(f"./usr/lib/{_PYTHON}/test/test_os.py", b"# a test of the interpreter\n"),
            ],
            compression="gz",
        ),
    ]
    for name, path in libraries.items():
        if not _GLIBC.fullmatch(name):
            package = f"pretend-{name.partition('.so')[0].lower()}"
            archive.contents[f"usr/lib/{_MULTIARCH}/{name}"] = package
            debs.append(Deb(name=package, members=[_read(path, f"{place}/{name}")], compression="gz"))
    return debs


def foreign_elf(**more: Any) -> bytes:
    """A shared object for the other machine."""
    return shared_object(machine=FOREIGN.machine, **more)


def _foreign_debs() -> list[Deb]:
    """The interpreter's packages for the other machine: the same modules, and names where programs would be."""
    root, version = Path(sysconfig.get_path("stdlib")), platform.python_version()
    multiarch = f"{FOREIGN.machine}-linux-gnu"
    loader = "ld-linux-aarch64.so.1" if FOREIGN.architecture == "arm64" else "ld-linux-x86-64.so.2"
    place = "lib" if FOREIGN.architecture == "arm64" else "lib64"
    modules = [path for path in stdlib_files() if path.suffix == ".py"]
    libc = foreign_elf(soname="libc.so.6", versions=(f"GLIBC_{platform.libc_ver()[1]}",))
    python = foreign_elf(needed=("libc.so.6",), interpreter=f"/{place}/{loader}")
    return [
        Deb(
            name="libc6",
            version=f"{platform.libc_ver()[1]}-1",
            architecture=FOREIGN.architecture,
            members=[
                file(f"./usr/lib/{multiarch}/libc.so.6", libc, mode=0o755),
                file(f"./usr/lib/{multiarch}/{loader}", foreign_elf(soname=loader), mode=0o755),
                symlink(f"./{place}/{loader}", f"/usr/lib/{multiarch}/{loader}"),
            ],
        ),
        Deb(
            name="libc-bin",
            architecture=FOREIGN.architecture,
            members=[file("./usr/lib/locale/C.utf8/LC_CTYPE", b"ctype")],
        ),
        Deb(
            name="base-files",
            version="12.4",
            architecture=FOREIGN.architecture,
            members=[file("./usr/lib/os-release", _RELEASE)],
        ),
        Deb(name="python3", version=f"{version}-1", architecture=FOREIGN.architecture, fields={"Depends": _PYTHON}),
        Deb(
            name=_PYTHON,
            version=f"{version}-1",
            architecture=FOREIGN.architecture,
            members=[file(f"./usr/bin/{_PYTHON}", python, mode=0o755)],
            fields={"Depends": f"lib{_PYTHON}-stdlib (= {version}-1)"},
        ),
        Deb(
            name=f"lib{_PYTHON}-stdlib",
            version=f"{version}-1",
            architecture=FOREIGN.architecture,
            members=[_read(path, f"./usr/lib/{_PYTHON}/{_named(path.relative_to(root))}") for path in modules],
            compression="gz",
        ),
    ]


def _named(path: Path) -> str:
    """``path`` as it is called on the other machine: ``_sysconfigdata`` bears its name."""
    return str(path).replace(platform.machine(), FOREIGN.machine)


def write_archive(root: Path, *extra: Deb) -> PretendArchive:
    """The archive, signed, of a distribution that is the host's Python and otherwise pretends."""
    archive = PretendArchive(root)
    archive.date = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=2)
    archive.valid_until = archive.date + datetime.timedelta(days=7)
    archive.add(
        Deb(name="base-files", version="12.4", members=[file("./usr/lib/os-release", _RELEASE)]),
        Deb(name="libc-bin", members=[file("./usr/lib/locale/C.utf8/LC_CTYPE", b"ctype")]),
        Deb(name="ca-certificates", architecture="all", members=[file("./usr/share/ca-certificates/A.crt", _PEM)]),
        Deb(name="media-types", architecture="all", members=[file("./etc/mime.types", b"text/plain txt\n")]),
        Deb(name="netbase", architecture="all", members=[file("./etc/services", b"https 443/tcp\n")]),
        Deb(name="tzdata", architecture="all", members=[file("./usr/share/zoneinfo/Etc/UTC", b"TZif")]),
        Deb(name="python3-distutils", architecture="all"),
        Deb(name="python3-lib2to3", architecture="all"),
        Deb(
            name="libmagic1",
            members=[file(f"./usr/lib/{_MULTIARCH}/libmagic.so.1", shared_object(soname="libmagic.so.1"))],
        ),
        *_python_debs(archive),
        *_foreign_debs(),
        *(Deb(name=name) for name in BUILD.packages if name not in RUN.packages),
        Deb(name=f"lib{_PYTHON}-dev"),
        *extra,
    )
    archive.write(architecture=_ARCHITECTURE, foreign=FOREIGN.architecture)
    return archive


_RELEASE = b'PRETTY_NAME="Pretend GNU/Linux 1"\nID=debian\nVERSION_ID="1"\n'
_PEM = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
