"""The host's nginx over a directory, for as long as it is asked: in the sandbox, without a network.

What a configuration can do there is to read what is installed below /usr, and to write into a folder that is thrown
away: it comes from outside, and may name modules that run code.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightship import proc
from lightship.assets.verify.nginx_adapt import PLACE, WEB, Adapted
from lightship.errors import InputError, ToolError
from lightship.paths import storage_errors
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Bind, Command

__all__ = ["nginx_trial"]

_PATIENCE_S = 60.0
_STOP_S = 10.0
_USER = 65532
_LINKED = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")


@contextmanager
def nginx_trial(directory: Path, adapted: Adapted, name: str) -> Iterator[Path]:
    """The socket's file at which nginx answers. Raise ToolError without nginx or bubblewrap, InputError where nginx
    does not take the configuration; ``name`` is what it is called."""
    program = proc.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin:/sbin")
    if program is None:
        raise ToolError("nginx is not installed: the program nginx was not found", hint="sudo apt-get install nginx")
    sandbox = Bubblewrap.find()
    # short: the path of a socket has 107 bytes, unix(7)
    with storage_errors("make a folder for nginx"), tempfile.TemporaryDirectory(prefix="ls-") as folder:
        own = Path(folder)
        (own / "p").mkdir()
        command = _command(own, directory, adapted, os.path.realpath(program))
        with sandbox.start(command, stdin=proc.DEVNULL, stdout=proc.DEVNULL, stderr=proc.DEVNULL) as process:
            try:
                _wait(process, own / "p", name)
                yield own / "p" / "socket"
            finally:
                process.terminate()
                try:
                    process.wait(_STOP_S)
                except proc.TimeoutExpired:
                    process.kill()


def _command(own: Path, directory: Path, adapted: Adapted, program: str) -> Command:
    root = own / "root"
    for made in ("usr", "etc", "tmp", "dev", "proc", "sys", PLACE[1:], WEB[1:]):
        (root / made).mkdir(parents=True, exist_ok=True)
    (own / "p" / "nginx.conf").write_text(adapted.text, encoding="utf-8")
    names = "".join(f"127.0.0.1 {host}\n" for host in ("localhost", *adapted.hosts))
    (root / "etc/hosts").write_text(names)
    (root / "etc/nsswitch.conf").write_text("hosts: files\npasswd: files\ngroup: files\n")
    (root / "etc/passwd").write_text(f"nobody:x:{_USER}:{_USER}::/:/bin/false\n")
    (root / "etc/group").write_text(f"nogroup:x:{_USER}:\n")
    binds = [
        Bind(source=Path("/usr"), target="/usr", origin="host"),
        Bind(source=directory.absolute(), target=WEB),
        Bind(source=own / "p", target=PLACE, writable=True),
    ]
    for name in _LINKED:
        host = Path("/", name)
        if host.is_symlink():
            (root / name).symlink_to(host.readlink())
        elif host.is_dir():
            (root / name).mkdir()
            binds.append(Bind(source=host, target=f"/{name}", origin="host"))
    cache = Path("/etc/ld.so.cache")
    if cache.is_file():
        binds.append(Bind(source=cache, target=str(cache), origin="host"))
    prefix = Path(program).parent.parent
    if not prefix.is_relative_to("/usr") and str(prefix) != "/":
        binds.append(Bind(source=prefix, target=str(prefix), origin="host"))
    argv = (program, "-p", PLACE, "-c", f"{PLACE}/nginx.conf", "-e", f"{PLACE}/errors")
    return Command(rootfs=root, argv=argv, env={"PATH": "/usr/bin"}, user=(_USER, _USER), binds=tuple(binds))


def _wait(process: "proc.Popen[bytes]", own: Path, name: str) -> None:
    from lightship.assets.verify.fetch import listens

    deadline = time.monotonic() + _PATIENCE_S
    while not listens(own / "socket"):
        if process.poll() is not None:
            raise InputError(f"nginx does not take {name}: {_said(own / 'errors')}")
        if time.monotonic() > deadline:
            raise ToolError(f"nginx did not answer within {_PATIENCE_S:g} s: {_said(own / 'errors')}")
        time.sleep(0.01)


def _said(errors: Path) -> str:
    """The last complaint, without its time and its place in a file that nobody has."""
    lines = errors.read_text(encoding="utf-8", errors="replace").splitlines() if errors.is_file() else []
    grave = [line for line in lines if "[emerg]" in line or "[alert]" in line] or lines
    if not grave:
        return "it ended without a word"
    return grave[-1].partition("]")[2].partition(f" in {PLACE}/")[0].partition(": ")[2].strip()[:300] or grave[-1][:300]
