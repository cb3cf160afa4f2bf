"""A base of the host's own distribution starts its Python under bubblewrap, as nobody, and has what Python needs."""

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lightship import proc
from lightship.base.aptconf import read_apt_conf
from lightship.base.buildroot import build_root
from lightship.base.installed import tree_version
from lightship.base.materialize import materialize
from lightship.base.plan import plan_base
from lightship.base.request import Base, BaseRequest
from lightship.base.source import ArchiveSettings, Proxies
from lightship.oci.platform import Platform
from lightship.store.cache import Cache

pytestmark = [pytest.mark.conformance, pytest.mark.network]

_PROBE = """
import bz2, ctypes, curses, datetime, decimal, hashlib, json, lzma, mimetypes, os, pwd, readline, socket, sqlite3, ssl
import sys, sysconfig, uuid, venv, zlib, zoneinfo
summer = datetime.datetime(2026, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin"))
print(json.dumps({
    "version": sys.version.split()[0],
    "prefix": sys.prefix,
    "uid": os.getuid(),
    "name": pwd.getpwuid(os.getuid()).pw_name,
    "authorities": len(ssl.create_default_context().get_ca_certs()),
    "offset": summer.utcoffset().total_seconds(),
    "text": "\\u4f60".encode("gb18030").hex(),
    "pid": ctypes.CDLL("libc.so.6").getpid() == os.getpid(),
    "sqlite": sqlite3.connect(":memory:").execute("select 6 * 7").fetchone()[0],
    "https": socket.getservbyname("https"),
    "type": mimetypes.guess_type("a.webp")[0],
    "encoding": sys.getfilesystemencoding(),
    "library": sysconfig.get_config_var("prefix"),
    "tmp": os.stat("/tmp").st_mode & 0o7777,
}))
"""


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Cache:
    return Cache(tmp_path_factory.mktemp("cache"))


@pytest.fixture
def request_(require_tool: Callable[[str], str]) -> BaseRequest:
    require_tool("bwrap")
    etc = Path("/etc/apt")
    if not etc.is_dir():
        if os.environ.get("CI"):
            pytest.fail("no apt configuration: in CI no conformance test may be skipped")
        pytest.skip("the host is no Debian or Ubuntu")
    conf = read_apt_conf(etc)
    archive = ArchiveSettings(proxies=Proxies.from_apt_conf(conf))
    return BaseRequest(platform=Platform("linux", "amd64"), archive=archive, distribution=_codename())


def _codename() -> str:
    words = dict(line.split("=", 1) for line in Path("/etc/os-release").read_text().splitlines() if "=" in line)
    return words.get("VERSION_CODENAME", "").strip('"')


def _run(root: Path, base: Base, *argv: str) -> str:
    settings = [word for name, value in base.env.items() for word in ("--setenv", name, value)]
    sandbox = ["bwrap", "--unshare-all", "--uid", "65534", "--gid", "65534", "--ro-bind", str(root), "/"]
    sandbox += ["--proc", "/proc", "--dev", "/dev", "--clearenv", *settings]
    return proc.run([*sandbox, *argv], timeout_s=60).stdout.decode()


def _check(answer: dict[str, object], base: Base) -> None:
    assert answer["version"] == base.interpreter.target.python
    assert (answer["uid"], answer["name"]) == (65534, "nobody")
    authorities = answer["authorities"]
    assert isinstance(authorities, int)
    assert authorities > 100
    assert answer["offset"] == 7200
    assert answer["text"] == "c4e3"
    assert answer["pid"] is True
    assert (answer["sqlite"], answer["https"], answer["type"]) == (42, 443, "image/webp")
    assert answer["encoding"] == "utf-8"
    assert answer["library"] == answer["prefix"]
    assert answer["tmp"] == 0o1777


def test_the_distributions_python(request_: BaseRequest, cache: Cache, tmp_path: Path) -> None:
    with plan_base(request_, cache) as plan:
        base = plan.close()
    assert base.missing == {}
    assert base.unpacked_bytes < 60_000_000
    materialize(base.entries, tmp_path / "root")
    _check(json.loads(_run(tmp_path / "root", base, f"/{base.interpreter.executable}", "-c", _PROBE)), base)
    with plan_base(replace(request_, lock=base.lock, archive=_nowhere(request_.archive)), cache) as plan:
        assert plan.close().entries == base.entries


def _nowhere(archive: ArchiveSettings) -> ArchiveSettings:
    """The same settings on a host that reaches no archive."""
    return replace(archive, proxies=Proxies(by_scheme={"http": "http://127.0.0.1:9", "https": "http://127.0.0.1:9"}))


def test_an_installed_cpython(request_: BaseRequest, cache: Cache, tmp_path: Path) -> None:
    trees = sorted(Path.home().glob(".pyenv/versions/3.1[2-9]*")) + sorted(Path.home().glob(".local/share/uv/python/*"))
    tree = next((path for path in trees if not path.is_symlink() and tree_version(path)), None)
    if tree is None:
        pytest.skip("no CPython of pyenv or uv is installed")
    with plan_base(replace(request_, python=str(tree)), cache) as plan:
        base = plan.close()
    materialize(base.entries, tmp_path / "root")
    answer = json.loads(_run(tmp_path / "root", base, f"/{base.interpreter.executable}", "-c", _PROBE))
    _check(answer, base)
    assert answer["prefix"] == "/usr/local"


def test_other_platforms_can_be_planned(request_: BaseRequest, cache: Cache) -> None:
    with plan_base(replace(request_, platform=Platform("linux", "arm64")), cache) as plan:
        assert plan.probe().target.platform.machine == "aarch64"


@pytest.mark.slow
def test_a_build_root_compiles(request_: BaseRequest, cache: Cache) -> None:
    site = build_root(request_, cache, packages=["libmpfr-dev"])
    with plan_base(replace(request_, lock=site.lock), cache) as plan:
        base = plan.close()
    source = "#include <Python.h>\\n#include <mpfr.h>\\nint main(void){printf(PY_VERSION);return 0;}"
    python = f"/{site.interpreter.executable}"
    script = (
        f"cd /dev/shm && printf '{source}' > x.c && "
        f"$({python} -c 'import sysconfig as s; print(s.get_config_var(\"CC\"))') -w -include stdio.h "
        f"-I$({python} -c 'import sysconfig as s; print(s.get_path(\"include\"))') x.c -o x && ./x"
    )
    assert _run(site.directory, base, "/bin/sh", "-c", script) == site.interpreter.target.python
