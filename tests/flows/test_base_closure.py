"""The closure that is measured is the one that a build makes, to the byte; and nothing is left behind."""

import datetime
from pathlib import Path

import pytest
from tests.flows.world import MINOR, World

from lightship.base.fit.bases import Candidate
from lightship.base.lock_name import LOCK_NAME
from lightship.flows.base_fit import FitOutcome, FitRequest, fit_base
from lightship.flows.request import BuildRequest
from lightship.progress import SILENT
from lightship.store.registry.access import RegistryAccess
from lightship.store.select import host_platform

pytestmark = pytest.mark.conformance

UNREACHABLE = RegistryAccess(environ={"HTTPS_PROXY": "http://127.0.0.1:9"}, retries=0)


def judged(world: World, *, measure: bool | None) -> tuple[FitOutcome, Candidate]:
    build = BuildRequest(
        project=world.project,
        options=world.options(python=MINOR, bytecode="none"),
        environ=world.environment,
        access=UNREACHABLE,
        jobs=2,
    )
    request = FitRequest(
        build=build, platform=host_platform(), now=datetime.datetime.now(datetime.UTC), measure=measure
    )
    outcome = fit_base(request, world.cache, SILENT)
    (closure,) = (row.candidate for row in outcome.rows if row.candidate.key == "closure")
    return outcome, closure


def test_lock_and_cache_tell_the_bytes_of_the_build(world: World, tmp_path: Path) -> None:
    built = world.build(tmp_path / "out", python=MINOR, bytecode="none")
    world.asked.clear()
    world.links.asked.clear()
    outcome, closure = judged(world, measure=None)
    assert outcome.notes == ()
    assert closure.figure is not None
    assert closure.figure.measured
    made = [layer for layer in built.layers if layer.name in ("base", "interpreter")]
    assert closure.figure.compressed_bytes == sum(layer.compressed_bytes for layer in made)
    assert closure.figure.unpacked_bytes == sum(layer.unpacked_bytes for layer in made)
    assert not world.asked
    assert not world.links.asked
    assert outcome.needs.read == outcome.needs.compiled


def test_without_a_lock_it_is_cited(world: World) -> None:
    (world.project / LOCK_NAME).unlink()
    world.asked.clear()
    _, closure = judged(world, measure=None)
    assert closure.figure is not None
    assert not closure.figure.measured
    assert not world.asked


def test_measuring_asks_the_archive_and_writes_no_lock(world: World) -> None:
    (world.project / LOCK_NAME).unlink()
    world.asked.clear()
    outcome, closure = judged(world, measure=True)
    assert closure.figure is not None
    assert closure.figure.measured
    assert world.asked
    assert not (world.project / LOCK_NAME).exists()
    # the registries that nobody reaches are told, one note for each
    assert [note.split(":")[0] for note in outcome.notes] == ["not measured"] * len(outcome.notes)
    assert outcome.notes


def test_wheels_that_are_not_here_leave_it_cited(world: World) -> None:
    for path in (world.cache.root / "wheels").rglob("*"):
        if path.is_file():
            path.unlink()
    outcome, closure = judged(world, measure=None)
    assert closure.figure is not None
    assert not closure.figure.measured
    assert any("compiled wheels are not in the cache" in note for note in outcome.notes)
