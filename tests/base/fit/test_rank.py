"""What a lock comes to on each base, and in which order."""

from dataclasses import replace

from tests.ecosystem.python.pretend_lock import lock_facts, package

from lightship.base.fit.bases import Candidate, Figure, candidates
from lightship.base.fit.rank import judge, packages_on, rank, smallest
from lightship.ecosystem.python.locked import LockedPackage

MANY = "cp311-cp311-manylinux_2_17_x86_64"
MUSL = "cp311-cp311-musllinux_1_2_x86_64"
PURE = package("pure-lib", "py3-none-any", size_bytes=10)
BOTH = package("both-lib", MANY, MUSL, sdist=True, size_bytes=100)
GLIBC = package("glibc-lib", MANY, sdist=True, size_bytes=1000)
LOST = package("lost-lib", MANY, size_bytes=5)
SOURCE = package("source-lib", sdist=True, size_bytes=5)


def base(key: str, size: int | None, *, libc: str | None = "glibc", at_least: bool = False) -> Candidate:
    figure = Figure(compressed_bytes=size, at_least=at_least, source="a test", date="2026-11-01") if size else None
    return Candidate(key=key, title=key, libc=libc, python="3.11", figure=figure)


def test_each_package_becomes_a_wheel_a_build_or_nothing() -> None:
    facts = lock_facts(PURE, BOTH, GLIBC, LOST, SOURCE)
    on_glibc = packages_on(facts.offers, "glibc", (2, 36))
    assert (on_glibc.wheels, on_glibc.builds, on_glibc.extra, on_glibc.missing) == (4, ("source-lib",), (), ())
    assert (on_glibc.compressed_bytes, on_glibc.estimated, on_glibc.unsized) == (1120, 1, 0)
    on_musl = packages_on(facts.offers, "musl", (1, 2))
    assert on_musl.builds == ("glibc-lib", "source-lib")
    assert (on_musl.extra, on_musl.missing) == (("glibc-lib",), ("lost-lib",))
    assert (on_musl.compressed_bytes, on_musl.estimated, on_musl.unsized) == (1120, 3, 0)


def test_what_has_no_size_is_counted_out_on_every_base() -> None:
    """Else a base would seem small because the lock is silent about its wheels."""
    silent = package("lib", MANY, size_bytes=None)
    musl = package("lib", MUSL, size_bytes=70).wheels
    facts = lock_facts(replace(silent, wheels=(*silent.wheels, *musl)), package("other", MANY, MUSL, size_bytes=None))
    for libc, version in (("glibc", (2, 36)), ("musl", (1, 2))):
        found = packages_on(facts.offers, libc, version)
        assert (found.compressed_bytes, found.unsized) == (70, 1)


def test_a_lock_without_files_is_neither_built_nor_missing() -> None:
    facts = lock_facts(LockedPackage(name="lib", version="1", hashes=("0" * 64,)))
    found = packages_on(facts.offers, "musl", (1, 2))
    assert (found.unknown, found.builds, found.missing, found.unsized) == (("lib",), (), (), 1)


def test_what_fits_goes_before_what_compiles_before_what_is_closed() -> None:
    facts = lock_facts(PURE, BOTH, GLIBC)
    rows = [
        judge(base("small-musl", 1, libc="musl"), facts),
        judge(base("no-libc", 1, libc=None), facts),
        judge(base("large", 900), facts),
        judge(base("small", 100), facts),
        judge(base("open", 50, at_least=True), facts),
        judge(base("unknown", None), facts),
    ]
    ranked = rank(rows)
    assert [row.candidate.key for row in ranked] == ["small", "large", "open", "unknown", "small-musl", "no-libc"]
    assert [row.status for row in ranked] == ["fits"] * 4 + ["compiles", "closed"]
    assert smallest(rows) is ranked[0]
    assert ranked[0].total_bytes == 100 + 1110
    assert ranked[3].total_bytes is None
    assert ranked[5].total_bytes is None


def test_musl_wins_where_every_package_has_its_wheels() -> None:
    """Nothing here is against Alpine: with musllinux wheels it ranks by its bytes."""
    facts = lock_facts(PURE, BOTH)
    rows = rank([judge(base("glibc", 100), facts), judge(base("musl", 50, libc="musl"), facts)])
    assert [row.candidate.key for row in rows] == ["musl", "glibc"]
    assert rows[0].status == "fits"


def test_nothing_fits_a_lock_that_has_no_file() -> None:
    facts = lock_facts(package("lost-lib", "cp311-cp311-manylinux_2_99_x86_64"))
    old = Candidate(key="old", title="old", libc_version=(2, 31), python="3.11")
    assert judge(old, facts).status == "closed"
    assert smallest([judge(old, facts)]) is None


def test_a_base_with_another_python_is_closed() -> None:
    facts = lock_facts(PURE)
    rows = {row.candidate.key: row for row in (judge(each, facts) for each in candidates("3.11"))}
    assert rows["ubuntu"].status == "closed"
    assert rows["ubuntu"].reasons[0].code == "other-python"
    assert rows["distroless"].status == "fits"
    assert rows["alpine"].status == "fits"
