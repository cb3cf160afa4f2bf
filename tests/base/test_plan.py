"""From a signed archive to the entries of a root file system, with and without a lock."""

import dataclasses
from pathlib import Path

import pytest
from tests.base.conftest import Distribution
from tests.base.pretend import Deb, directory, file, hardlink, library, symlink
from tests.base.pretend_elf import shared_object

from lightship.archive.content import Inline
from lightship.archive.inflate import Containers, read_content
from lightship.base.lock import parse_lock
from lightship.base.plan import plan_base
from lightship.base.request import Account, Base, NeededLibrary
from lightship.errors import InputError, NetworkError
from lightship.plan.model import Entry
from lightship.store.cache import Cache


def _base(debian: Distribution, *needed: str, **fields: object) -> Base:
    with plan_base(debian.request(**fields), debian.cache) as plan:
        plan.probe()
        return plan.close([NeededLibrary(soname=soname, why="needed by pretend-lib") for soname in needed])


def _by_path(base: Base) -> dict[str, Entry]:
    return {entry.path: entry for entry in base.entries}


def _text(entry: Entry) -> str:
    assert entry.content is not None
    with Containers() as containers:
        return bytes(read_content(entry.content, containers)).decode()


def test_probe_reads_the_index_alone(debian: Distribution) -> None:
    debian.archive.write()
    with plan_base(debian.request(), debian.cache) as plan:
        interpreter = plan.probe()
    assert interpreter.executable == "usr/bin/python3.11"
    assert interpreter.target.python == "3.11.2"
    assert interpreter.target.libc_version == (2, 36)
    assert not [path for path in debian.asked if path.endswith(".deb")]


def test_a_base_is_a_root(debian: Distribution) -> None:
    debian.archive.write()
    base = _base(debian, account=Account(uid=1001, gid=1001))
    entries = _by_path(base)
    assert [entry.path for entry in base.entries] == sorted(entries)
    for entry in base.entries:
        above = entry.path.rpartition("/")[0]
        assert not above or entries[above].type == "dir", entry
    assert entries["lib"].link_target == "usr/lib"
    assert entries["lib64"].link_target == "usr/lib64"
    assert entries["usr/lib/x86_64-linux-gnu/libc.so.6"].owner == "deb:libc6=2.36-9"
    assert entries["tmp"].mode == 0o1777
    assert entries["usr/bin/python3"].link_target == "python3.11"
    assert "app:x:1001:1001:" in _text(entries["etc/passwd"])
    assert (entries["home/app"].uid, entries["home/app"].gid, entries["home/app"].mode) == (1001, 0, 0o775)
    assert _text(entries["etc/ssl/certs/ca-certificates.crt"]).count("END CERTIFICATE-----\n") == 2
    assert base.libraries["libz.so.1"] == "usr/lib/x86_64-linux-gnu/libz.so.1"
    assert base.env["LANG"] == "C.UTF-8"


def test_what_nobody_reads_is_dropped_with_a_reason(debian: Distribution) -> None:
    debian.archive.write()
    base = _base(debian)
    dropped = {drop.path: drop.rule for drop in base.dropped}
    assert dropped["usr/share/man/man1/python3.11.1.gz"] == "deb-manuals"
    assert dropped["usr/lib/python3.11/test/test_os.py"] == "stdlib-idle"
    assert dropped["usr/bin/getent"] == "libc-tools"
    assert dropped["etc/issue"] == "base-files"
    assert all(drop.safety == "safe" and drop.reason for drop in base.dropped)
    entries = _by_path(base)
    assert not dropped.keys() & entries.keys()
    assert "usr/share/doc/zlib1g/copyright" in entries


def test_scanners_find_the_packages(debian: Distribution) -> None:
    debian.archive.write()
    entries = _by_path(_base(debian))
    assert "Version: 3.11.2-6\n" in _text(entries["var/lib/dpkg/status.d/libpython3.11-stdlib"])
    sums = _text(entries["var/lib/dpkg/status.d/libpython3.11-stdlib.md5sums"])
    assert "os.py" in sums
    assert "test_os.py" not in sums


def test_libraries_come_from_what_files_need(debian: Distribution) -> None:
    """python3.11 of the pretend distribution does not depend on zlib1g; its ELF file needs it."""
    debian.archive.write()
    base = _base(debian)
    (why,) = {entry.why for entry in base.entries if entry.path.endswith("libz.so.1")}
    assert why == "has libz.so.1, needed by python3.11"


def test_needed_libraries_with_what_they_need_in_turn(debian: Distribution) -> None:
    debian.archive.add(
        library("libfoo-2-1t64", "libfoo-2.so.1", needed=["libbar.so.3"]),
        library("libbar3", "libother.so.9"),  # named like it, and without it: opened and refused
        library("strange-name", "libbar.so.3"),
    )
    debian.archive.contents["usr/lib/x86_64-linux-gnu/libbar.so.3"] = "strange-name"
    debian.archive.write()
    base = _base(debian, "libfoo-2.so.1", "libcuda.so.1")
    assert {"libfoo-2-1t64", "strange-name"} <= base.packages.keys()
    assert "libbar3" not in base.packages
    assert base.missing == {"libcuda.so.1": "has libcuda.so.1, needed by pretend-lib"}


def test_a_lock_needs_no_network(debian: Distribution) -> None:
    debian.archive.add(library("libfoo1", "libfoo.so.1"))
    debian.archive.write()
    first = _base(debian, "libfoo.so.1", "libcuda.so.1")
    lock = parse_lock(first.lock.text())
    debian.asked.clear()
    second = _base(debian, "libfoo.so.1", "libcuda.so.1", lock=lock)
    assert debian.asked == []
    assert second.entries == first.entries
    assert second.lock.text() == first.lock.text()
    assert second.cache_key == first.cache_key


def test_a_lock_keeps_its_versions_and_grows(debian: Distribution) -> None:
    debian.archive.write()
    lock = _base(debian).lock
    debian.archive.debs = [
        dataclasses.replace(deb, version="2.0-1") if deb.name == "netbase" else deb for deb in debian.archive.debs
    ]
    debian.archive.add(library("libfoo1", "libfoo.so.1"))
    debian.archive.write()
    again = _base(debian, "libfoo.so.1", lock=lock)
    assert again.packages["netbase"] == "1.0-1"
    assert "libfoo1" in again.packages
    assert _base(debian).packages["netbase"] == "2.0-1"


def test_a_locked_package_that_is_gone(debian: Distribution, tmp_path: Path) -> None:
    debian.archive.write()
    lock = _base(debian).lock
    for path in [*debian.archive.root.glob("pool/main/netbase/*"), *debian.cache.root.glob("debs/*/*")]:
        path.unlink()
    with pytest.raises(NetworkError, match=r"package gone from the archive: netbase 1\.0-1") as caught:
        _base(debian, lock=lock)
    assert "snapshot" in str(caught.value.hint)


def test_system_packages_and_their_notes(debian: Distribution) -> None:
    script = '#!/bin/sh\nset -e\nif [ "$1" = configure ]; then\n  update-alternatives --install /usr/bin/awk awk \\\n'
    script += "    /usr/bin/mawk 5 --slave /usr/share/man/man1/awk.1 awk.1 /usr/share/man/man1/mawk.1\n"
    script += "  build-cache --all\nfi\nexit 0\n"
    debian.archive.add(
        Deb(
            name="mawk",
            members=[
                file("./usr/bin/mawk", b"#!/bin/sh\n", mode=0o4755),
                hardlink("./usr/bin/mawk-too", "./usr/bin/mawk"),
            ],
            postinst=script,
        ),
        Deb(name="dash", members=[file("./bin/dash", b"dash", mode=0o755), symlink("./bin/sh", "dash")]),
    )
    debian.archive.write()
    base = _base(debian, system_packages=("mawk",))
    entries = _by_path(base)
    assert entries["usr/bin/awk"].link_target == "/usr/bin/mawk"
    assert entries["usr/bin/mawk"].mode == 0o755, "no set-user-ID programs"
    assert (entries["usr/bin/mawk-too"].type, entries["usr/bin/mawk-too"].link_target) == ("hardlink", "usr/bin/mawk")
    assert entries["usr/bin/sh"].why == "runs the script mawk of mawk"
    assert base.notes == ("postinst of mawk does not run; it would have: build-cache --all",)


def test_programs_of_an_entrypoint(debian: Distribution) -> None:
    debian.archive.add(Deb(name="bash", members=[file("./bin/bash", b"bash", mode=0o755)]))
    debian.archive.write()
    with plan_base(debian.request(), debian.cache) as plan:
        base = plan.close(programs=["/bin/bash", "/usr/bin/python3"])
    assert _by_path(base)["usr/bin/bash"].why == "the entrypoint needs it"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"system_packages": ("nonsense",)}, "package not in the archive: nonsense"),
        ({"python": "3.99"}, "no Python 3.99"),
        ({"python": "/nowhere/python"}, "no CPython in /nowhere/python"),
    ],
)
def test_what_cannot_be_had(debian: Distribution, fields: dict[str, object], message: str) -> None:
    debian.archive.write()
    with pytest.raises(InputError, match=message):
        _base(debian, **fields)


def test_a_file_of_two_packages_is_told(debian: Distribution) -> None:
    debian.archive.add(
        Deb(name="aa", members=[file("./etc/both", b"1")]), Deb(name="bb", members=[file("./etc/both", b"2")])
    )
    debian.archive.write()
    base = _base(debian, system_packages=("aa", "bb"))
    assert _text(_by_path(base)["etc/both"]) == "2"
    assert base.notes == ("etc/both is in aa and bb: that of bb is taken",)


def test_a_directory_that_is_a_link_is_resolved(debian: Distribution) -> None:
    debian.archive.add(Deb(name="aa", members=[file("./var/run/aa/pid", b"1")]))
    debian.archive.write()
    entries = _by_path(_base(debian, system_packages=("aa",)))
    assert entries["run/aa/pid"].owner == "deb:aa=1.0-1"
    assert "var/run/aa" not in entries


def test_runpath_finds_a_library_in_a_directory_of_its_own(debian: Distribution) -> None:
    inside = "./usr/lib/x86_64-linux-gnu/own"
    debian.archive.add(
        Deb(
            name="aa",
            members=[
                file(
                    "./usr/bin/aa", shared_object(needed=["libown.so"], runpath="$ORIGIN/../lib/x86_64-linux-gnu/own")
                ),
                file(f"{inside}/libown.so", shared_object(soname="libown.so")),
            ],
        )
    )
    debian.archive.write()
    assert _base(debian, system_packages=("aa",)).missing == {}


def test_a_package_that_ships_the_links_of_a_merged_usr(debian: Distribution) -> None:
    """As base-files of Debian 13 does: ``bin`` is a link, and ``usr/bin`` a directory of the same package."""
    debian.archive.debs = [
        dataclasses.replace(deb, members=[symlink("./bin", "usr/bin"), directory("./usr/bin"), *deb.members])
        if deb.name == "base-files"
        else deb
        for deb in debian.archive.debs
    ]
    debian.archive.write()
    entries = _by_path(_base(debian))
    assert (entries["bin"].type, entries["bin"].link_target) == ("symlink", "usr/bin")
    assert entries["usr/bin"].type == "dir"


@pytest.mark.parametrize("compression", ["gz", "zst", "xz"])
def test_every_compression_of_packages(debian: Distribution, compression: str) -> None:
    debian.archive.add(Deb(name="aa", members=[file("./etc/aa", b"aa" * 20_000)], compression=compression))
    debian.archive.write()
    assert len(_text(_by_path(_base(debian, system_packages=("aa",)))["etc/aa"])) == 40_000


def test_a_package_where_the_distribution_has_it(debian: Distribution) -> None:
    debian.archive.add(Deb(name="tzdata-legacy", members=[file("./usr/share/zoneinfo/US/Pacific", b"TZif")]))
    debian.archive.write()
    first = _base(debian)
    assert "usr/share/zoneinfo/US/Pacific" in _by_path(first)
    assert _base(debian, lock=first.lock).entries == first.entries


def test_symbol_versions_that_the_base_lacks_are_told(debian: Distribution) -> None:
    versions = ["GLIBC_2.2.5", "GLIBC_2.36"]
    debian.archive.debs = [
        dataclasses.replace(
            deb,
            members=[
                file("./lib/x86_64-linux-gnu/libc.so.6", shared_object(soname="libc.so.6", versions=versions)),
            ],
        )
        if deb.name == "libc6"
        else deb
        for deb in debian.archive.debs
    ]
    debian.archive.write()
    with plan_base(debian.request(), debian.cache) as plan:
        need = NeededLibrary(soname="libc.so.6", why="needed by pretend.so", versions=("GLIBC_2.2.5", "GLIBC_2.38"))
        base = plan.close([need])
    assert base.notes == ("libc.so.6 of the base does not define GLIBC_2.38, needed by pretend.so: it will not load",)


@pytest.mark.parametrize("asks", [True, False])
def test_text_conversion_goes_when_nothing_asks_for_it(debian: Distribution, asks: bool) -> None:
    tables = "./usr/lib/x86_64-linux-gnu/gconv/UTF-16.so"
    debian.archive.debs = [
        dataclasses.replace(deb, members=[*deb.members, file(tables, shared_object())]) if deb.name == "libc6" else deb
        for deb in debian.archive.debs
    ]
    needed = ["libc.so.6", *(["iconv_open"] if asks else [])]
    debian.archive.add(Deb(name="aa", members=[file("./usr/bin/aa", shared_object(needed=needed))]))
    debian.archive.contents["usr/bin/none"] = "none"
    debian.archive.write()
    with plan_base(debian.request(system_packages=("aa",)), debian.cache) as plan:
        base = plan.close(text_conversion=False)
    assert (tables.removeprefix("./") in _by_path(base)) == asks
    assert ("libc-gconv" in {drop.rule for drop in base.dropped}) != asks


@pytest.mark.parametrize(("locales", "stays"), [("C.utf8", False), ("de_DE.utf8", True)])
def test_text_conversion_for_the_locale_alone_needs_no_tables(debian: Distribution, locales: str, stays: bool) -> None:
    """libstdc++ asks for iconv to narrow a locale's separators, and C.UTF-8 has none to narrow."""
    tables = "./usr/lib/x86_64-linux-gnu/gconv/UTF-16.so"
    locale = f"./usr/lib/locale/{locales}/LC_CTYPE"
    asking = shared_object(needed=["libc.so.6", "iconv_open"])
    more = {
        "libc6": [file(tables, shared_object()), file(locale, b"locale")],
        "libc-bin": [file("./sbin/ldconfig", asking, mode=0o755)],
    }
    debian.archive.debs = [
        dataclasses.replace(deb, members=[*deb.members, *more.get(deb.name, ())]) for deb in debian.archive.debs
    ]
    library = "./usr/lib/x86_64-linux-gnu/libstdc++.so.6"
    debian.archive.debs = [deb for deb in debian.archive.debs if deb.name != "libstdc++6"]
    debian.archive.add(Deb(name="libstdc++6", members=[file(library, asking)]))
    debian.archive.contents["usr/bin/none"] = "none"
    debian.archive.write()
    with plan_base(debian.request(system_packages=("libstdc++6",)), debian.cache) as plan:
        base = plan.close(text_conversion=False)
    assert (tables.removeprefix("./") in _by_path(base)) == stays


def test_find_library_keeps_ldconfig(debian: Distribution) -> None:
    debian.archive.debs = [
        dataclasses.replace(deb, members=[*deb.members, file("./sbin/ldconfig", b"ldconfig", mode=0o755)])
        if deb.name == "libc-bin"
        else deb
        for deb in debian.archive.debs
    ]
    debian.archive.write()
    with plan_base(debian.request(), debian.cache) as plan:
        assert "usr/sbin/ldconfig" not in _by_path(plan.close(find_library=False))
    entries = _by_path(_base(debian))
    assert "usr/sbin/ldconfig" in entries
    content = entries["etc/ld.so.cache"].content
    assert isinstance(content, Inline)
    assert b"libz.so.1\0/usr/lib/x86_64-linux-gnu/libz.so.1\0" in content.content
    assert b"libz.so.1.0\0/" not in content.content, "listed by soname, as ldconfig does"


def test_two_caches_give_one_base(debian: Distribution, tmp_path: Path) -> None:
    debian.archive.write()
    first = _base(debian)
    debian.cache = Cache(tmp_path / "another")
    second = _base(debian)
    assert second.cache_key == first.cache_key
    assert second.lock.text() == first.lock.text()
    assert [(entry.path, entry.mode, entry.why) for entry in second.entries] == [
        (entry.path, entry.mode, entry.why) for entry in first.entries
    ]


def test_a_container_that_was_cut_short_is_made_again(debian: Distribution) -> None:
    debian.archive.write()
    first = _base(debian)
    for path in debian.cache.root.glob("debs/*/*.pack-*"):
        path.write_bytes(path.read_bytes()[:-1])
    again = _base(debian)
    assert again.entries == first.entries
    with Containers() as containers:
        for entry in again.entries:
            if entry.content is not None:
                read_content(entry.content, containers)
