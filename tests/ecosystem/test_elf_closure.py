"""What ELF files need and nobody among them provides, by the loader's rules and the wheels' habits."""

from lightship.ecosystem.elf import ElfFile
from lightship.ecosystem.elf.closure import (
    Closure,
    PlacedElf,
    find_outside_needs,
    find_unmet_versions,
    missing_versions,
)

SITE = "opt/venv/lib/python3.11/site-packages"


def placed(
    path: str,
    *needed: str,
    owner: str = "pretend",
    soname: str = "",
    rpath: tuple[str, ...] = (),
    runpath: tuple[str, ...] = (),
    versions: tuple[tuple[str, tuple[str, ...]], ...] = (),
    machine: str = "x86_64",
    interpreter: str = "",
) -> PlacedElf:
    elf = ElfFile(
        machine=machine,
        bits=64,
        type="shared",
        soname=soname,
        needed=needed,
        rpath=rpath,
        runpath=runpath,
        version_needs=versions,
        interpreter=interpreter,
    )
    return PlacedElf(path=f"{SITE}/{path}", owner=owner, elf=elf)


def outside(*files: PlacedElf) -> Closure:
    return find_outside_needs(files, machine="x86_64")


def sonames(*files: PlacedElf) -> list[str]:
    return [need.soname for need in outside(*files).needs]


def test_an_outside_library_is_told_with_its_users_and_its_highest_versions() -> None:
    c_versions = (("libc.so.6", ("GLIBC_2.2.5", "GLIBC_2.17")), ("libm.so.6", ("GLIBC_2.27",)))
    cxx_versions = (("libstdc++.so.6", ("GLIBCXX_3.4.9", "GLIBCXX_3.4.22", "CXXABI_1.3")),)
    closure = outside(
        placed("a.so", "libc.so.6", versions=c_versions),
        placed("b.so", "libc.so.6", "libstdc++.so.6", versions=(("libc.so.6", ("GLIBC_2.3.4",)), *cxx_versions)),
    )
    c, cxx = closure.needs
    assert (c.soname, c.needed_by) == ("libc.so.6", (f"{SITE}/a.so", f"{SITE}/b.so"))
    assert c.versions == ("GLIBC_2.2.5", "GLIBC_2.3.4", "GLIBC_2.17")
    assert c.highest_versions() == ("GLIBC_2.17",)
    assert cxx.highest_versions() == ("CXXABI_1.3", "GLIBCXX_3.4.22")
    assert missing_versions(cxx, ["GLIBCXX_3.4.9", "CXXABI_1.3"]) == ("GLIBCXX_3.4.22",)


def test_origin_leads_to_a_library_of_another_distribution() -> None:
    other = placed("nvidia/cublas/lib/libcublas.so.12", soname="libcublas.so.12", owner="nvidia-cublas")
    for spelling in ("$ORIGIN/../nvidia/cublas/lib", "${ORIGIN}/../nvidia/cublas/lib"):
        assert sonames(placed("torch/_c.so", "libcublas.so.12", owner="torch", runpath=(spelling,)), other) == []
        assert sonames(placed("torch/_c.so", "libcublas.so.12", owner="torch", rpath=(spelling,)), other) == []
    lost = outside(placed("torch/_c.so", "libcublas.so.12", owner="torch"), other)
    assert lost.needs[0].elsewhere == (f"{SITE}/nvidia/cublas/lib/libcublas.so.12",)


def test_lib_is_the_multiarch_directory() -> None:
    library = PlacedElf(
        path="opt/pretend/lib/x86_64-linux-gnu/libx.so.1",
        owner="deb:libx",
        elf=ElfFile(machine="x86_64", bits=64, type="shared", soname="libx.so.1"),
    )
    assert sonames(placed("a.so", "libx.so.1", rpath=("/opt/pretend/$LIB",)), library) == []


def test_a_library_of_the_same_distribution_counts_as_present_wherever_it_lies() -> None:
    assert sonames(placed("a/_c.so", "libsibling.so.1"), placed("a.libs/libsibling.so.1")) == []
    other = placed("a.libs/libsibling.so.1", owner="other")
    assert sonames(placed("a/_c.so", "libsibling.so.1"), other) == ["libsibling.so.1"]


def test_rpath_is_inherited_by_what_is_loaded_and_runpath_is_not() -> None:
    child = placed("x/libchild.so", "libdeep.so", soname="libchild.so", owner="child")
    deep = placed("deep/libdeep.so", owner="deep", soname="libdeep.so")
    search = ("$ORIGIN/../deep", "$ORIGIN/../x")
    assert sonames(placed("p/parent.so", "libchild.so", owner="p", rpath=search), child, deep) == []
    assert sonames(placed("p/parent.so", "libchild.so", owner="p", runpath=search), child, deep) == ["libdeep.so"]


def test_a_loop_of_loaders_ends() -> None:
    a = placed("a/liba.so", "libb.so", soname="liba.so", owner="a", rpath=("$ORIGIN/../b",))
    b = placed("b/libb.so", "liba.so", "libmissing.so", soname="libb.so", owner="b", rpath=("$ORIGIN/../a",))
    assert sonames(a, b) == ["libmissing.so"]


def test_another_machine_is_reported_and_its_needs_are_not() -> None:
    closure = outside(placed("a.so", "libc.so.6"), placed("b.so", "libforeign.so", machine="aarch64"))
    assert [need.soname for need in closure.needs] == ["libc.so.6"]
    assert closure.wrong_machine == ((f"{SITE}/b.so", "aarch64"),)


def test_a_foreign_library_provides_nothing() -> None:
    assert sonames(placed("a.so", "libx.so"), placed("libx.so", machine="aarch64")) == ["libx.so"]


def test_the_drivers_libraries_come_from_the_host() -> None:
    closure = outside(placed("a.so", "libcuda.so.1", "libnvidia-ml.so.1", "libcudart.so.12"))
    assert [need.soname for need in closure.host] == ["libcuda.so.1", "libnvidia-ml.so.1"]
    assert [need.soname for need in closure.needs] == ["libcudart.so.12"]


def test_a_program_needs_its_loader() -> None:
    assert sonames(placed("bin/tool", interpreter="/lib64/ld-linux-x86-64.so.2")) == ["ld-linux-x86-64.so.2"]


def test_a_library_path_is_searched() -> None:
    files = [placed("a.so", "libx.so", owner="a"), placed("x/libx.so", owner="x")]
    found = find_outside_needs(files, machine="x86_64", library_path=(f"/{SITE}/x",))
    assert found.needs == ()


def test_the_order_of_files_does_not_matter() -> None:
    files = [placed(f"{n}.so", "libz.so.1", "libc.so.6") for n in "cab"]
    assert outside(*files) == outside(*reversed(files))


def giving(path: str, soname: str, *versions: str, owner: str) -> PlacedElf:
    elf = ElfFile(machine="x86_64", bits=64, type="shared", soname=soname, version_definitions=versions)
    return PlacedElf(path=path, owner=owner, elf=elf)


def test_symbol_versions_that_the_loaded_library_lacks_are_told() -> None:
    user = placed("a.so", "libc.so.6", versions=(("libc.so.6", ("GLIBC_2.17", "GLIBC_2.38")),))
    libc = giving("usr/lib/libc.so.6", "libc.so.6", "GLIBC_2.2.5", "GLIBC_2.17", owner="libc")
    (unmet,) = find_unmet_versions([user, libc], machine="x86_64", library_path=("/usr/lib",))
    assert (unmet.path, unmet.provider, unmet.versions) == (user.path, libc.path, ("GLIBC_2.38",))
    newer = giving("opt/libc.so.6", "libc.so.6", "GLIBC_2.17", "GLIBC_2.38", owner="newer")
    both = [user, libc, newer]
    assert find_unmet_versions(both, machine="x86_64", library_path=("/opt", "/usr/lib")) == ()
    assert find_unmet_versions(both, machine="x86_64", library_path=("/usr/lib", "/opt")) == (unmet,)


def test_a_library_without_versions_has_every_version() -> None:
    user = placed("a.so", "libx.so.1", versions=(("libx.so.1", ("X_1",)),))
    plain = giving("usr/lib/libx.so.1", "libx.so.1", owner="x")
    assert find_unmet_versions([user, plain], machine="x86_64", library_path=("/usr/lib",)) == ()


def test_one_sibling_with_the_version_is_enough() -> None:
    user = placed("a.so", "libx.so.1", versions=(("libx.so.1", ("X_2",)),))
    old = giving("p.libs/old/libx.so.1", "libx.so.1", "X_1", owner="pretend")
    new = giving("p.libs/libx.so.1", "libx.so.1", "X_1", "X_2", owner="pretend")
    assert find_unmet_versions([user, old], machine="x86_64") != ()
    assert find_unmet_versions([user, old, new], machine="x86_64") == ()


def test_versions_that_are_no_numbers_are_sorted_too() -> None:
    odd = ("X_\u00b2", "X_" + "1" * 5000, "X_1.2")
    user = placed("a.so", "libx.so.1", versions=(("libx.so.1", odd),))
    (need,) = find_outside_needs([user], machine="x86_64").needs
    assert sorted(need.versions) == sorted(odd)
