"""What a lock offers each C library."""

import pytest
from tests.ecosystem.python.pretend_lock import ARM64, lock_facts, package

from lightship.ecosystem.python.locked import LockedPackage
from lightship.ecosystem.python.offers import ANY_GLIBC, ANY_MUSL, OfferKind

MANY = "cp311-cp311-manylinux_2_17_x86_64"
MUSL = "cp311-cp311-musllinux_1_2_x86_64"


@pytest.mark.parametrize(
    ("tags", "sdist", "kind"),
    [
        (("py3-none-any",), False, "pure"),
        ((MANY, MUSL), True, "both"),
        ((MANY, "py3-none-any"), True, "both"),
        ((MANY,), True, "manylinux"),
        ((MUSL,), True, "musllinux"),
        (("cp311-cp311-linux_x86_64",), False, "manylinux"),
        (("cp311-cp311-win_amd64", "cp310-cp310-manylinux_2_17_x86_64"), True, "source"),
        ((), True, "source"),
        (("cp311-cp311-win_amd64",), False, "nothing"),
    ],
)
def test_a_package_is_of_a_kind(tags: tuple[str, ...], sdist: bool, kind: OfferKind) -> None:
    (offer,) = lock_facts(package("pretend-lib", *tags, sdist=sdist)).offers
    assert offer.kind == kind


def test_another_machine_has_other_offers() -> None:
    lib = package("pretend-lib", MANY, MUSL, "cp311-cp311-manylinux_2_28_aarch64", sdist=True)
    (offer,) = lock_facts(lib, platform=ARM64).offers
    assert offer.kind == "manylinux"
    assert offer.wheel("glibc", (2, 27)) is None
    assert offer.wheel("glibc", (2, 28)) is not None


def test_the_c_library_must_be_new_enough() -> None:
    lib = package("pretend-lib", "cp311-cp311-manylinux_2_34_x86_64", "cp311-abi3-manylinux2014_x86_64", MUSL)
    (offer,) = lock_facts(lib).offers
    newest, old = offer.wheel("glibc", ANY_GLIBC), offer.wheel("glibc", (2, 31))
    assert newest is not None
    assert old is not None
    assert (newest.floor, old.floor) == ((2, 34), (2, 17))
    assert offer.wheel("glibc", (2, 16)) is None
    assert offer.wheel("musl", (1, 1)) is None
    musl = offer.wheel("musl", ANY_MUSL)
    assert musl is not None
    assert musl.filename.endswith("musllinux_1_2_x86_64.whl")


def test_a_compressed_set_of_tags_counts_by_its_oldest() -> None:
    both = "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.manylinux_2_5_x86_64"
    (offer,) = lock_facts(package("pretend-lib", both)).offers
    wheel = offer.wheel("glibc", ANY_GLIBC)
    assert wheel is not None
    assert wheel.floor == (2, 5)


def test_a_compiled_wheel_goes_before_a_pure_one() -> None:
    (offer,) = lock_facts(package("pretend-lib", "py3-none-any", MANY)).offers
    wheel, other = offer.wheel("glibc", ANY_GLIBC), offer.wheel("musl", ANY_MUSL)
    assert wheel is not None
    assert other is not None
    assert (wheel.libc, other.libc) == ("glibc", "any")


def test_a_wheel_of_a_free_threaded_python_is_none() -> None:
    (offer,) = lock_facts(package("pretend-lib", "cp311-cp311t-manylinux_2_17_x86_64", sdist=True)).offers
    assert offer.kind == "source"


def test_what_is_built_from_a_repository_has_a_source() -> None:
    git = LockedPackage(name="pretend-lib", version="1.0", kind="git", url="https://example.invalid/x")
    assert lock_facts(git).offers[0].kind == "source"


def test_a_lock_without_files_is_told() -> None:
    hashed = LockedPackage(name="pretend-lib", version="1.0", hashes=("0" * 64,))
    facts = lock_facts(hashed, package("other-lib", MANY))
    assert [offer.name for offer in facts.of_kind("unlisted")] == ["pretend-lib"]
    assert [offer.name for offer in facts.without_musl] == ["other-lib"]
    assert facts.minor == "3.11"
