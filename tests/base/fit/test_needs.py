"""What wheels need of a base, by their tags and by their symbols."""

from tests.ecosystem.python.pretend_lock import lock_facts, package

from lightship.base.fit.needs import Library, Versions, find_needs
from lightship.ecosystem.elf import ElfFile
from lightship.ecosystem.elf.closure import PlacedElf, find_outside_needs


def elf(**more: object) -> ElfFile:
    return ElfFile(machine="x86_64", bits=64, type="shared", **more)  # type: ignore[arg-type]


def test_by_tags_the_oldest_glibc_that_has_every_wheel() -> None:
    facts = lock_facts(
        package("pure-lib", "py3-none-any"),
        package("old-lib", "cp311-cp311-manylinux2014_x86_64", "cp311-cp311-manylinux_2_34_x86_64"),
        package("new-lib", "cp311-cp311-manylinux_2_28_x86_64"),
        package("source-lib", sdist=True),
    )
    needs = find_needs(facts, {}, None, {})
    assert (needs.tagged, needs.tagged_by, needs.compiled, needs.read) == ((2, 28), ("new-lib",), 2, 0)
    assert needs.exact == ()
    assert needs.libraries == ()


def test_pure_packages_need_nothing() -> None:
    needs = find_needs(lock_facts(package("pure-lib", "py3-none-any")), {}, None, {})
    assert (needs.tagged, needs.tagged_by, needs.compiled) == ((0, 0), (), 0)


def test_exactly_by_the_symbols_of_libraries_from_outside() -> None:
    many = "cp311-cp311-manylinux_2_17_x86_64"
    facts = lock_facts(package("one-lib", many), package("two-lib", many), package("unread-lib", many))
    files = {
        "one-lib": [
            elf(
                needed=("libc.so.6", "libstdc++.so.6", "libown.so.1"),
                version_needs=(
                    ("libc.so.6", ("GLIBC_2.4", "GLIBC_2.17")),
                    ("libstdc++.so.6", ("GLIBCXX_3.4.9", "GLIBCXX_3.4.22", "CXXABI_1.3")),
                    ("libown.so.1", ("GLIBC_2.99",)),
                ),
            ),
            elf(soname="libown.so.1", needed=("libc.so.6",)),
        ],
        "two-lib": [
            elf(needed=("libc.so.6", "libcuda.so.1"), version_needs=(("libc.so.6", ("GLIBC_2.17", "GLIBC_PRIVATE")),))
        ],
    }
    placed = [
        PlacedElf(path=f"{name}/{place}", owner=name, elf=each)
        for name, elves in files.items()
        for place, each in enumerate(elves)
    ]
    closure = find_outside_needs(placed, machine="x86_64")
    needs = find_needs(facts, files, closure, {each.path: each.owner for each in placed})
    assert (needs.compiled, needs.read) == (3, 2)
    assert needs.exact == (
        Versions(family="GLIBC", version="2.17", packages=("one-lib", "two-lib")),
        Versions(family="GLIBCXX", version="3.4.22", packages=("one-lib",)),
        Versions(family="CXXABI", version="1.3", packages=("one-lib",)),
    )
    assert needs.libraries == (
        Library(soname="libc.so.6", packages=("one-lib", "two-lib")),
        Library(soname="libstdc++.so.6", packages=("one-lib",)),
        Library(soname="libcuda.so.1", packages=("two-lib",), from_host=True),
    )
