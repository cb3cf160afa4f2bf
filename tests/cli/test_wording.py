"""Foreign text that reaches a terminal or a file: it is shown, and does nothing."""

import json
import subprocess
import sys

import pytest

from lightship.cli.console import Console
from lightship.cli.main import _guarded
from lightship.cli.options import Session
from lightship.cli.wording import escaped, visible
from lightship.errors import InputError

EVIL = "a\x1b]0;title\x07\x1b[2J\r\x9b31m\u202egpj.exe\udcff\x7f\u2028end"


@pytest.mark.parametrize("plain", ["", "plain text", "Käse, 東京 and emoji \U0001f600", "two\nlines\tand a tab"])
def test_honest_text_stays_as_it_is(plain: str) -> None:
    assert visible(plain) == plain


def test_what_steers_a_terminal_is_shown() -> None:
    shown = visible(EVIL)
    assert shown.isprintable()
    assert shown == r"a\x1b]0;title\x07\x1b[2J\r\x9b31m\u202egpj.exe\udcff\x7f\u2028end"


def test_an_error_shows_what_it_tells(capsys: pytest.CaptureFixture[str]) -> None:
    def fail() -> None:
        raise InputError(f"bad name: {EVIL}", hint=f"rename {EVIL}")

    assert _guarded(fail, Session()) == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 2
    assert all(line.isprintable() for line in said.splitlines())


def test_notes_and_tasks_show_what_they_tell(capsys: pytest.CaptureFixture[str]) -> None:
    with Console() as console:
        console.start(f"build {EVIL}")
        console.note(EVIL)
        console.talk(EVIL)
        console.error(EVIL, EVIL)
        console.finish(f"build {EVIL}")
    said = capsys.readouterr().err
    assert "\x1b" not in said
    assert all(line.isprintable() for line in said.splitlines())


def test_json_says_the_same_and_can_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    document = {"path": EVIL, "ü": "ü"}
    text = json.dumps(document, ensure_ascii=False)
    assert json.loads(escaped(text)) == document
    escaped(text).encode("utf-8")
    with Console() as console:
        console.data(text)
    out = capsys.readouterr().out
    assert json.loads(out) == document
    assert "ü" in out
    assert "\x9b" not in out


def test_debug_tells_no_addresses_of_requests() -> None:
    """httpx2 logs each request's whole URL, which may hold a password."""
    code = (
        "import logging, click, sys\n"
        "from lightship.cli.options import Session, _remember_debug\n"
        "context = click.Context(click.Command('x'), obj=Session())\n"
        "_remember_debug(context, None, True)\n"
        "logging.getLogger('httpx2').info('HTTP Request: GET https://user:secret@host/')\n"
        "logging.getLogger('httpcore2.http11').debug('secret')\n"
        "logging.getLogger('lightship.x').debug('ours \\x1b[2J')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "secret" not in done.stderr
    assert "ours \\x1b[2J" in done.stderr
