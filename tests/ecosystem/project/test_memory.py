"""Estimates of memory: what counts, and what is said when it is not enough."""

from lightship.ecosystem.project.memory import estimate_memory, front_end_need, sdist_need, shortage
from lightship.ecosystem.project.node import FrontEnd


def _next(heap_mb: int | None = None, packages: int = 1300) -> FrontEnd:
    return FrontEnd(
        directory="web", kind="next", manager="pnpm", lock=None, node=22, output=".next", mode="standalone",
        heap_mb=heap_mb, packages=packages,
    )  # fmt: skip


def test_a_heap_that_is_set_is_what_is_taken() -> None:
    assert front_end_need(_next(4096)).peak_mb == 4096 + 1200
    assert front_end_need(_next(4096), heap_mb=2048).peak_mb == 2048 + 1200


def test_more_packages_want_more_heap_up_to_v8s_own_limit() -> None:
    small, large = front_end_need(_next(packages=100)).peak_mb, front_end_need(_next(packages=1300)).peak_mb
    assert small < large < front_end_need(_next(packages=90_000)).peak_mb == 4096 + 1200


def test_compiling_wants_more_the_more_compilers_run() -> None:
    one, four = sdist_need(["crcmod"], jobs=1), sdist_need(["crcmod"], jobs=4)
    large = sdist_need(["grpcio"], jobs=1)
    assert one is not None
    assert four is not None
    assert large is not None
    assert one.peak_mb < four.peak_mb
    assert one.peak_mb < large.peak_mb
    assert sdist_need([]) is None


def test_a_runner_that_is_large_enough_is_not_spoken_of() -> None:
    assert shortage(estimate_memory([_next(4096)], ()), 16) is None


def test_stages_that_fit_one_after_the_other_are_serialised() -> None:
    demand = estimate_memory([_next(3000), _next(3000)], ())
    said = shortage(demand, 8)
    assert said is not None
    assert f"about {demand.together_mb} MB" in said
    assert "one stage after the other" in said


def test_a_stage_that_does_not_fit_by_itself_is_capped() -> None:
    said = shortage(estimate_memory([_next(4096)], ()), 4)
    assert said is not None
    assert "NODE_OPTIONS=--max-old-space-size=4096" in said


def test_a_front_end_alone_has_no_stage_that_installs_python() -> None:
    assert [need.stage for need in estimate_memory([_next()], (), python=False).needs] == ["web"]
    assert [need.stage for need in estimate_memory([_next()], ()).needs] == ["builder", "web"]
