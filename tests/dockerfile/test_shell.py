"""What RUN lines do."""

import pytest

from lightship.dockerfile.model import Heredoc, Instruction, Logical, Span
from lightship.dockerfile.shell import Command, Script, script_of


def run(text: str, *, exec_form: tuple[str, ...] | None = None, heredocs: tuple[Heredoc, ...] = ()) -> Instruction:
    return Instruction(
        keyword="RUN",
        span=Span(0, 4 + len(text)),
        line=1,
        end_line=1,
        argument=Logical(text=text, pieces=((0, 4),)),
        exec_form=exec_form,
        heredocs=heredocs,
    )


def script(text: str) -> Script:
    return script_of(run(text))


def said(command: Command) -> str:
    marks = {"?": command.is_conditional, "(": command.is_nested, "$": command.is_substituted}
    words = " ".join(word.value if word.value is not None else f"<{word.text}>" for word in command.words)
    return "".join(mark for mark, found in marks.items() if found) + command.joiner + " " + words


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("a b 'c d' \"e f\" g\\ h", [" a b c d e f g h"]),
        ("a && b || c; d", [" a", "&& b", "?|| c", "; d"]),
        ("curl -s x | sh -s", ["( curl -s x", "(| sh -s"]),
        ("if a; then b; else c; fi && d", ["? a", "?; b", "?; c", "&& d"]),
        ("for i in 1 2; do rm $i; done", ["?; rm <$i>"]),
        ("(cd /x && make) && y", ["( cd /x", "(&& make", "&& y"]),
        ("{ a; b; } && c", [" a", "; b", "&& c"]),
        ("purge $(list | pick)", ["($ list", "($| pick", " purge <$(list | pick)>"]),
        ("X=$(a) && b", ["($ a", " ", "&& b"]),
        ("f() { a; }; f", ["?( a", "; f"]),
        ("export A=1; unset B", [" export A=1", "; unset B"]),
        ('sh -c "a && b" && c', [" sh -c a && b", "( a", "(&& b", "&& c"]),
        ("eval 'a b'", [" eval a b", "( a b"]),
        ("bash -o pipefail -ec 'a|b'", [" bash -o pipefail -ec a|b", "( a", "(| b"]),
        ('sh -c "$X"', [' sh -c <"$X">']),
        ("[ -f a ] && b", [" [ -f a ]", "&& b"]),
        ("! a", [" a"]),
        ("a & b", [" a", "& b"]),
        ("echo $'x'", [" echo <$'x'>"]),
        ("", []),
    ],
)
def test_commands_stand_in_their_order(text: str, commands: list[str]) -> None:
    found = script(text)
    assert [said(command) for command in found.commands] == commands
    assert found.understood


def test_what_hands_on_is_no_command() -> None:
    (command,) = script("A=1 sudo -u app -E env -i B=2 nice -n 5 pip install x").commands
    assert command.name == "pip"
    assert command.arguments == ("install", "x")
    assert command.assignments == ("A=1", "B=2")
    assert command.wrapper == ("sudo", "-u", "app", "-E", "env", "-i", "B=2", "nice", "-n", "5")


@pytest.mark.parametrize(
    ("text", "name"),
    [("timeout 5 a b", "a"), ("/usr/bin/time -f x a", "a"), ("exec gunicorn", "gunicorn"), ("sudo", "sudo"),
     ("env", "env"), ("gosu app python3 x", "python3"), ("/opt/x/bin/pip y", "pip"), ("$PIP y", "")],
)  # fmt: skip
def test_the_program_behind_it(text: str, name: str) -> None:
    (command,) = script(text).commands
    assert command.name == name


def test_places_are_those_of_the_file() -> None:
    """What the builder takes out between lines lies inside a command's span."""
    file = "RUN é \\\n  # why\n  pip install 'ü' > /dev/null 2>&1 && b\n"
    logical = Logical(text="é   pip install 'ü' > /dev/null 2>&1 && b", pieces=((0, 4), (2, 16)))
    found = script_of(Instruction(keyword="RUN", span=Span(0, len(file) - 1), line=1, end_line=3, argument=logical))
    first, second = found.commands
    assert file[first.span.start : first.span.end] == "é \\\n  # why\n  pip install 'ü' > /dev/null 2>&1"
    assert file[first.words[3].span.start : first.words[3].span.end] == "'ü'"
    assert first.redirections == ("> /dev/null", "2>&1")
    assert file[second.span.start : second.span.end] == "b"


def test_the_exec_form_is_one_command() -> None:
    found = script_of(run('["pip", "install", "a b"]', exec_form=("pip", "install", "a b")))
    assert [said(command) for command in found.commands] == [" pip install a b"]
    found = script_of(run('["sh", "-c", "a && b"]', exec_form=("sh", "-c", "a && b")))
    assert [said(command) for command in found.commands] == [" sh -c a && b", "( a", "(&& b"]


def heredoc(content: str) -> Heredoc:
    return Heredoc(name="EOF", content=content, expand=True, span=Span(10, 10 + len(content)))


def test_a_heredoc_is_the_script_or_its_input() -> None:
    content = "apt-get update\napt-get install -y x\n"
    found = script_of(run("<<EOF", heredocs=(heredoc(content),)))
    assert [said(command) for command in found.commands] == [" apt-get update", " apt-get install -y x"]
    assert found.commands[1].span == Span(25, 25 + len("apt-get install -y x"))
    found = script_of(run("python3 - <<EOF && b", heredocs=(heredoc("print(1)\n"),)))
    assert [said(command) for command in found.commands] == [" python3 -", "&& b"]
    assert found.understood
    assert not script_of(run("<<EOF", heredocs=(heredoc("#!/usr/bin/env python3\nprint(1)\n"),))).understood
    assert script_of(run("<<EOF", heredocs=(heredoc("#!/bin/bash -e\na\n"),))).commands[0].name == "a"


def test_what_is_not_understood_says_so() -> None:
    assert not script("a ||").understood
    assert not script("if a; then").understood
    assert not script_of(run("Get-Item x"), interpreter=("powershell", "-Command")).understood
    assert script_of(run("Get-Item x"), interpreter=("powershell", "-Command")).commands == ()
    assert not script("(" * 300 + "a" + ")" * 300).understood
    assert not script("a " * 600_000).understood


def test_thousands_of_commands_in_one_line() -> None:
    found = script(" && ".join(["a"] * 5_000))
    assert len(found.commands) == 5_000
    assert found.understood
