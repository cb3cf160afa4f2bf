"""What the agent wrote is read as what a stranger says."""

import os
from pathlib import Path

from lightship.coldstart.events import read_events

HEAD = '{"process":"start","pid":7,"parent":1,"at":10.5,"since":10.4,"hook":0.000004,"argv":["python","a.py"]}\n'
IMPORT = '{"import":"json","by":"__main__","line":3,"at":10.6,"s":0.25,"cpu":0.2,"thread":1}\n'


def test_processes_come_in_the_order_of_their_start(tmp_path: Path) -> None:
    (tmp_path / "7.jsonl").write_text(HEAD + IMPORT + '{"bind":5001,"at":11.0}\n')
    (tmp_path / "2.jsonl").write_text(HEAD.replace('"pid":7', '"pid":2').replace("10.5", "9.5"))
    second, first = read_events(tmp_path)[::-1]
    assert (first.pid, second.pid, second.parent, second.forked) == (2, 7, 1, False)
    assert second.ports == ((5001, 11.0),)
    (event,) = second.imports
    assert (event.module, event.asked_by, event.line, event.seconds) == ("json", "__main__", 3, 0.25)


def test_a_program_that_executes_another_gives_two(tmp_path: Path) -> None:
    (tmp_path / "7.jsonl").write_text(HEAD + IMPORT + HEAD.replace("10.5", "11.5"))
    assert [len(process.imports) for process in read_events(tmp_path)] == [1, 0]


def test_what_is_not_understood_is_left_out(tmp_path: Path) -> None:
    wrong = (
        "no json\n",
        "[" * 100_000 + "\n",
        '"text"\n',
        IMPORT.replace("10.6", '"now"'),
        IMPORT.replace("0.25", "-1"),
    )
    (tmp_path / "7.jsonl").write_text(HEAD + "".join(wrong) + IMPORT)
    (tmp_path / "8.jsonl").write_text(IMPORT)  # nobody says whose it is
    (only,) = read_events(tmp_path)
    assert [event.module for event in only.imports] == ["json"]


def test_nothing_is_followed_and_nothing_is_waited_for(tmp_path: Path) -> None:
    events = tmp_path / "events"
    events.mkdir()
    (tmp_path / "secret").write_text(HEAD)
    (events / "1.jsonl").symlink_to(tmp_path / "secret")
    os.mkfifo(events / "2.jsonl")
    (events / "3.jsonl").mkdir()
    assert read_events(events) == ()
