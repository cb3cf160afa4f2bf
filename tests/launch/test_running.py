"""An image's application started to its end and beside us."""

import os
import signal
import threading
from pathlib import Path

import pytest

from lightship.errors import NoCommandError
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.running import exit_status, run, start
from lightship.oci.config import Runtime
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.sandbox.protocol import Bind, Command

pytestmark = pytest.mark.conformance

PYTHON = ("/usr/bin/python3", "-IB", "-c")


def _python(code: str) -> Runtime:
    return Runtime(entrypoint=PYTHON, cmd=(code,), user="app", working_dir="/srv")


def test_the_configs_process_runs(sandbox: Bubblewrap, python_root: Path, tmp_path: Path) -> None:
    code = "import os; open('/out/said', 'w').write(repr([os.getcwd(), os.getuid(), os.getgid(), os.environ['HOME']]))"
    options = LaunchOptions(network=False, binds=(Bind(source=tmp_path, target="/out", writable=True),))
    assert run(sandbox, python_root, _python(code), options) == 0
    assert (tmp_path / "said").read_text() == "['/srv', 1001, 1002, '/home/app']"


def test_the_exit_status_is_the_applications(sandbox: Bubblewrap, python_root: Path) -> None:
    assert run(sandbox, python_root, _python("raise SystemExit(42)"), LaunchOptions()) == 42


def test_programs_are_found_on_the_images_path(sandbox: Bubblewrap, python_root: Path) -> None:
    runtime = Runtime(entrypoint=("python3", "-IBc", "raise SystemExit(5)"), env=("PATH=/nowhere:/usr/bin",))
    assert run(sandbox, python_root, runtime, LaunchOptions()) == 5
    with pytest.raises(NoCommandError, match="python3: the image has no such program on its PATH"):
        run(sandbox, python_root, runtime, LaunchOptions(env={"PATH": "/nowhere"}))


def test_the_home_can_be_written_and_starts_empty(sandbox: Bubblewrap, python_root: Path) -> None:
    code = "import os; home = os.environ['HOME']; open(home + '/x', 'x'); raise SystemExit(len(os.listdir(home)))"
    for _ in range(2):
        assert run(sandbox, python_root, _python(code), LaunchOptions()) == 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGUSR1])
def test_signals_to_us_reach_the_application(
    sandbox: Bubblewrap, python_root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    code = f"""
import os, signal, sys, time
signal.signal({number:d}, lambda number, frame: os._exit(40 + number))
open("/out/ready", "w").close()
for _ in range(1200):  # a signal just before a long sleep would be heard at its end
    time.sleep(0.05)
"""
    (tmp_path / "fifo").mkdir()
    os.mkfifo(tmp_path / "fifo/ready")

    def send() -> None:
        (tmp_path / "fifo/ready").read_bytes()
        os.kill(os.getpid(), number)

    before = signal.getsignal(number)
    options = LaunchOptions(binds=(Bind(source=tmp_path / "fifo", target="/out", writable=True),))
    sender = threading.Thread(target=send)
    sender.start()
    assert run(sandbox, python_root, _python(code), options) == 40 + number
    sender.join()
    assert signal.getsignal(number) is before


def test_a_volume_keeps_the_images_content_and_can_be_written(sandbox: Bubblewrap, server_root: Path) -> None:
    code = "open('/app/made', 'w').close(); import os; raise SystemExit(len(os.listdir('/app')))"
    runtime = Runtime(entrypoint=PYTHON, cmd=(code,), user="1001:1001", volumes=("/app",))
    assert run(sandbox, server_root, runtime, LaunchOptions()) == len(list((server_root / "app").iterdir())) + 1
    assert not (server_root / "app/made").exists()


def _command(root: Path, code: str) -> Command:
    with launch_command(root, _python(code), LaunchOptions()) as command:
        return command


def test_what_runs_beside_us_is_ended_in_its_own_way(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
import os, signal, time
def stop(number, frame):
    os.write(2, b"good bye\\n")
    os._exit(0)
signal.signal(signal.SIGTERM, stop)
os.write(1, b"one\\ntwo\\n")
for _ in range(1200):  # a signal just before a long sleep would be heard at its end
    time.sleep(0.05)
"""
    two = threading.Event()
    with start(sandbox, _command(python_root, code), on_line=lambda line: two.set() if line == "two" else None) as app:
        assert two.wait(120)
        assert app.process.poll() is None
    assert app.status == 0
    assert app.tail == ("one", "two", "good bye")


def test_what_does_not_listen_is_killed(sandbox: Bubblewrap, python_root: Path) -> None:
    code = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
os.write(1, b"deaf\\n")
time.sleep(60)
"""
    deaf = threading.Event()
    with start(sandbox, _command(python_root, code), on_line=lambda _: deaf.set()) as app:
        assert deaf.wait(120)
        assert app.terminate(0.05) == 128 + signal.SIGKILL


def test_a_flood_of_output_does_not_stop_it(sandbox: Bubblewrap, python_root: Path) -> None:
    with start(sandbox, _command(python_root, "print('\\n'.join(['x' * 99] * 20_000) + '\\nlast')")) as app:
        app.process.wait(120)
        assert app.tail[-1] == "last"
        assert len(app.tail) == 50


def test_an_error_inside_ends_the_application(sandbox: Bubblewrap, python_root: Path) -> None:
    with (
        pytest.raises(RuntimeError, match="of the caller"),
        start(sandbox, _command(python_root, "import time; time.sleep(60)")) as app,
    ):
        raise RuntimeError("of the caller")
    assert app.status == 128 + signal.SIGTERM


@pytest.mark.parametrize(("code", "status"), [(0, 0), (3, 3), (-9, 137), (143, 143)])
def test_statuses_are_a_shells(code: int, status: int) -> None:
    assert exit_status(code) == status
