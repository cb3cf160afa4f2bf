"""The startup lock: one list for all platforms, with a key for each."""

from pathlib import Path

import pytest

from lightship.coldstart.lazy import LazyPlan
from lightship.errors import InputError
from lightship.flows.startup import (
    StartupModules,
    adopted_modules,
    as_traced,
    for_machine,
    on_machine,
    read_startup_lock,
    startup_modules,
)
from lightship.launch.probe import ProbeOutcome
from lightship.launch.trace import StartTrace
from lightship.progress import SILENT

MODULES = ("app/x.py", "usr/lib/python3.11/_sysconfigdata__x86_64-linux-gnu.py")


def traced(lock: Path, key: str, *, retrace: bool = False) -> tuple[str, ...]:
    start = StartupModules(keys=(), modules=MODULES)
    found = startup_modules(lock, key, lambda: start, retrace=retrace, allow_stale=False, findings=[], progress=SILENT)
    return found.modules


def never() -> StartupModules:
    raise AssertionError("a start is traced although the lock has it")


def test_a_kins_key_is_added_and_then_is_enough(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    kin = StartupModules(keys=("ours",), modules=traced(lock, "ours"))
    assert adopted_modules(lock, "theirs", None, progress=SILENT) is None
    assert adopted_modules(lock, "theirs", kin, progress=SILENT) == MODULES
    known = read_startup_lock(lock)
    assert known == StartupModules(keys=("ours", "theirs"), modules=MODULES)
    assert adopted_modules(lock, "theirs", None, progress=SILENT) == MODULES
    again = startup_modules(lock, "ours", never, retrace=False, allow_stale=False, findings=[], progress=SILENT)
    assert again == known


def test_a_lock_of_an_earlier_state_gets_no_further_key(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    traced(lock, "earlier")
    before = lock.read_bytes()
    kin = StartupModules(keys=("ours",), modules=("app/y.py",))
    assert adopted_modules(lock, "theirs", kin, progress=SILENT) == ("app/y.py",)
    assert lock.read_bytes() == before


def test_tracing_anew_forgets_the_others(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    kin = StartupModules(keys=("ours",), modules=traced(lock, "ours"))
    adopted_modules(lock, "theirs", kin, progress=SILENT)
    traced(lock, "ours", retrace=True)
    known = read_startup_lock(lock)
    assert known is not None
    assert known.keys == ("ours",)


def test_what_bears_a_machines_name_is_taken_on_each() -> None:
    theirs = "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py"
    assert on_machine(MODULES, "aarch64") == ("app/x.py", theirs, MODULES[1])
    assert on_machine(MODULES, "x86_64") == MODULES
    assert on_machine(("app/not_x86_64ish.py",), "aarch64") == ("app/not_x86_64ish.py",)


def test_a_lock_without_a_key_is_none(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    lock.write_text("# nothing\napp/x.py\n")
    with pytest.raises(InputError, match="want 'key"):
        read_startup_lock(lock)


def test_files_are_called_as_on_another_machine_in_their_order() -> None:
    there = "usr/lib/python3.11/_sysconfigdata__aarch64-linux-gnu.py"
    assert for_machine((MODULES[1], MODULES[0]), "aarch64") == (there, MODULES[0])
    assert for_machine((MODULES[1], MODULES[0]), "x86_64") == (MODULES[1], MODULES[0])


def test_files_that_wait_come_after_all_that_the_start_reads() -> None:
    outcome = ProbeOutcome(start_s=0, ready_s=1, checks=())
    trace = StartTrace(modules=("a.py",), files=("a", "w", "b", "v"), requested=("r",), outcome=outcome)
    plan = LazyPlan(names=("w",), waiting=("w", "v"))
    assert as_traced(trace) == StartupModules(keys=(), modules=("a.py",), files=("a", "w", "b", "v"), requested=("r",))
    assert as_traced(trace, plan) == StartupModules(
        keys=(), modules=("a.py",), files=("a", "b"), requested=("r", "w", "v"), deferred=("w",)
    )
