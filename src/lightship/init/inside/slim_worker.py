"""Makes the trees that the final image is put together from. Run by the Dockerfile, while it is built.

    python slim.py environment /opt/venv
    python slim.py compileall /bytecode --environment /opt/venv [--startup MODULES]
    python slim.py root /rootfs --environment /opt/venv [--package libmagic1 …]

``environment`` takes out of a virtual environment what nothing reads at run time (tests that no other module imports,
headers, stubs, static libraries) and strips debug symbols. ``compileall`` makes the bytecode of the environment and of
the standard library, in a tree of its own. ``root`` copies of this distribution the interpreter, the shared libraries
that it and the environment are linked against, and the packages that are named, with all they depend on. Needs Python
3.9 or later and nothing else; ``strip`` where it is there.
"""

import argparse
import importlib.util
import os
import py_compile
import re
import shutil
import stat
import struct
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

__all__ = ["build_root", "compile_modules", "main", "slim_environment", "strip_symbols"]

# a file's name or ending tells that only a compiler, a type checker or a debugger reads it
_UNREAD = (
    ".pyi", ".pyx", ".pxd", ".h", ".hpp", ".hxx", ".cuh", ".c", ".cc", ".cpp", ".cxx", ".a", ".js.map", ".css.map",
)  # fmt: skip
_COMPILERS = {"torch", "triton", "cffi", "pybind11", "nanobind", "cupy", "nvidia", "jax", "numba", "tvm"}
"""These compile at run time, and read their headers."""
_TESTS = ("tests", "test", "_tests", "SelfTest")
_NAMES_TESTS = re.compile(
    r"^[ \t>.]*(?:from|import)[ \t]+[\w.]*\b(?:tests?|_tests|SelfTest)\b.*"
    r"|[\"'](?:\w+\.)+(?:tests?|_tests|SelfTest)\b[\w.]*[\"']",
    re.MULTILINE,
)
_TEST_MODULE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_test|conftest)\.py$")

_STDLIB_UNUSED = re.compile(
    r"(?:test|idlelib|turtledemo|ensurepip|lib2to3|tkinter|site-packages|dist-packages|__pycache__|config-[^/]*|"
    r"pydoc_data|turtle\.py)(?:/|$)|lib-dynload/(?:_tkinter|_test|_ctypes_test|xx)[^/]*$|.*/__pycache__(?:/|$)"
)
# packages that configure packages: in an image that is never changed there is nothing to configure
_NEVER = {
    "adduser", "apt", "base-files", "base-passwd", "cdebconf", "debconf", "debianutils", "dpkg", "init-system-helpers",
    "install-info", "libc-bin", "login", "lsb-base", "openssl", "passwd", "perl", "perl-base", "sensible-utils",
    "sysvinit-utils", "ucf",
}  # fmt: skip
_CONFIGURATION = (
    "/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/openssl.cnf", "/usr/lib/ssl", "/etc/nsswitch.conf", "/etc/services",
    "/etc/protocols", "/etc/mime.types", "/etc/os-release", "/usr/lib/os-release", "/etc/debian_version",
    "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/usr/lib/locale/C.utf8", "/usr/share/zoneinfo", "/etc/localtime",
)  # fmt: skip
_NOT_COPIED = re.compile(
    r"/usr/share/(?:doc|man|info|locale|lintian|bug|zoneinfo/(?:posix|right))(?:/|$)|/var/lib/dpkg/"
)
_CONVERTS = re.compile(rb"\0iconv_open\0|,ccs=")  # iconv_open(3), and a stream's character set: fopen(3)
_CONVERTS_LOCALES = ("libc6", "libc-bin", "libstdc++6", "bash", "coreutils")
"""These convert between UTF-8 and what a locale has, which for C.UTF-8 takes no table."""
_USER = 65532
_EPOCH = 1577836800  # every file has one time, so that the same content is the same layer


def main(arguments: "list[str] | None" = None) -> None:
    """The command line of the module's docstring."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["environment", "compileall", "root"])
    parser.add_argument("target", type=Path)
    parser.add_argument("--environment", type=Path, default=Path("/opt/venv"))
    parser.add_argument("--package", action="append", default=[])
    parser.add_argument("--startup", type=Path)
    asked = parser.parse_args(arguments)
    if asked.what == "environment":
        slim_environment(asked.target)
    elif asked.what == "compileall":
        compile_modules(asked.target, asked.environment, _startup_modules(asked.startup))
    else:
        build_root(asked.target, asked.environment, asked.package)


def slim_environment(environment: Path) -> None:
    """Take out what nothing reads at run time, and strip what is left."""
    (packages,) = environment.glob("lib/python3*/site-packages")
    for name in ("pip", "setuptools", "wheel"):  # installers; what requires one of them keeps it
        if not _is_required(packages, name):
            _uninstall(packages, name)
    files = [path for path in packages.rglob("*") if path.is_file() and not path.is_symlink()]
    for path in files:
        if path.name.endswith(_UNREAD) and path.relative_to(packages).parts[0] not in _COMPILERS:
            path.unlink()
    for directory in _unneeded_tests(packages):
        shutil.rmtree(directory)
    for name in ("include", "share/man", "share/doc"):
        shutil.rmtree(environment / name, ignore_errors=True)
    for path in environment.glob("bin/[Aa]ctivate*"):  # for a person's shell
        path.unlink()
    for path in files:
        if ".so" in path.name and path.exists():
            strip_symbols(path)


def _is_required(packages: Path, name: str) -> bool:
    wanted = re.compile(rf"^Requires-Dist: {name}\b(?!.*extra ==)", re.MULTILINE | re.IGNORECASE)
    return any(wanted.search(path.read_text(errors="replace")) for path in packages.glob("*.dist-info/METADATA"))


def _uninstall(packages: Path, name: str) -> None:
    for record in packages.glob(f"{name}-*.dist-info/RECORD"):
        for line in record.read_text().splitlines():
            path = packages / line.split(",", 1)[0]
            if path.is_file():
                path.unlink()
        shutil.rmtree(packages / name, ignore_errors=True)
        shutil.rmtree(record.parent, ignore_errors=True)


def _unneeded_tests(packages: Path) -> "list[Path]":
    """Outermost directories of tests inside packages that no source outside of them names."""
    sources = [path.relative_to(packages).as_posix() for path in packages.rglob("*.py")]
    found: dict[str, bool] = {}  # directories of tests, and whether a module of tests is in them
    outside = []
    for source in sources:
        parts = source.split("/")
        place = next((place for place, part in enumerate(parts[:-1]) if place and part in _TESTS), None)
        if place is None:
            outside.append(source)
            continue
        directory = "/".join(parts[: place + 1])
        found[directory] = found.get(directory, False) or _TEST_MODULE.search(source) is not None
    kept = set()  # one that asks keeps all tests of its package, and those that it names in full
    dotted = {directory.replace("/", "."): directory for directory in found}
    for source in outside:
        text = (packages / source).read_text(errors="replace")
        if "test" in text or "SelfTest" in text:
            for match in _NAMES_TESTS.finditer(text):
                kept.add(source.split("/", 1)[0])
                kept.update(directory for name, directory in dotted.items() if name in match[0])
    return [
        packages / directory
        for directory, holds in sorted(found.items())
        if holds and directory not in kept and directory.split("/", 1)[0] not in kept
    ]


def strip_symbols(path: Path) -> None:
    """Strip ``path`` where ``strip`` is there, keeping it as it was where the result could not be loaded: some wheels'
    libraries were rewritten so that GNU strip misplaces their segments."""
    program = shutil.which("strip")
    with path.open("rb") as stream:
        if program is None or stream.read(4) != b"\x7fELF":
            return
    made = path.with_name(path.name + ".stripped")
    done = subprocess.run([program, "--strip-unneeded", "-o", str(made), str(path)], check=False, capture_output=True)
    if done.returncode == 0 and made.stat().st_size < path.stat().st_size and _is_loadable(made):
        shutil.copymode(path, made)
        made.replace(path)
    elif made.exists():
        made.unlink()


def _is_loadable(path: Path) -> bool:
    """Each segment lies in the file as it lies in memory, by page (ELF gABI, program header, ``p_align``)."""
    with path.open("rb") as stream:
        head = stream.read(64)
        if head[4:6] != b"\x02\x01":
            return False
        (start,), (size, count) = struct.unpack_from("<Q", head, 32), struct.unpack_from("<HH", head, 54)
        stream.seek(start)
        table = stream.read(size * count)
    for place in range(0, len(table), size):
        kind, _, offset, address, _, _, _, align = struct.unpack_from("<IIQQQQQQ", table, place)
        if kind == 1 and align > 1 and offset % align != address % align:
            return False
    return True


def _startup_modules(lock: "Path | None") -> "set[str] | None":
    """The sources that a start imports, which ``start.py`` and ``lightship build`` write; None means all modules."""
    if lock is None or not lock.is_file():
        return None
    head = lock.read_text().split("\n[", 1)[0]
    return {line for line in head.splitlines() if line.endswith(".py")} or None


def compile_modules(target: Path, environment: Path, modules: "set[str] | None") -> None:
    """Bytecode of the environment and the standard library, below ``target`` at the places where Python looks for it.
    It is never compared with its source again, so that it stays valid whatever time a file gets on its way."""
    wanted = None if modules is None else {_here(name) for name in modules}
    sources = [path for path in sorted(_sources(environment)) if wanted is None or str(path) in wanted]
    made = [str(target) + importlib.util.cache_from_source(str(path)) for path in sources]
    with ProcessPoolExecutor() as pool:
        list(pool.map(_compile, map(str, sources), made, chunksize=32))
    target.mkdir(parents=True, exist_ok=True)
    _settle_times(target)


def _here(name: str) -> str:
    """A module of the standard library at its place in this image, whichever Python was traced."""
    return re.sub(r"^/usr/(?:local/)?lib/python3\.\d+/(?!dist-packages|site-packages)", f"{_stdlib()}/", f"/{name}")


def _sources(environment: Path) -> "Iterator[Path]":
    yield from environment.glob("lib/python3*/site-packages/**/*.py")
    for path in _stdlib().rglob("*.py"):
        if not _STDLIB_UNUSED.match(path.relative_to(_stdlib()).as_posix()):
            yield path


def _stdlib() -> Path:
    return Path(sysconfig.get_path("stdlib"))


def _compile(source: str, made: str) -> None:
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    try:
        py_compile.compile(source, cfile=made, doraise=True, invalidation_mode=mode)
    except (py_compile.PyCompileError, ValueError, RecursionError):
        return  # no Python for this version: a template, which nobody imports


def _settle_times(target: Path) -> None:
    for path in [*target.rglob("*"), target]:
        os.utime(path, (_EPOCH, _EPOCH), follow_symlinks=False)


def build_root(target: Path, environment: Path, packages: "list[str]") -> None:
    """The root file system, but for bytecode, the environment and the application."""
    _copy_interpreter(target)
    for path in environment.glob("bin/python*"):  # by whatever name the environment knows the interpreter
        if path.is_symlink() and path.readlink().is_absolute() and environment not in path.readlink().parents:
            _copy(path.readlink(), target)
    names = _with_dependencies(packages)
    listed = [path for name in names for path in _files_of(name)]
    for named in listed:
        _copy(Path(named), target)
    for named in _CONFIGURATION:
        _copy(Path(named), target)
        for path in Path(named).rglob("*"):
            _copy(path, target)
    for link in ("lib", "lib64", "bin", "sbin"):
        if Path("/", link).is_symlink() and not (target / link).exists():
            (target / link).symlink_to(f"usr/{link}")
            (target / "usr" / link).mkdir(parents=True, exist_ok=True)
    libraries = _libraries([target, environment], ignored=environment)
    for path in libraries:
        _copy(path, target)
    for path in target.glob("usr/local/lib/*.so*"):  # the interpreter's; the distribution's are stripped
        if not path.is_symlink():
            strip_symbols(path)
    _drop_conversions(target, environment)
    _make_user(target)
    subprocess.run(["/sbin/ldconfig", "-r", str(target)], check=True)
    (target / "var/cache/ldconfig/aux-cache").unlink(missing_ok=True)
    _tell_scanners(target, [*names, *_owners(libraries)])
    _settle_times(target)


def _copy_interpreter(target: Path) -> None:
    program = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    for name in ("python", "python3", program.name):
        _copy(program.with_name(name), target)
    library = _stdlib()
    for path in library.rglob("*"):
        if not _STDLIB_UNUSED.match(path.relative_to(library).as_posix()):
            _copy(path, target)
    copied = target / library.relative_to("/")
    (copied / "site-packages").mkdir(exist_ok=True)
    for path in copied.rglob("*.so*"):
        strip_symbols(path)


def _copy(source: Path, target: Path) -> None:
    """Copy a file, a link with what it leads to, or an empty directory, to its own path below ``target``."""
    source = Path(os.path.realpath(source.parent), source.name)
    place = target / source.relative_to("/")
    if not os.path.lexists(source) or _NOT_COPIED.match(str(source)):
        return
    mode = source.lstat().st_mode
    if stat.S_ISDIR(mode):
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(stat.S_IMODE(mode))
    elif not os.path.lexists(place):
        place.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISLNK(mode):
            place.symlink_to(source.readlink())
            _copy(source.parent / source.readlink(), target)
        elif stat.S_ISREG(mode):
            shutil.copyfile(source, place)
            place.chmod(stat.S_IMODE(mode) & ~0o6000)  # no setuid: nobody changes users here


def _with_dependencies(packages: "list[str]") -> "list[str]":
    """``packages`` and what they depend on, as far as it is installed."""
    found, waiting = [], list(packages)
    for name in waiting:  # grows as it is walked
        shown = _output("dpkg-query", "-W", "-f", "${Pre-Depends}, ${Depends}", name)
        if name in found or (name in _NEVER and name not in packages) or not shown:
            continue
        found.append(name)
        waiting += [re.split(r"[\s:(|]", each.strip(), maxsplit=1)[0] for each in shown.split(",") if each.strip()]
    return found


def _files_of(package: str) -> "list[str]":
    return _output("dpkg-query", "-L", package).splitlines()


def _owners(paths: "list[Path]") -> "list[str]":
    spelled = {str(path) for path in paths} | {str(path).replace("/usr", "", 1) for path in paths}
    said = _output("dpkg-query", "-S", *sorted(spelled)) if spelled else ""
    return sorted({line.split(":", 1)[0] for line in said.splitlines() if not line.startswith("diversion")})


def _libraries(trees: "list[Path]", ignored: Path) -> "list[Path]":
    """What the ELF files of ``trees`` are linked against, outside of ``ignored``, as the loader finds it."""
    asked = []
    for tree in trees:
        for path in tree.rglob("*"):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as stream:
                    if stream.read(4) == b"\x7fELF":
                        asked.append(str(path))
    found = {Path(match) for match in re.findall(r"(?:=>\s*|^\s*)(/\S+) \(0x", _output("ldd", *asked), re.MULTILINE)}
    found |= set(Path("/usr/lib").glob("*/libgcc_s.so.1"))  # loaded by name where a thread is cancelled
    outside = (path for path in found if not any(tree in path.parents for tree in (*trees, ignored)))
    return sorted({Path(os.path.realpath(path.parent), path.name) for path in outside})


def _drop_conversions(target: Path, environment: Path) -> None:
    """Take out the C library's tables for converting text, 8 MB, where nothing of the two trees asks for them."""
    tables = [path for path in target.glob("usr/lib/*/gconv") if path.is_dir()]
    if not tables or [path.name for path in target.glob("usr/lib/locale/*")] not in ([], ["C.utf8"]):
        return
    passed = {str(target) + os.path.realpath(path) for name in _CONVERTS_LOCALES for path in _files_of(name)}
    for tree in (target, environment):
        for path in tree.rglob("*"):
            inside = any(table in path.parents for table in tables)
            if path.is_file() and not path.is_symlink() and not inside and str(path) not in passed and _converts(path):
                return
    for table in tables:
        shutil.rmtree(table)


def _converts(path: Path) -> bool:
    """Whether a library or a source names what converts text; one with a converter of its own, as lxml has GNU's, has
    a symbol that only ends on that name."""
    content = path.read_bytes() if path.suffix == ".py" or ".so" in path.name or os.access(path, os.X_OK) else b""
    if not content.startswith(b"\x7fELF"):
        return path.suffix == ".py" and b"iconv_open" in content
    if _CONVERTS.search(content) is not None:
        return True
    if b"iconv_open\0" not in content:
        return False
    symbols = _output("readelf", "--dyn-syms", "--wide", str(path))
    return not symbols or re.search(r"\siconv_open(?:@|\s|$)", symbols) is not None


def _make_user(target: Path) -> None:
    """A user without rights and a home, beside root; a place for temporary files."""
    etc = target / "etc"
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text(
        f"root:x:0:0:root:/root:/sbin/nologin\nnonroot:x:{_USER}:{_USER}::/home/nonroot:/sbin/nologin\n"
    )
    (etc / "group").write_text(f"root:x:0:\nnonroot:x:{_USER}:\n")
    for path, mode, owner in (("tmp", 0o1777, 0), ("home/nonroot", 0o700, _USER), ("root", 0o700, 0)):
        (target / path).mkdir(parents=True, exist_ok=True)
        (target / path).chmod(mode)
        os.chown(target / path, owner, owner)


def _tell_scanners(target: Path, packages: "list[str]") -> None:
    """What is installed, where scanners of images without a package manager look."""
    directory = target / "var/lib/dpkg/status.d"
    directory.mkdir(parents=True, exist_ok=True)
    for name in sorted(set(packages)):
        (directory / name).write_text(_output("dpkg-query", "-s", name))


def _output(*command: str) -> str:
    """What a command says; what it does not know it says nothing of."""
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.decode(errors="replace")


if __name__ == "__main__":
    main()
