"""Whether a lock fits a base that is told by its name."""

from tests.ecosystem.python.pretend_lock import lock_facts, package

from lightship.ecosystem.base_images import known_base
from lightship.ecosystem.python.fits import Reason, fits
from lightship.ecosystem.python.offers import LockFacts

MANY = "cp311-cp311-manylinux_2_17_x86_64"
NEW = "cp311-cp311-manylinux_2_34_x86_64"
MUSL = "cp311-cp311-musllinux_1_2_x86_64"
PURE = package("pure-lib", "py3-none-any")
BINARY = package("psycopg2-binary", MANY, MUSL, sdist=True)


def reasons(facts: LockFacts, name: str) -> tuple[Reason, ...]:
    base = known_base(name)
    assert base is not None
    return fits(facts, base)


def test_musllinux_wheels_fit_alpine() -> None:
    """psycopg2-binary is compiled, and works there all the same."""
    facts = lock_facts(PURE, BINARY)
    assert reasons(facts, "python:3.11-alpine") == ()
    assert reasons(facts, "python:3.11-slim") == ()


def test_manylinux_wheels_do_not() -> None:
    facts = lock_facts(PURE, BINARY, package("with-source", MANY, sdist=True))
    (reason,) = reasons(facts, "python:3.11-alpine")
    assert reason == Reason(
        code="no-musllinux-wheel",
        message="1 of 3 packages has no musllinux wheel: each must be compiled",
        closed=False,
        packages=("with-source",),
    )
    assert reasons(facts, "cgr.dev/chainguard/wolfi-base") == ()


def test_without_an_sdist_alpine_is_closed() -> None:
    facts = lock_facts(PURE, package("closed-lib", MANY), package("with-source", MANY, sdist=True))
    (reason,) = reasons(facts, "alpine:3.20")
    assert reason.closed
    assert reason.message == "2 of 3 packages have no musllinux wheel, closed-lib not even an sdist"


def test_an_old_glibc_is_told_by_its_release() -> None:
    facts = lock_facts(package("new-lib", NEW, sdist=True))
    (reason,) = reasons(facts, "python:3.11-slim-bullseye")
    assert (reason.code, reason.closed) == ("old-glibc", False)
    assert reason.message.startswith("1 of 1 packages has no wheel for glibc 2.31 (up to 2.34 is wanted)")
    assert reasons(facts, "python:3.11-slim-bookworm") == ()
    assert reasons(facts, "python:3.11-slim") == ()  # its release moves, and is newer than the oldest


def test_an_old_musl_too() -> None:
    (reason,) = reasons(lock_facts(package("lib", MUSL)), "python:3.11-alpine3.12")
    assert (reason.code, reason.closed) == ("old-musl", True)


def test_what_has_only_a_source_is_no_reason() -> None:
    facts = lock_facts(package("source-lib", sdist=True))
    assert reasons(facts, "python:3.11-alpine") == ()


def test_the_base_has_another_python() -> None:
    facts = lock_facts(PURE, requires_python=">=3.11,<3.13")
    assert [reason.code for reason in reasons(facts, "python:3.13-slim")] == ["other-python"]
    assert [reason.message for reason in reasons(facts, "python:3.12-slim")] == [
        "it has Python 3.12, and 3.11 was asked for"
    ]
    assert reasons(facts, "python:slim") == ()


def test_a_specifier_may_name_a_patch() -> None:
    facts = lock_facts(PURE, requires_python="==3.11.4")
    assert reasons(facts, "python:3.11-slim") == ()


def test_a_base_without_python_gets_one_from_its_packages() -> None:
    facts = lock_facts(PURE, requires_python=">=3.12")
    assert [reason.code for reason in reasons(facts, "debian:12")] == ["other-python"]
    assert reasons(facts, "debian:13") == ()
    assert reasons(facts, "node:22-slim") == ()  # its release moves
    assert [reason.code for reason in reasons(facts, "gcr.io/distroless/cc-debian12")] == ["no-python"]


def test_scratch_has_no_c_library() -> None:
    assert [reason.code for reason in reasons(lock_facts(PURE), "scratch")] == ["no-libc"]
