"""The environment's skeleton works with a real interpreter."""

import sys
from pathlib import Path

import pytest

from lightship import proc
from lightship.archive.content import Inline
from lightship.build.venv import environment
from lightship.ecosystem.python.interpreter import Interpreter, Scheme
from lightship.ecosystem.python.target import Target
from lightship.errors import UsageError
from lightship.oci.platform import Platform


def interpreter(executable: str, version: str) -> Interpreter:
    platform = Platform(os="linux", architecture="amd64")
    target = Target(python=version, platform=platform, libc="glibc", libc_version=(2, 36))
    return Interpreter(executable=executable, stdlib=(), target=target)


def test_python_finds_its_environment(tmp_path: Path) -> None:
    """Written to disk, the links and ``pyvenv.cfg`` make a virtual environment of the running interpreter."""
    real = Path(sys.executable).resolve()
    version = ".".join(map(str, sys.version_info[:3]))
    scheme = Scheme(
        prefix=str(tmp_path / "venv").strip("/"), minor=f"{sys.version_info.major}.{sys.version_info.minor}"
    )
    for entry in environment(scheme, interpreter(str(real).strip("/"), version)):
        path = Path("/") / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        if entry.type == "symlink":
            path.symlink_to(entry.link_target)
        else:
            assert isinstance(entry.content, Inline)
            path.write_bytes(entry.content.content)
    site = Path("/") / scheme.purelib
    site.mkdir(parents=True)
    question = (
        "import sys, sysconfig\n"
        "print(sys.prefix, sysconfig.get_path('platlib'), sys.prefix != sys.base_prefix, sep='\\n')"
    )
    for name in ("python", "python3", f"python{scheme.minor}"):
        done = proc.run([str(tmp_path / "venv/bin" / name), "-c", question], env={})
        assert done.stdout.decode().splitlines() == [str(tmp_path / "venv"), str(site), "True"]


def test_links_are_relative_where_they_can_be() -> None:
    links = {
        entry.path: entry.link_target
        for entry in environment(Scheme(prefix="opt/venv", minor="3.11"), interpreter("usr/bin/python3.11", "3.11.2"))
        if entry.type == "symlink"
    }
    assert links == {
        "opt/venv/bin/python": "/usr/bin/python3.11",
        "opt/venv/bin/python3": "python",
        "opt/venv/bin/python3.11": "python",
        "opt/venv/lib64": "lib",
    }


@pytest.mark.parametrize("prefix", ["opt/my venv", "opt/" + "x" * 120])
def test_a_prefix_that_no_shebang_can_name_is_refused(prefix: str) -> None:
    with pytest.raises(UsageError, match="cannot stand in a script's first line"):
        environment(Scheme(prefix=prefix, minor="3.11"), interpreter("usr/bin/python3.11", "3.11.2"))
