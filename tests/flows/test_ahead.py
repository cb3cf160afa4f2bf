"""What a build begins before it knows all that it depends on: a right guess saves time, a wrong one is let go."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.flows.world import World, layer_digests

from lightship.errors import InputError
from lightship.flows.compilers import Compilers

pytestmark = pytest.mark.conformance


@pytest.fixture
def prepared(monkeypatch: pytest.MonkeyPatch) -> list[Compilers]:
    """Those that were told to start a compiler."""
    found: list[Compilers] = []
    real = Compilers.prepare

    def prepare(self: Compilers) -> None:
        found.append(self)
        real(self)

    monkeypatch.setattr(Compilers, "prepare", prepare)
    return found


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Compilers]:
    """Those that were given work ahead."""
    found: list[Compilers] = []
    real = Compilers.begin

    def begin(self: Compilers, work: Callable[[], object]) -> None:
        found.append(self)
        real(self, work)

    monkeypatch.setattr(Compilers, "begin", begin)
    return found


@pytest.fixture
def built(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A world that was built twice: once for the first time, and once after a change. Its files are old enough to be
    known."""
    real = time.time_ns
    monkeypatch.setattr("lightship.build.known_files.time.time_ns", lambda: real() + 10 * 10**9)
    world.build(tmp_path / "out")
    _line(world, 'GREETING = "one"\n')
    world.build(tmp_path / "out")
    return world


def _line(world: World, text: str) -> None:
    (world.project / "helper/text.py").write_text(text)


def test_a_changed_line_is_compiled_ahead_by_one_compiler(
    built: World, tmp_path: Path, prepared: list[Compilers], begun: list[Compilers]
) -> None:
    _line(built, 'GREETING = "two"\n')
    after = built.build(tmp_path / "out")
    assert len({id(each) for each in prepared}) == len(begun) == 1
    assert {layer.name for layer in after.layers if not layer.cached} == {"application", "application-bytecode"}


def test_nothing_is_begun_where_nothing_has_changed(
    built: World, tmp_path: Path, prepared: list[Compilers], begun: list[Compilers]
) -> None:
    """Although the file that the last build found changed is read again: one is worth no writing of what is known."""
    built.build(tmp_path / "out")
    assert prepared == begun == []


def test_a_wrong_guess_changes_nothing(
    built: World, tmp_path: Path, prepared: list[Compilers], begun: list[Compilers]
) -> None:
    """The line has changed and what lies below as well: the interpreter that was started is of no use."""
    _line(built, 'GREETING = "three"\n')
    after = built.build(tmp_path / "out", prefix="/opt/other")
    assert begun
    assert len({id(each) for each in prepared}) == 2
    assert layer_digests(after) == layer_digests(built.build(tmp_path / "again", prefix="/opt/other"))


def test_a_source_that_does_not_compile_is_told_as_ever(built: World, tmp_path: Path, begun: list[Compilers]) -> None:
    _line(built, "GREETING = (\n")
    with pytest.raises(InputError, match=r"helper/text\.py:1 does not compile"):
        built.build(tmp_path / "out")
    assert begun


def test_a_damaged_guess_is_none(built: World, tmp_path: Path, begun: list[Compilers]) -> None:
    guesses = [path for path in built.cache.root.glob("records/*/*") if path.read_bytes().startswith(b'["')]
    assert guesses
    for path in guesses:
        path.write_bytes(b"[")
    _line(built, 'GREETING = "four"\n')
    after = built.build(tmp_path / "out")
    assert {layer.name for layer in after.layers if not layer.cached} == {"application", "application-bytecode"}
    assert begun == []
