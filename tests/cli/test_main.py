"""Every end of a command: help, misuse, bad input, a failing world, an interrupt, a fault; in one sentence each."""

import json
import os
import re
import subprocess
import sys

import click
import pytest
from tests.cli.conftest import Lightship

from lightship.cli.main import COMMANDS, _guarded, cli
from lightship.cli.options import Session
from lightship.errors import FindingError, InputError, NetworkError, UsageError

_HEAVY = ("httpx2", "rich", "packaging", "elftools", "pysequoia", "zstandard", "isal", "installer", "pip")


@pytest.mark.parametrize("words", [["--help"], ["build", "--help"], ["run", "--help"], ["run", "./nothing-there.tar"]])
def test_help_and_misuse_import_nothing_heavy(words: list[str], lightship: Lightship) -> None:
    code = (
        "import json, sys\n"
        f"sys.argv = ['lightship', *{words!r}]\n"
        "from lightship.cli.main import main\n"
        "try:\n    main()\n"
        "finally:\n    sys.stderr.write('\\n' + json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=lightship.environ(), capture_output=True, text=True, check=False
    )
    loaded = set(json.loads(done.stderr.splitlines()[-1]))
    assert "lightship.cli.main" in loaded
    assert loaded.isdisjoint(_HEAVY)


def test_help_lists_the_commands(lightship: Lightship) -> None:
    said = lightship("--help")
    assert (said.status, said.stderr) == (0, "")
    assert all(re.search(rf"^  {name}\b", said.stdout, re.MULTILINE) for name in COMMANDS)


def test_without_a_command_help_is_an_error(lightship: Lightship) -> None:
    said = lightship()
    assert (said.status, said.stdout) == (2, "")
    assert "Commands:" in said.stderr


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (["biuld"], "unknown command: biuld", "did you mean build?"),
        (["assets", "compres", "out"], "unknown command: compres", "did you mean compress?"),
        (["assets", "zzz"], "unknown command: zzz", "see: lightship assets --help"),
        (["build", "--fromat", "json"], "unknown option: --fromat", "did you mean --format?"),
        (["build", "--format", "xml"], "--format: want one of text, json, got 'xml'", ""),
        (["build", "--format", "Jsno"], "--format: want one of text, json, got 'Jsno'", "did you mean json?"),
        (["build", "--jobs", "many"], "--jobs: want a whole number from 1 to 256, got 'many'", ""),
        (["build", "--jobs", "0"], "--jobs: want a whole number from 1 to 256, got '0'", ""),
        (["build", "nowhere"], "PROJECT: directory 'nowhere' does not exist", ""),
        (["build", "--tag"], "option '--tag' requires an argument", ""),
        (["build", "one", "two"], "PROJECT: directory 'one' does not exist", ""),
        (["run"], "missing: IMAGE", "see: lightship run --help"),
        (
            ["--cache-dir", "/x", "assets", "compress", "."],
            "unknown option: --cache-dir",
            "options go after their command: lightship COMMAND --cache-dir",
        ),
        (
            ["--mtimes", "keep"],
            "unknown option: --mtimes",
            "options go after their command: lightship COMMAND --mtimes",
        ),
        (
            ["assets", "--level", "ci", "compress"],
            "unknown option: --level",
            "options go after their command: lightship assets COMMAND --level",
        ),
        (["--zzz", "build"], "unknown option: --zzz", "see: lightship --help"),
        (["run", "--zzz", "oci:x"], "unknown option: --zzz", "see: lightship run --help"),
    ],
)
def test_misuse_is_one_sentence(
    words: list[str], sentence: str, hint: str, lightship: Lightship, capsys: pytest.CaptureFixture[str]
) -> None:
    session = Session()
    status = _guarded(lambda: cli.main(words, prog_name="lightship", standalone_mode=False, obj=session), session)
    written = capsys.readouterr()
    assert (status, written.out) == (2, "")
    assert written.err == f"error: {sentence}\n" + (f"hint: {hint}\n" if hint else "")


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (FindingError("the probe failed"), 1, "error: the probe failed\n"),
        (InputError("bad lock", hint="make one"), 2, "error: bad lock\nhint: make one\n"),
        (UsageError("not both"), 2, "error: not both\n"),
        (NetworkError("the index is away"), 3, "error: the index is away\n"),
        (OSError(28, "No space left on device", "/x"), 3, "error: No space left on device: /x\n"),
        (BrokenPipeError(), 3, "error: whoever read the output went away\n"),
        (KeyboardInterrupt(), 130, "error: interrupted\n"),
        (click.Abort(), 130, "error: interrupted\n"),
    ],
)
def test_every_error_has_its_status(
    error: BaseException, status: int, sentence: str, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> None:
        raise error

    place = sys.stdout.fileno()
    kept = os.dup(place)  # a broken pipe is put aside for good
    try:
        assert _guarded(fail, Session()) == status
    finally:
        os.dup2(kept, place)
        os.close(kept)
    assert capfd.readouterr().err == sentence


def test_a_fault_of_our_own_is_no_finding_and_shows_no_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        os.environ["ABSENT"]

    assert _guarded(fail, Session()) == 3
    said = capsys.readouterr().err
    assert said.startswith("error: a fault in lightship itself: KeyError: 'ABSENT'\nhint: --debug")
    assert "Traceback" not in said


@pytest.mark.parametrize(("words", "variables"), [(["--debug"], {}), ([], {"LIGHTSHIP_DEBUG": "1"})])
def test_debug_shows_the_traceback_and_keeps_sentence_and_status(
    words: list[str], variables: dict[str, str], lightship: Lightship
) -> None:
    said = lightship("build", *words, **variables)
    assert said.status == 2
    assert "Traceback" in said.stderr
    assert "is no Python project" in said.error


def test_debug_can_be_off_and_is_not_taken_from_the_applications_words(lightship: Lightship) -> None:
    assert "Traceback" not in lightship("build", LIGHTSHIP_DEBUG="0").stderr
    assert "Traceback" not in lightship("run", "oci:absent", "program", "--debug").stderr


def test_the_version(lightship: Lightship) -> None:
    assert re.fullmatch(r"lightship, version \d+\.\d+\.\d+\n", lightship("--version").stdout)
