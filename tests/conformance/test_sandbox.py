"""Commands run under bubblewrap, and try to get out."""

import json
import os
import shutil
import signal
import sys
import tempfile
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lightship.errors import ToolError
from lightship.proc import DEVNULL, PIPE, spawn
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Bind, Command

pytestmark = pytest.mark.conformance

PYTHON = "/usr/bin/python3"


@pytest.fixture
def sandbox(require_tool: Callable[[str], str]) -> Bubblewrap:
    require_tool("bwrap")
    return Bubblewrap.find()


def _command(root: Path, code: str, *arguments: str, **options: object) -> Command:
    argv = (PYTHON, "-IBc", textwrap.dedent(code), *arguments)
    return Command(rootfs=root, argv=argv, **options)  # type: ignore[arg-type]


def _run(sandbox: Bubblewrap, command: Command, given: bytes = b"") -> tuple[int, str]:
    with sandbox.start(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) as process:
        said, complaints = process.communicate(given, timeout=120)
    return process.returncode, said.decode() + complaints.decode()


def _answer(sandbox: Bubblewrap, command: Command) -> object:
    status, said = _run(sandbox, command)
    assert status == 0, said
    return json.loads(said)


@pytest.mark.parametrize("status", [0, 1, 7, 255])
def test_the_exit_status_is_the_commands(sandbox: Bubblewrap, python_root: Path, status: int) -> None:
    assert _run(sandbox, _command(python_root, "import sys; sys.exit(int(sys.argv[1]))", str(status)))[0] == status


def test_a_signal_that_ends_the_command_is_in_its_status(sandbox: Bubblewrap, python_root: Path) -> None:
    code = "import os, signal; os.kill(os.getpid(), signal.SIGUSR1)"
    assert _run(sandbox, _command(python_root, code))[0] == 128 + signal.SIGUSR1


def test_streams_pass_through(sandbox: Bubblewrap, python_root: Path) -> None:
    code = "import sys; sys.stdout.write(sys.stdin.read().upper()); sys.stderr.write('and errors')"
    assert _run(sandbox, _command(python_root, code), b"text")[1] == "TEXTand errors"


GRACEFUL = r"""
    import os, signal, sys, time
    def stop(number, frame):
        os.write(1, b"stopping on %d\n" % number)
        sys.exit(3)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    os.write(1, b"ready\n")
    for _ in range(1200):  # a signal just before a long sleep would be heard at its end
        time.sleep(0.05)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_signals_reach_the_command_which_ends_in_its_own_way(
    sandbox: Bubblewrap, python_root: Path, number: signal.Signals
) -> None:
    with sandbox.start(_command(python_root, GRACEFUL), stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.stdout.read() == f"stopping on {number:d}\n".encode()
        assert process.wait(120) == 3


def test_a_command_without_a_handler_ends_by_the_signal(sandbox: Bubblewrap, python_root: Path) -> None:
    with sandbox.start(_command(python_root, "import time; time.sleep(60)")) as process:
        process.terminate()
        assert process.wait(120) == 128 + signal.SIGTERM
    process.terminate()  # nothing happens once it has ended


def test_kill_ends_everything_inside(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import os, time
        if os.fork() == 0:
            os.setsid()
        print("up", flush=True)
        time.sleep(60)
    """
    with sandbox.start(_command(python_root, code), stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() + process.stdout.readline() == b"up\nup\n"
        process.kill()
        assert process.stdout.read() == b""  # the end of the pipe: no process holds it any more
        assert process.wait(120) == 128 + signal.SIGKILL


def test_everything_ends_with_us(sandbox: Bubblewrap, python_root: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Command
argv = ("{PYTHON}", "-IBc", "import os, time; os.write(1, b'up'); time.sleep(600)")
Bubblewrap.find().start(Command(rootfs=Path({str(python_root)!r}), argv=argv)).wait()
"""
    with spawn([sys.executable, "-c", code], stdout=PIPE) as us:
        assert us.stdout is not None
        assert us.stdout.read(2) == b"up"
        us.kill()
        assert us.stdout.read() == b""  # the application held the pipe


def test_orphans_end_with_the_command(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import os, time
        if os.fork() == 0:
            os.setsid()
            time.sleep(60)
    """
    with sandbox.start(_command(python_root, code), stdout=PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.read() == b""
        assert process.wait(120) == 0


def test_orphans_are_reaped(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import json, os, time
        if os.fork() == 0:
            os._exit(0) if os.fork() else (time.sleep(0.05), os._exit(0))
        os.wait()
        for _ in range(200):
            others = [pid for pid in os.listdir("/proc") if pid.isdigit() and int(pid) > os.getpid()]
            if not others:
                break
            time.sleep(0.02)
        print(json.dumps(others))
    """
    assert _answer(sandbox, _command(python_root, code)) == []


def test_the_root_is_read_only_and_writable_paths_are_not(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import json, os
        def attempt(path):
            try:
                open(path, "w").close()
                return "ok"
            except OSError as error:
                return os.strerror(error.errno)
        print(json.dumps([attempt(path) for path in (
            "/x", "/etc/passwd", "/usr/bin/x", "/dev/x", "/sys/x", "/tmp/x", "/var/cache/app/x", "/dev/shm/x",
        )]))
    """
    read_only = "Read-only file system"
    command = _command(python_root, code, writable=("/tmp", "/var/cache/app"))
    assert _answer(sandbox, command) == [read_only] * 5 + ["ok"] * 3
    assert list((python_root / "tmp").iterdir()) == []
    assert list((python_root / "var/cache/app").iterdir()) == []


def test_settings_of_the_kernel_cannot_be_written(sandbox: Bubblewrap, python_root: Path) -> None:
    # rewriting a setting with its own value would change nothing if it succeeded
    code = """
        import json, os
        found = []
        for name in ("sys/kernel/core_pattern", "sys/kernel/hostname", "sys/vm/swappiness", "sysrq-trigger"):
            try:
                os.close(os.open("/proc/" + name, os.O_WRONLY))
                found.append(name)
            except OSError:
                pass
        print(json.dumps(found))
    """
    assert _answer(sandbox, _command(python_root, code)) == []


def test_no_capabilities_and_no_way_to_more(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import json, os
        status = dict(line.split(":", 1) for line in open("/proc/self/status").read().splitlines())
        found = {name: status[name].strip() for name in ("CapPrm", "CapEff", "CapBnd", "CapAmb", "NoNewPrivs")}
        found["groups"] = [group for group in os.getgroups() if group != 65534]
        print(json.dumps(found))
    """
    none = "0" * 16
    for user in ((1001, 1002), (0, 0)):
        assert _answer(sandbox, _command(python_root, code, user=user)) == {
            "CapPrm": none, "CapEff": none, "CapBnd": none, "CapAmb": none, "NoNewPrivs": "1", "groups": [],
        }  # fmt: skip


def test_the_host_does_not_show(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import ctypes, json, os, socket
        print(json.dumps({
            "pids": sorted(int(pid) for pid in os.listdir("/proc") if pid.isdigit()),
            "user": [os.getuid(), os.getgid()],
            "environment": dict(os.environ),
            "of_init": open("/proc/1/environ").read(),
            "descriptors": sorted(os.listdir("/proc/self/fd"))[:3],
            "open": len(os.listdir("/proc/self/fd")),
            "host": socket.gethostname(),
            "cwd": os.getcwd(),
            "umask": os.umask(0),
            "interfaces": sorted(name for _, name in socket.if_nameindex()),
            "session": os.getsid(0) == os.getpid() or os.getsid(0) == 1,
        }))
    """
    command = _command(python_root, code, env={"TOKEN": "a=b", "EMPTY": ""}, cwd="/srv/app", user=(1001, 1002))
    assert _answer(sandbox, command) == {
        "pids": [1, 2],
        "user": [1001, 1002],
        "environment": {"TOKEN": "a=b", "EMPTY": "", "PWD": "/srv/app"},
        "of_init": "",
        "descriptors": ["0", "1", "2"],
        "open": 4,  # and the one that lists them
        "host": "lightship",
        "cwd": "/srv/app",
        "umask": 0o022,
        "interfaces": ["lo"],
        "session": True,
    }


def test_the_hosts_processes_cannot_be_signalled(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
        import json, os
        try:
            os.kill(int(os.sys.argv[1]), 0)
        except OSError as error:
            print(json.dumps(error.errno))
    """
    assert _answer(sandbox, _command(python_root, code, str(os.getpid()))) == 3  # ESRCH


def test_the_environment_is_not_in_the_list_of_processes(sandbox: Bubblewrap, python_root: Path) -> None:
    secret = "gehei" + "mnis"
    with sandbox.start(_command(python_root, "input()", env={"TOKEN": secret}), stdin=PIPE) as process:
        assert secret.encode() not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert secret.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()
        process.communicate(b"\n", timeout=120)


def test_an_images_preload_does_not_reach_bubblewrap(sandbox: Bubblewrap, python_root: Path, tmp_path: Path) -> None:
    # the loader complains on stderr once for each program that is started with the variable: one, not three
    command = _command(python_root, "pass", env={"LD_PRELOAD": str(tmp_path / "evil.so")})
    status, said = _run(sandbox, command)
    assert status == 0
    assert said.count("evil.so") == 1


def test_network_is_shared_only_when_asked_for(sandbox: Bubblewrap, python_root: Path) -> None:
    code = "import json, os; print(json.dumps(os.readlink('/proc/self/ns/net')))"
    own = Path("/proc/self/ns/net").readlink()
    assert _answer(sandbox, _command(python_root, code, network=True)) == str(own)
    assert _answer(sandbox, _command(python_root, code, network=False)) != str(own)


def test_binds_are_seen_and_read_only_unless_asked_for(sandbox: Bubblewrap, python_root: Path, tmp_path: Path) -> None:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    (tmp_path / "in/file").write_text("given")
    code = """
        import json, os
        def attempt(path):
            try:
                open(path, "w").write("made")
                return "ok"
            except OSError as error:
                return os.strerror(error.errno)
        print(json.dumps([open("/data/in/file").read(), attempt("/data/in/file"), attempt("/data/out/file")]))
    """
    binds = (
        Bind(source=tmp_path / "in", target="/data/in"),
        Bind(source=tmp_path / "out", target="/data/out", writable=True),
    )
    assert _answer(sandbox, _command(python_root, code, binds=binds)) == ["given", "Read-only file system", "ok"]
    assert (tmp_path / "in/file").read_text() == "given"
    assert (tmp_path / "out/file").read_text() == "made"


@pytest.mark.parametrize("old", ["", "/oldroot"])
def test_a_hostile_link_leads_no_mount_outside(
    sandbox: Bubblewrap, python_root: Path, tmp_path: Path, old: str
) -> None:
    """Bubblewrap sees the host at /oldroot while it mounts, and makes the directories that it misses."""
    root = tmp_path / "rootfs"
    shutil.copytree(python_root, root, symlinks=True, copy_function=os.link)
    outside = tmp_path / "outside"
    outside.mkdir()
    (root / "hostile").symlink_to(f"{old}{outside}")
    code = "open('/hostile/made/file', 'w').write('x')"
    status, said = _run(sandbox, _command(root, code, writable=("/hostile/made",)))
    assert status == 0, said
    assert list(outside.iterdir()) == []


@pytest.mark.parametrize("argv", [("/nowhere/app",), ("/etc/passwd",), ("/usr",)])
def test_a_command_that_cannot_be_executed_is_an_error(
    sandbox: Bubblewrap, python_root: Path, argv: tuple[str, ...]
) -> None:
    with pytest.raises(ToolError, match=f"the command cannot be executed in the sandbox: {argv[0]}: "):
        sandbox.start(Command(rootfs=python_root, argv=argv), stderr=DEVNULL)


def test_a_missing_source_is_an_error(sandbox: Bubblewrap, python_root: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    bind = Bind(source=tmp_path / "there", target="/data/there")
    sandbox.start(_command(python_root, "pass", binds=(bind,))).wait()
    (tmp_path / "there").rmdir()
    (python_root / "data/there").rmdir()
    (python_root / "data/there").mkdir()
    missing = Bind(source=tmp_path / "there" / "x", target="/tmp/there")
    with pytest.raises(ToolError, match="bubblewrap could not start: Can't find source path"):
        sandbox.start(_command(python_root, "pass", binds=(missing,)), stderr=DEVNULL)


def test_without_bubblewrap_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(ToolError, match="bubblewrap is not installed") as caught:
        Bubblewrap.find()
    assert caught.value.hint == "sudo apt-get install bubblewrap"


@pytest.fixture
def readable_root(python_root: Path) -> Iterator[Path]:
    """A copy that another user of the machine can reach."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
        Path(directory).chmod(0o755)
        shutil.copytree(python_root, f"{directory}/rootfs", symlinks=True)
        for place in Path(directory, "rootfs").rglob("*"):
            os.chown(place, 65533, 65533, follow_symlinks=False)
        os.chown(f"{directory}/rootfs", 65533, 65533)
        yield Path(directory, "rootfs")


def test_an_ordinary_user_can_do_the_same(sandbox: Bubblewrap, request: pytest.FixtureRequest) -> None:
    if os.geteuid() != 0:
        pytest.skip("every other test of this module has shown it: this user is not root")
    root: Path = request.getfixturevalue("readable_root")
    command = _command(root, "import os, sys; sys.exit(os.getuid() - 1000)", user=(1001, 1002))
    child = os.fork()
    if child == 0:  # a fork instead of another program: the interpreter of the tests may be root's alone
        status = 99
        try:
            os.setgroups([])
            os.setresgid(65533, 65533, 65533)
            os.setresuid(65533, 65533, 65533)
            status = sandbox.start(command).wait(120)
        finally:
            sys.stderr.flush()
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 1
