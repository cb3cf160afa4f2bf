"""What a start was seen to do, kept beside the project's own lock."""

from pathlib import Path

import pytest

from lightship.errors import InputError
from lightship.findings import Finding
from lightship.flows.startup import StartupModules, adopted_modules, first_files, read_startup_lock, startup_modules
from lightship.progress import SILENT

SEEN = StartupModules(
    keys=(),
    modules=("app/main.py", "lib/a/__init__.py", "main.py"),
    files=("lib/ld.so", "lib/a/__init__.py", "app/main.py", "main.py", "app/data [1].json"),
    requested=("etc/late.pem",),
)


def _traced(lock: Path, key: str = "k1", seen: StartupModules = SEEN) -> StartupModules:
    findings: list[Finding] = []
    return startup_modules(
        lock, key, lambda: seen, retrace=False, allow_stale=False, findings=findings, progress=SILENT
    )


def test_what_was_traced_is_read_again(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    first = _traced(lock)
    assert first == read_startup_lock(lock)
    assert (first.keys, first.files, first.requested) == (("k1",), SEEN.files, SEEN.requested)
    assert _traced(lock, seen=StartupModules(keys=(), modules=())) == first


def test_a_lock_without_sections_is_one_of_a_machine_that_tells_less(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    lock.write_text("# comment\nkey = k1\napp/main.py\n[other]\nx\n")
    known = read_startup_lock(lock)
    assert known == StartupModules(keys=("k1",), modules=("app/main.py",))
    assert known is not None
    assert first_files(known, cache_tag="cpython-312") == ()


def test_a_key_for_another_platform_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    traced = _traced(lock)
    adopted_modules(lock, "k2", traced, progress=SILENT)
    known = read_startup_lock(lock)
    assert known is not None
    assert (known.keys, known.modules, known.files) == (("k1", "k2"), SEEN.modules, SEEN.files)


@pytest.mark.parametrize("line", ["../etc/passwd", "/etc/passwd", "a/../../b"])
def test_a_path_that_leaves_the_root_is_refused(tmp_path: Path, line: str) -> None:
    lock = tmp_path / "lightship-startup.lock"
    lock.write_text(f"key = k1\napp/main.py\n[files]\n{line}\n")
    with pytest.raises(InputError):
        read_startup_lock(lock)


def test_bytecode_is_read_in_place_of_sources() -> None:
    assert first_files(SEEN, cache_tag="cpython-312") == (
        "lib/ld.so",
        "lib/a/__pycache__/__init__.cpython-312.pyc",
        "app/__pycache__/main.cpython-312.pyc",
        "__pycache__/main.cpython-312.pyc",
        "app/data [1].json",
        "etc/late.pem",
    )
