"""Builds in a real sandbox, whose root is made of the host's own toolchain; backends are tiny and pretend."""

import gzip
import hashlib
import io
import json
import os
import socket
import sys
import sysconfig
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, NoReturn

import pytest

from lightship.build.index.request import Fetched
from lightship.build.index.settings import IndexSettings
from lightship.build.sdist.build import BuildSite, BuiltWheel, WheelBuilder
from lightship.build.sdist.share import Share
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.errors import HostileError, InputError, ToolError
from lightship.oci.platform import Platform
from lightship.proc import Popen
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Bind, Command, Sandbox
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from tests.build.conftest import PretendWheel

pytestmark = pytest.mark.conformance

BACKEND = """
import os, zipfile

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(directory, config_settings=None, metadata_directory=None, tag="py3-none-any", files=None):
    name = f"pretend_lib-1.0-{tag}.whl"
    with zipfile.ZipFile(os.path.join(directory, name), "w") as archive:
        for path, content in (files or {"pretend_lib.py": "x = 1"}).items():
            archive.writestr(path, content)
        archive.writestr("pretend_lib-1.0.dist-info/METADATA", "Name: pretend-lib\\nVersion: 1.0\\n")
        archive.writestr("pretend_lib-1.0.dist-info/RECORD", "")
    return name
"""
IN_TREE = '[build-system]\nrequires = [{}]\nbuild-backend = "backend"\nbackend-path = ["."]\n'


@dataclass(frozen=True, slots=True)
class HostToolchain:
    """A Sandbox over the host's ``/usr`` and this interpreter, in a root that is empty otherwise."""

    inner: Sandbox

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "Popen[bytes]":
        places = {"/usr": Path("/usr"), "/opt/python": Path(sys.base_prefix)}
        binds = tuple(Bind(source=path, target=target) for target, path in places.items())
        return self.inner.start(
            replace(command, binds=command.binds + binds), stdin=stdin, stdout=stdout, stderr=stderr
        )


class NoSandbox:
    """A Sandbox that must not be needed."""

    def start(self, command: Command, **_: object) -> NoReturn:
        raise AssertionError(f"{command.argv} was started")


@pytest.fixture
def site(tmp_path: Path) -> BuildSite:
    root = tmp_path / "root"
    for name in ("usr", "opt/python", "dev", "proc", "sys", "etc"):
        (root / name).mkdir(parents=True)
    for name in ("bin", "lib", "lib64", "sbin"):
        (root / name).symlink_to(f"usr/{name}")
    minor = "{}.{}".format(*sys.version_info)
    target = Target(
        python="{}.{}.{}".format(*sys.version_info),
        platform=Platform(os="linux", architecture={"aarch64": "arm64"}.get(os.uname().machine, "amd64")),
        libc="glibc",
        libc_version=(2, 36),
    )
    interpreter = Interpreter(
        executable=f"opt/python/bin/python{minor}",
        stdlib=(f"opt/python/lib/python{minor}",),
        target=target,
        library_path=("/opt/python/lib",),
    )
    return BuildSite(rootfs=root, key="host", interpreter=interpreter)


@pytest.fixture
def builder(site: BuildSite, cache: Cache, wheel_directory: Path, require_tool: Callable[[str], str]) -> WheelBuilder:
    require_tool("bwrap")
    return WheelBuilder(
        site=site,
        sandbox=HostToolchain(Bubblewrap.find()),
        cache=cache,
        settings=IndexSettings(source="pip", index_url=None, find_links=(str(wheel_directory),)),
    )


def sdist(path: Path, files: Mapping[str, str]) -> Fetched:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, text in files.items():
            info = tarfile.TarInfo(f"pretend-lib-1.0/{name}")
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    path.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return Fetched(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())


def build(builder: WheelBuilder, directory: Path, files: Mapping[str, str]) -> BuiltWheel:
    source = sdist(directory / "pretend-lib-1.0.tar.gz", files)
    with builder:
        return builder.build_sdist(source, project="pretend-lib", filename=source.path.name, version="1.0")


def members(built: BuiltWheel) -> dict[str, bytes]:
    with zipfile.ZipFile(built.path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


PROBE = """
import json, os, socket, sys
import backend

def reach(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
        return True
    except OSError:
        return False

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(directory, config_settings=None, metadata_directory=None):
    umask = os.umask(0)
    facts = {{
        "environ": dict(os.environ), "cwd": os.getcwd(), "umask": umask, "reached": reach({port}),
        "path": sys.path, "root": sorted(os.listdir("/")), "build": sorted(os.listdir("/build")),
        "home": os.listdir(os.environ["HOME"]), "seen": os.path.exists({secret!r}),
        "writable": [path for path in ("/usr", "/build/wheels", "/build/inside.py") if os.access(path, os.W_OK)],
    }}
    return backend.build_wheel(directory, files={{"facts.json": json.dumps(facts)}})
"""


def test_a_build_has_neither_network_nor_secrets_nor_the_host(
    builder: WheelBuilder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_MAIN_PASSWORD", "hunter2")
    secret = tmp_path / "secret"
    secret.write_text("hunter2")
    with socket.create_server(("127.0.0.1", 0)) as listening:
        probe = PROBE.format(port=listening.getsockname()[1], secret=str(secret))
        system = IN_TREE.format("").replace('"backend"', '"probe"')
        built = build(builder, tmp_path, {"pyproject.toml": system, "backend.py": BACKEND, "probe.py": probe})
    facts = json.loads(members(built)["facts.json"])
    assert facts["reached"] is False
    assert facts["seen"] is False
    assert "hunter2" not in str(facts)
    assert facts["cwd"] == "/build/src"
    assert facts["umask"] == 0o022
    assert facts["writable"] == []
    assert facts["home"] == []
    assert facts["path"][0] == "/build/src"
    assert not [entry for entry in facts["path"] if "site-packages" in entry and not entry.startswith("/build/env/")]
    assert facts["environ"]["SOURCE_DATE_EPOCH"] == "315532800"
    assert set(facts["environ"]) <= {
        "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "LOGNAME", "PATH", "PWD",
        "PYTHONHASHSEED", "PYTHONNOUSERSITE", "PYTHONPYCACHEPREFIX", "SOURCE_DATE_EPOCH", "TMPDIR",
        "TZ", "USER", "VIRTUAL_ENV",
    }  # fmt: skip


def test_a_pure_package_is_built_once_and_comes_out_the_same(
    builder: WheelBuilder, tmp_path: Path, cache: Cache
) -> None:
    random = "{str(hash('a') % 2).strip(): '', **{n: n for n in {'a.py', 'b.py', 'c.py', 'd.py'}}}"
    files = {
        "pyproject.toml": IN_TREE.format("").replace('"backend"', '"front"'),
        "backend.py": BACKEND,
        "front.py": "from backend import *\nimport backend, time\n"
        f"def build_wheel(d, c=None, m=None): time.sleep(0.01); return backend.build_wheel(d, files={random})\n",
    }
    first = build(builder, tmp_path, files)
    assert first.filename == "pretend_lib-1.0-py3-none-any.whl"
    assert first.path == cache.path("wheels", first.sha256)
    assert hashlib.sha256(first.path.read_bytes()).hexdigest() == first.sha256
    assert build(replace(builder, sandbox=NoSandbox(), settings=None), tmp_path, files) == first  # type: ignore[arg-type]
    other = build(replace(builder, cache=Cache(tmp_path / "other")), tmp_path, files)
    assert other.sha256 == first.sha256
    assert list((cache.root / "work").iterdir()) == []
    moved = replace(builder.site, key="another root")
    with pytest.raises(AssertionError, match="was started"):
        build(replace(builder, site=moved, sandbox=NoSandbox()), tmp_path, files)
    first.path.write_bytes(b"damaged")
    assert build(builder, tmp_path, files) == first


EXTENSION = """
import os, subprocess, sysconfig
import backend

def get_requires_for_build_wheel(config_settings=None):
    return []

def build_wheel(directory, config_settings=None, metadata_directory=None):
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    compiler = os.environ.get("CC") or "gcc"
    subprocess.run([compiler, "-shared", "-fPIC", "-g", "-O1", "-I" + sysconfig.get_path("include"),
                    "pretend.c", "-o", "pretend" + suffix], check=True)
    with open("pretend" + suffix, "rb") as stream:
        content = stream.read()
    machine = os.uname().machine
    python = "cp" + sysconfig.get_python_version().replace(".", "")
    return backend.build_wheel(directory, tag=f"{python}-{python}-linux_{machine}", files={"pretend" + suffix: content})
"""
C_SOURCE = """
#include <Python.h>
static PyObject *when(PyObject *s, PyObject *a) { return Py_BuildValue("sss", __FILE__, __DATE__, __TIME__); }
static PyMethodDef methods[] = {{"when", when, METH_NOARGS, ""}, {0}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "pretend", 0, -1, methods};
PyMODINIT_FUNC PyInit_pretend(void) { return PyModule_Create(&module); }
"""


def test_a_c_extension_comes_out_the_same(
    builder: WheelBuilder, tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    require_tool("gcc")
    if not Path(sysconfig.get_path("include"), "Python.h").exists():
        message = "the C headers of this interpreter are not installed"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    files = {
        "pyproject.toml": IN_TREE.format("").replace('"backend"', '"extension"'),
        "backend.py": BACKEND,
        "extension.py": EXTENSION,
        "pretend.c": C_SOURCE,
    }
    first = build(builder, tmp_path, files)
    second = build(replace(builder, cache=Cache(tmp_path / "other")), tmp_path, files)
    assert first.sha256 == second.sha256
    (extension,) = [content for name, content in members(first).items() if name.endswith(".so")]
    assert b"Jan  1 1980" in extension
    assert str(tmp_path).encode() not in extension


def test_requirements_are_resolved_on_the_host_and_installed_inside(
    builder: WheelBuilder, tmp_path: Path, pretend_wheel: "PretendWheel"
) -> None:
    pretend_wheel("helper_lib", "1.0", {"helper_lib.py": "value = 'old'"})
    pretend_wheel("helper_lib", "2.0", {"helper_lib.py": "value = 'new'"})
    pretend_wheel(
        "tool",
        "1.0",
        {
            "tool.py": "def main(): print('it runs')",
            "tool-1.0.dist-info/entry_points.txt": "[console_scripts]\nmake-it = tool:main\n",
            "tool-1.0.data/scripts/plain": "#!python\nprint('plain too')",
            "tool-1.0.data/data/share/x": "shared",
        },
        requires=("helper-lib",),
    )
    front = """
from backend import *
import backend, subprocess, sys, os
def get_requires_for_build_wheel(config_settings=None):
    import helper_lib
    return ["tool", "other; python_version < '3'"]
def build_wheel(d, c=None, m=None):
    import helper_lib
    said = [subprocess.check_output([name], text=True).strip() for name in ("make-it", "plain")]
    with open(sys.prefix + "/share/x") as shared:
        said.append(shared.read())
    return backend.build_wheel(d, files={"said.txt": ", ".join([helper_lib.value, *said])})
"""
    files = {
        "pyproject.toml": IN_TREE.format('"helper_lib"').replace('"backend"', '"front"'),
        "backend.py": BACKEND,
        "front.py": front,
    }
    built = build(replace(builder, constraints=("helper-lib<2",)), tmp_path, files)
    assert members(built)["said.txt"] == b"old, it runs, plain too, shared"
    assert built.requirements == ("helper-lib==1.0", "tool==1.0")
    assert members(build(builder, tmp_path, files))["said.txt"].startswith(b"new")


def test_without_pyproject_it_is_setuptools_legacy_backend(
    builder: WheelBuilder, tmp_path: Path, pretend_wheel: "PretendWheel"
) -> None:
    legacy = f"{BACKEND}\nimport sys\n__legacy__ = sys.modules[__name__]\n"
    pretend_wheel("setuptools", "99.0", {"setuptools/__init__.py": "", "setuptools/build_meta.py": legacy})
    built = build(builder, tmp_path, {"setup.py": "raise SystemExit('must not run on the host')"})
    assert built.requirements == ("setuptools==99.0",)


def test_a_build_requirement_that_has_only_sources(
    builder: WheelBuilder, tmp_path: Path, wheel_directory: Path
) -> None:
    inner = {"pyproject.toml": IN_TREE.format(""), "backend.py": BACKEND}
    sdist(wheel_directory / "pretend_lib-1.0.tar.gz", inner)
    outer = BACKEND.replace("import os, zipfile", "import os, pretend_lib, zipfile").replace("pretend_lib-", "outer-")
    source = sdist(
        tmp_path / "outer-1.0.tar.gz", {"pyproject.toml": IN_TREE.format('"pretend-lib"'), "backend.py": outer}
    )
    with builder:
        built = builder.build_sdist(source, project="outer", filename="outer-1.0.tar.gz")
    assert built.requirements == ("pretend-lib==1.0",)


def test_sources_that_need_themselves_end(builder: WheelBuilder, tmp_path: Path, wheel_directory: Path) -> None:
    files = {"pyproject.toml": IN_TREE.format('"pretend-lib"'), "backend.py": BACKEND}
    sdist(wheel_directory / "pretend_lib-1.0.tar.gz", files)
    with pytest.raises(InputError, match="nested more than 5 deep"):
        build(builder, tmp_path, files)


def test_a_failure_shows_its_last_line_and_keeps_the_rest(builder: WheelBuilder, tmp_path: Path, cache: Cache) -> None:
    broken = "\n".join([*(f"print('line {n}')" for n in range(100)), "import pkg_resources"])
    with pytest.raises(ToolError, match="pretend-lib: building its wheel failed with status 1: ") as caught:
        build(builder, tmp_path, {"pyproject.toml": IN_TREE.format(""), "backend.py": broken})
    assert str(caught.value).endswith("status 1: ModuleNotFoundError: No module named 'pkg_resources'")
    assert "\n" not in str(caught.value)
    assert caught.value.hint is not None
    assert "older setuptools" in caught.value.hint
    kept = Path(caught.value.hint.rpartition("all of it: ")[2])
    assert "line 0\n" in kept.read_text()
    assert list((cache.root / "work").iterdir()) == []
    assert not (cache.root / "built-wheels").exists()


@pytest.mark.parametrize(
    ("ending", "said"),
    [
        ("os.symlink('/etc/hostname', d + '/pretend_lib-1.0-py3-none-any.whl')", "names a wheel that it did not make"),
        ("os.mkfifo(d + '/pretend_lib-1.0-py3-none-any.whl')", "names a wheel that it did not make"),
        ("pass", "names a wheel that it did not make"),
        ("return '../../etc/x.whl'", "does not name the wheel it made"),
        ("return 3", "does not name the wheel it made"),
        ("open(d + '/x.whl', 'w'); return 'x.whl'", "a file that is no wheel"),
        ("n = 'other-1.0-py3-none-any.whl'; open(d + '/' + n, 'w'); return n", "want pretend-lib 1.0, got other-1.0"),
        ("n = 'pretend_lib-2-py3-none-any.whl'; open(d + '/' + n, 'w'); return n", "want pretend-lib 1.0, got pret"),
        ("n = 'pretend_lib-1.0-cp20-none-any.whl'; open(d + '/' + n, 'w'); return n", "does not fit"),
        ("os.symlink('/etc/hostname', d + '/answer.json'); os._exit(0)", "gave no answer"),
        ("os._exit(0)", "gave no answer"),
    ],
)  # fmt: skip
def test_what_a_build_hands_out_is_not_believed(
    builder: WheelBuilder, tmp_path: Path, cache: Cache, ending: str, said: str
) -> None:
    backend = (
        f"import os\ndef build_wheel(d, c=None, m=None):\n    {ending}\n    return 'pretend_lib-1.0-py3-none-any.whl'\n"
    )
    with pytest.raises(ToolError, match=said):
        build(builder, tmp_path, {"pyproject.toml": IN_TREE.format(""), "backend.py": backend})
    assert list((cache.root / "work").iterdir()) == []
    assert not (cache.root / "wheels").exists()


def test_a_wheel_that_leaves_its_root_is_refused(builder: WheelBuilder, tmp_path: Path) -> None:
    backend = BACKEND.replace('"pretend_lib.py": "x = 1"', '"../escape": "x"')
    with pytest.raises(HostileError):
        build(builder, tmp_path, {"pyproject.toml": IN_TREE.format(""), "backend.py": backend})


def test_a_build_that_does_not_end_is_ended(builder: WheelBuilder, tmp_path: Path, cache: Cache) -> None:
    backend = "import os, time\nos.mkdir('locked', 0)\ntime.sleep(60)\n"
    with pytest.raises(ToolError, match=r"did not end within 1 s"):
        build(replace(builder, timeout_s=1.0), tmp_path, {"pyproject.toml": IN_TREE.format(""), "backend.py": backend})
    assert list((cache.root / "work").iterdir()) == []


def test_a_project_directory_is_built_by_its_content(builder: WheelBuilder, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(IN_TREE.format(""))
    (project / "backend.py").write_text(BACKEND)
    (project / "notes.txt").write_text("ignored")
    skip = "notes.txt".__eq__
    with builder:
        first = builder.build_directory(project, project="pretend-lib", ignored=skip)
    (project / "notes.txt").write_text("changed")
    os.utime(project / "backend.py", (1, 1))
    with replace(builder, sandbox=NoSandbox()) as again:
        assert again.build_directory(project, project="pretend-lib", ignored=skip) == first
    (project / "backend.py").write_text(BACKEND + "#")
    with replace(builder, sandbox=NoSandbox()) as changed, pytest.raises(AssertionError, match="was started"):
        changed.build_directory(project, project="pretend-lib", ignored=skip)


class OtherMachine:
    """A Sandbox that cannot execute what is in the root."""

    def start(self, command: Command, **_: object) -> NoReturn:
        raise ToolError(f"{command.argv[0]}: Exec format error")


def test_another_machines_wheel_needs_another_machine(builder: WheelBuilder, tmp_path: Path) -> None:
    other = "arm64" if os.uname().machine == "x86_64" else "amd64"
    interpreter = builder.site.interpreter
    target = replace(interpreter.target, platform=Platform(os="linux", architecture=other))
    site = replace(builder.site, interpreter=replace(interpreter, target=target))
    files = {"pyproject.toml": IN_TREE.format(""), "backend.py": BACKEND}
    with pytest.raises(ToolError, match=r"cannot be built on this .* machine") as caught:
        build(replace(builder, site=site, sandbox=OtherMachine()), tmp_path, files)
    assert caught.value.hint
    with pytest.raises(ToolError, match="Exec format error"):
        build(replace(builder, sandbox=OtherMachine()), tmp_path, files)


def test_variables_reach_the_build(builder: WheelBuilder, tmp_path: Path) -> None:
    backend = BACKEND.replace('"x = 1"', 'os.environ["PRETEND"]')
    files = {"pyproject.toml": IN_TREE.format(""), "backend.py": backend}
    built = build(replace(builder, variables={"PRETEND": "yes"}), tmp_path, files)
    assert members(built)["pretend_lib.py"] == b"yes"


def test_a_build_is_told_its_share_of_compilers_and_is_the_same_with_another(
    builder: WheelBuilder, tmp_path: Path
) -> None:
    backend = BACKEND.replace('"x = 1"', 'os.environ["MAX_JOBS"] + os.environ["MAKEFLAGS"]')
    files = {"pyproject.toml": IN_TREE.format(""), "backend.py": backend}
    own = replace(builder, variables={"MAKEFLAGS": " own"})
    told = build(replace(own, share=Share(builds=2, compilers=3)), tmp_path, files)
    assert members(told)["pretend_lib.py"] == b"3 own"
    again = build(replace(own, share=Share(builds=1, compilers=9)), tmp_path, files)
    assert again == told


def test_what_a_projects_own_index_built_is_not_anothers(builder: WheelBuilder, tmp_path: Path) -> None:
    files = {"pyproject.toml": IN_TREE.format(""), "backend.py": BACKEND}
    sandbox = Counting(builder.sandbox)
    for indexes in ("evil", "", "evil", ""):
        build(replace(builder, sandbox=sandbox, indexes=indexes, _client=None, _resolver=None), tmp_path, files)
    assert sandbox.started == 4, "two builds of two hooks each"


def test_a_built_wheel_is_that_of_its_project_from_the_cache_too(builder: WheelBuilder, tmp_path: Path) -> None:
    source = sdist(tmp_path / "pretend-lib-1.0.tar.gz", {"pyproject.toml": IN_TREE.format(""), "backend.py": BACKEND})
    for project, version in (("pretend-lib", "1.0"), ("pretend-lib", None)):
        builder.build_sdist(source, project=project, filename=source.path.name, version=version)
    for project, version in (("other", "1.0"), ("pretend-lib", "2.0")):
        with pytest.raises(ToolError, match="the build made another wheel"):
            builder.build_sdist(source, project=project, filename=source.path.name, version=version)


@dataclass
class Counting:
    """A sandbox that counts its starts."""

    inner: Sandbox
    started: int = 0

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "Popen[bytes]":
        self.started += 1
        return self.inner.start(command, stdin=stdin, stdout=stdout, stderr=stderr)
