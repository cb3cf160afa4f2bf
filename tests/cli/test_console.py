"""What a person sees: bars on a terminal, plain lines everywhere else, nothing when quiet."""

import logging
import os
import pty
import subprocess
import sys

import pytest

from lightship.cli.console import Console

_WORK = """\
from lightship.cli.console import Console
with Console(quiet={quiet}) as console:
    console.start("fetch", 2_000_000, unit="B")
    console.advance("fetch", 2_000_000)
    console.note("a note")
    console.finish("fetch")
    console.data("sha256:0")
"""


def on_a_terminal(code: str, **variables: str) -> tuple[str, str]:
    """stdout, which is a pipe, and what a terminal at stderr gets."""
    main, side = pty.openpty()
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", **variables}
    process = subprocess.Popen([sys.executable, "-c", code], env=environ, stdout=subprocess.PIPE, stderr=side)
    os.close(side)
    shown = b""
    try:
        while chunk := os.read(main, 65536):
            shown += chunk
    except OSError:  # Linux: the other side is closed
        pass
    finally:
        os.close(main)
    stdout, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    return stdout.decode(), shown.decode()


def test_a_terminal_gets_bars_and_stdout_stays_clean() -> None:
    stdout, shown = on_a_terminal(_WORK.format(quiet=False))
    assert stdout == "sha256:0\n"
    assert "\x1b[" in shown
    assert "fetch" in shown


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"CI": "true"}, {"TERM": "dumb"}])
def test_no_escape_codes_where_they_are_unwelcome(variables: dict[str, str]) -> None:
    _, shown = on_a_terminal(_WORK.format(quiet=False), **variables)
    assert "\x1b" not in shown
    assert "note: a note" in shown


def test_quiet_says_nothing() -> None:
    assert on_a_terminal(_WORK.format(quiet=True)) == ("sha256:0\n", "")


def test_a_task_that_took_its_time_leaves_a_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = iter([10.0, 20.0, 20.9, 11.5])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with Console() as console:
        console.start("download", 905_000, unit="B")
        console.start("packages-light-0", unit="B")
        console.finish("packages-light-0")
        console.finish("download")
    assert capsys.readouterr().err == f"{'download':<36}       905 kB      1.50 s\n"


def test_no_escape_codes_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    with Console(verbose=True) as console:
        console.start("count", 3, unit="wheels")
        console.advance("count", 3)
        console.finish("count")
        console.finish("never begun")
        console.advance("never begun")
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith("count ")
    assert "3 wheels" in written.err
    assert "\x1b" not in written.err


@pytest.mark.parametrize(("quiet", "shown"), [(False, "note: no answer; again in 2.0 s\n"), (True, "")])
def test_what_is_waited_for_is_said_once_for_all_threads(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, quiet: bool, shown: str
) -> None:
    monkeypatch.setattr(logging.getLogger("lightship"), "handlers", silent := [logging.NullHandler()])
    monkeypatch.setattr(logging.getLogger("lightship"), "level", logging.NOTSET)
    log = logging.getLogger("lightship.store.registry.retry")
    with Console(quiet=quiet):
        log.info("the first failure; again in 0.5 s")
        for _ in range(3):
            log.warning("no answer; again in %.1f s", 2)
    assert capsys.readouterr().err == shown
    assert logging.getLogger("lightship").handlers == silent


def test_an_error_is_shown_even_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    Console(quiet=True).error("it failed", "try this")
    assert capsys.readouterr().err == "error: it failed\nhint: try this\n"
