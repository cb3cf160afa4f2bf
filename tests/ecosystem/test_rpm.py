from tests.ecosystem.viewing import found_in

from lightship.ecosystem.rpm import RpmRecogniser


def test_a_database_is_told_of_once() -> None:
    contents = {"usr/lib/sysimage/rpm/rpmdb.sqlite": b"", "usr/lib/sysimage/rpm/Packages": b""}
    assert found_in(RpmRecogniser(), contents) == ({}, ["usr/lib/sysimage/rpm/rpmdb.sqlite"])


def test_without_one_nothing_is_said() -> None:
    assert found_in(RpmRecogniser(), {"usr/bin/rpm": b""}) == ({}, [])
