"""One image, one command, one meaning: in the embedded sandbox, under runc, in Docker's and in podman's containers."""

import contextlib
import io
import os
import signal
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.serving import SERVER

from lightship.errors import FindingError, NoCommandError, ToolError
from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_layer
from lightship.image.value import PlainImage
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.engine import find_engine
from lightship.launch.probe import Probe, probe
from lightship.launch.running import run, start
from lightship.oci.config import ImageConfig, Runtime
from lightship.rootfs.unpack import unpack_cached
from lightship.sandbox.container import LABEL, Containers
from lightship.sandbox.protocol import Bind, Sandbox
from lightship.store.select import host_platform

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("dockerd")]

PYTHON = ("/usr/bin/python3", "-IB", "-c")
SENTINEL = "127.0.0.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An image where it can be started."""

    engine: str
    sandbox: Sandbox
    rootfs: Path
    runtime: Runtime

    def run(self, code: str, *words: str, **wishes: object) -> int:
        options = LaunchOptions(entrypoint=PYTHON, command=(code, *words), **wishes)  # type: ignore[arg-type]
        return run(self.sandbox, self.rootfs, self.runtime, options)


@pytest.fixture(scope="session")
def image(python_root: Path) -> PlainImage:
    """The interpreter, a server, a home that holds a file, a volume that does, and one that is empty."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(python_root.iterdir()):
            archive.add(path, arcname=path.name)
        for name, content, owner in (
            ("home/app", None, 1001), ("home/app/.profile", b"at home", 1001),
            ("data", None, 0), ("data/kept", b"kept", 0), ("data/below", None, 0), ("empty", None, 0), ("tmp", None, 0),
            ("app", None, 0), ("app/server.py", SERVER.encode(), 0), ("app/pretend_lib", None, 0),
            ("app/pretend_lib/__init__.py", b"", 0),
        ):  # fmt: skip
            member = tarfile.TarInfo(name)
            member.type = tarfile.DIRTYPE if content is None else tarfile.REGTYPE
            member.mode, member.size = (0o755 if content is None else 0o644), len(content or b"")
            member.uid, member.gid = owner, owner and owner + 1
            archive.addfile(member, io.BytesIO(content) if content is not None else None)
    config: dict[str, object] = {
        **host_platform().document(),
        "config": {
            "Cmd": [*PYTHON, "print('as the image says')"], "Env": ["WHO=image"], "User": "app", "WorkingDir": "/srv",
            "Volumes": {"/data": {}, "/empty": {}},
        },
    }  # fmt: skip
    return from_blobs([synthetic_layer(buffer.getvalue(), compression="none")], config)


@pytest.fixture(scope="session")
def rootfs(image: PlainImage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return unpack_cached(image.layers, tmp_path_factory.mktemp("unpacked"))


@pytest.fixture(scope="session", params=["sandbox", "runc", "docker", "podman"])
def place(request: pytest.FixtureRequest, image: PlainImage, rootfs: Path) -> Iterator[Place]:
    from tests.conftest import require_tool

    engine, env = request.param, None
    require_tool({"sandbox": "bwrap"}.get(engine, engine))
    if engine == "docker":
        dockerd: Dockerd = request.getfixturevalue("dockerd")
        env = dockerd.environment
        env["PATH"] = f"{Path(dockerd.client).parent}:{os.defpath}"
    if engine == "podman":
        env = request.getfixturevalue("podman_env")
    found = find_engine(None if engine == "sandbox" else engine, env=env)
    runtime = ImageConfig.parse(image.raw_config).runtime
    admitted = found.admit(image)
    yield Place(engine=engine, sandbox=admitted, rootfs=rootfs, runtime=runtime)
    if isinstance(admitted, Containers):
        client = admitted.client
        assert client.run("ps", "--all", "--quiet", "--filter", f"label={LABEL}") == ""
        assert client.run("volume", "ls", "--quiet") == ""
        client.run("image", "rm", "--force", admitted.image_id)


def test_as_the_image_says(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(place.sandbox, place.rootfs, place.runtime, LaunchOptions()) == 0
    assert capfd.readouterr().out == "as the image says\n"


WHO = """
import os
print(os.getuid(), os.getgid(), os.getcwd(), os.environ['WHO'], os.environ['HOME'], repr(os.environ['SAID']))
"""


@pytest.mark.parametrize(
    ("wishes", "said"),
    [
        ({}, "1001 1002 /srv image /home/app"),
        ({"user": "0:0", "workdir": "/tmp"}, "0 0 /tmp image /root"),
        ({"user": "1000730000:0", "env": {"WHO": "flag"}}, "1000730000 0 /srv flag /"),
    ],
)
def test_user_environment_and_directory(
    place: Place, wishes: dict[str, object], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    odd = "two words, 'quotes' \"and\" \u00e9\na second line"
    assert place.run(WHO, **{**wishes, "env": {**wishes.get("env", {}), "SAID": odd}}) == 0  # type: ignore[dict-item]
    assert capfd.readouterr().out == f"{said} {odd!r}\n"


WRITES = """
import os, sys
for path in sys.argv[1:]:
    try:
        with open(path + '/made', 'w') as stream:
            stream.write('x')
        print(path, sorted(os.listdir(path)))
    except OSError as error:
        print(path, error.strerror)
"""


def test_what_can_be_written_and_what_cannot(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    paths = ("/usr", "/app", "/srv", "/tmp", "/run", "/var/tmp", "/home/app", "/data", "/data/below", "/empty", "/new")
    for _ in range(2):  # nothing stays
        assert place.run(WRITES, *paths, writable=("/new",)) == 0
        said = capfd.readouterr().out.splitlines()
        assert [line.partition(" ")[2] for line in said[:3]] == ["Read-only file system"] * 3
        assert said[3:] == [
            "/tmp ['made']", "/run ['made']", "/var/tmp ['made']", "/home/app ['.profile', 'made']",
            "/data ['below', 'kept', 'made']", "/data/below ['made']", "/empty ['made']", "/new ['made']",
        ]  # fmt: skip


def test_an_arbitrary_user_writes_there_too(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    assert place.run(WRITES, "/usr", "/tmp", "/data", "/empty", user="1000730000:0") == 0
    said = capfd.readouterr().out.splitlines()
    assert "made" not in said[0]
    assert said[1:] == ["/tmp ['made']", "/data ['below', 'kept', 'made']", "/empty ['made']"]


def test_volumes(place: Place, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("read, only", "both"):
        (tmp_path / name).mkdir(mode=0o777)
        (tmp_path / name).chmod(0o777)
        (tmp_path / name / "there").write_text("x")
    binds = (
        Bind(source=tmp_path / "read, only", target="/mnt/ro"),
        Bind(source=tmp_path / "both", target="/data", writable=True),
    )
    assert place.run(WRITES, "/mnt/ro", "/data", binds=binds) == 0
    assert capfd.readouterr().out == "/mnt/ro Read-only file system\n/data ['made', 'there']\n"
    assert (tmp_path / "both/made").read_text() == "x"


def test_no_privileges(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    code = (
        "print(*[line.split()[1] for line in open('/proc/self/status') if line[:6] in ('CapEff', 'CapBnd', 'NoNewP')])"
    )
    assert place.run(code, user="0:0") == 0
    assert capfd.readouterr().out.split() == ["0" * 16, "0" * 16, "1"]


def test_no_network_is_a_loopback_of_its_own(place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    code = """
import socket
print([name for _, name in socket.if_nameindex()])
with socket.socket() as here, socket.socket() as there:
    here.bind(("127.0.0.1", 0)); here.listen()
    there.connect(here.getsockname()); print("connected")
"""
    assert place.run(code, network=False) == 0
    assert capfd.readouterr().out == "['lo']\nconnected\n"


@pytest.mark.parametrize("status", [0, 1, 42, 255])
def test_the_exit_status_is_the_applications(place: Place, status: int) -> None:
    assert place.run(f"raise SystemExit({status})") == status


def test_a_program_that_is_not_there(place: Place) -> None:
    with pytest.raises(NoCommandError, match="nothing-such: the image has no such program"):
        run(place.sandbox, place.rootfs, place.runtime, LaunchOptions(entrypoint=("nothing-such",)))


def test_what_cannot_be_executed(place: Place) -> None:
    options = LaunchOptions(entrypoint=("/app/server.py",))
    with pytest.raises(ToolError, match=r"(?i)permission denied"):
        run(place.sandbox, place.rootfs, place.runtime, options)


STREAMS = """
import sys
taken = sys.stdin.buffer.read()
sys.stderr.buffer.write(bytes(range(256)))
sys.stderr.flush()
sys.stdout.buffer.write(taken[::-1] * 64)
"""


def test_streams_are_clean(place: Place, tmp_path: Path) -> None:
    given = bytes(range(256)) * 512
    options = LaunchOptions(entrypoint=PYTHON, command=(STREAMS,), network=False)
    (tmp_path / "in").write_bytes(given)
    with (
        launch_command(place.rootfs, place.runtime, options) as command,
        (tmp_path / "in").open("rb") as stdin,
        (tmp_path / "out").open("wb") as stdout,
        (tmp_path / "err").open("wb") as stderr,
        place.sandbox.start(command, stdin=stdin, stdout=stdout, stderr=stderr) as process,
    ):
        assert process.wait(60) == 0
    assert (tmp_path / "out").read_bytes() == given[::-1] * 64
    assert (tmp_path / "err").read_bytes() == bytes(range(256))


STOPS = """
import os, signal, time
def stop(number, frame):
    os.write(1, b"good bye\\n")
    os._exit(3)
signal.signal(signal.SIGTERM, stop)
os.write(1, b"up\\n")
for _ in range(1200):  # a signal just before a long sleep would be heard at its end
    time.sleep(0.05)
"""


def test_sigterm_is_the_applications_to_handle(place: Place) -> None:
    up = threading.Event()
    options = LaunchOptions(entrypoint=PYTHON, command=(STOPS,))
    with (
        launch_command(place.rootfs, place.runtime, options) as command,
        start(place.sandbox, command, on_line=lambda _: up.set()) as running,
    ):
        assert up.wait(60)
        assert running.terminate() == 3
        assert running.tail == ("up", "good bye")


def test_what_does_not_listen_is_killed(place: Place) -> None:
    up = threading.Event()
    code = STOPS.replace("signal.SIGTERM, stop", "signal.SIGTERM, signal.SIG_IGN")
    options = LaunchOptions(entrypoint=PYTHON, command=(code,))
    with (
        launch_command(place.rootfs, place.runtime, options) as command,
        start(place.sandbox, command, on_line=lambda _: up.set()) as running,
    ):
        assert up.wait(60)
        assert running.terminate(0.05) == 128 + signal.SIGKILL


def test_it_is_probed(place: Place, port: int) -> None:
    code = "import urllib.request as r, os; r.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/health').read()"
    wanted = Probe(http=f"http://127.0.0.1:{port}/health", command=(*PYTHON, code))
    options = LaunchOptions(entrypoint=("/usr/bin/python3", "-B", "/app/server.py"), env={"PORT": str(port)})
    with (
        launch_command(place.rootfs, place.runtime, options) as command,
        start(place.sandbox, command) as running,
    ):
        outcome = probe(running, wanted, place.sandbox)
        assert outcome.ok, outcome.checks
        assert running.terminate() == 0
        assert "stopped by signal 15" in running.tail[-1]


def test_an_application_that_ends_is_not_ready(place: Place, port: int) -> None:
    options = LaunchOptions(entrypoint=PYTHON, command=("raise SystemExit('no database')",))
    with (
        launch_command(place.rootfs, place.runtime, options) as command,
        start(place.sandbox, command) as running,
        pytest.raises(FindingError, match=r"ended with status 1 before it was ready; it said:\n  no database"),
    ):
        probe(running, Probe(http=f"http://127.0.0.1:{port}/"), place.sandbox)


KILLED = """
import sys
from pathlib import Path
from lightship.launch.command import LaunchOptions
from lightship.launch.engine import find_engine
from lightship.launch.running import run
from lightship.oci.config import Runtime
from lightship.sandbox.container import Containers
from lightship.sandbox.client import Client

engine, image_id, rootfs, code = sys.argv[1:]
if engine in ("runc", "sandbox"):
    sandbox = find_engine(engine if engine == "runc" else None).admit(None)
else:
    sandbox = Containers(client=Client.find(engine), image_id=image_id, working_dir="/srv")
options = LaunchOptions(entrypoint=("/usr/bin/python3", "-IB", "-c"), command=(code,))
raise SystemExit(run(sandbox, Path(rootfs), Runtime(user="app", working_dir="/srv"), options))
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_it_ends_with_us(place: Place, number: signal.Signals, tmp_path: Path) -> None:
    code = f"{STOPS}# it-ends-with-us"
    env = {**os.environ, "TMPDIR": str(tmp_path)}  # who is killed leaves the copies that it made
    image_id = ""
    if isinstance(place.sandbox, Containers):
        env = {**env, **(place.sandbox.client.env or {})}
        image_id = place.sandbox.image_id
    argv = [sys.executable, "-c", KILLED, place.engine, image_id, str(place.rootfs), code]
    with subprocess.Popen(argv, env=env, stdout=subprocess.PIPE) as ours:
        assert ours.stdout is not None
        assert ours.stdout.readline() == b"up\n"
        inside = _processes("it-ends-with-us")
        assert len(inside) == 1
        ours.send_signal(number)
        if number == signal.SIGTERM:
            assert ours.stdout.read() == b"good bye\n"
        assert ours.wait(60) == (3 if number == signal.SIGTERM else -signal.SIGKILL)
    limit = time.monotonic() + 60
    while _processes("it-ends-with-us") or _containers(place):
        assert time.monotonic() < limit
        time.sleep(0.1)


def _processes(word: str) -> list[str]:
    """The processes inside whose command line holds ``word``."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().split(b"\0")
            if words[0] == b"/usr/bin/python3" and any(word.encode() in each for each in words):
                found.append(path.parent.name)
    return found


def _containers(place: Place) -> str:
    if not isinstance(place.sandbox, Containers):
        return ""
    return place.sandbox.client.run("ps", "--all", "--quiet", "--filter", f"label={LABEL}")
