from tests.ecosystem.viewing import found_in

from lightship.ecosystem.dpkg.recogniser import DpkgRecogniser

STATUS = b"""Package: dash
Status: install ok installed
Version: 0.5.12-2
Architecture: amd64
Pre-Depends: libc6 (>= 2.36)
Depends: debianutils (>= 5) | other, dpkg

Package: libc6
Status: install ok installed
Version: 2.36-9
Architecture: amd64
Provides: libc, libcrypt (= 1)

Package: gone
Status: deinstall ok config-files
Version: 1
"""
ROOT = "var/lib/dpkg"


def test_what_dpkg_keeps() -> None:
    found, problems = found_in(
        DpkgRecogniser(),
        {
            f"{ROOT}/status": STATUS,
            f"{ROOT}/diversions": b"/bin/sh\n/bin/sh.distrib\nbusybox\n/etc/x\n/etc/x.old\n:\n",
            f"{ROOT}/info/dash.list": b"/.\n/bin\n/bin/sh\n/bin/dash\n/etc/x\n",
            f"{ROOT}/info/libc6:amd64.list": b"/lib/libc.so.6\n",
        },
    )
    assert problems == []
    assert sorted(found) == ["dash", "libc6"]
    assert tuple(found["dash"].paths) == ("bin/sh.distrib", "bin/dash", "etc/x.old")
    assert tuple(found["libc6"].paths) == ("lib/libc.so.6",)
    assert found["dash"].requires == (("libc6",), ("debianutils", "other"), ("dpkg",))
    assert found["libc6"].provides == ("libc", "libcrypt")
    assert (found["dash"].ecosystem, found["dash"].version) == ("deb", "0.5.12-2")


def test_a_package_keeps_what_it_diverts_from_others() -> None:
    contents = {
        f"{ROOT}/status": STATUS,
        f"{ROOT}/diversions": b"/bin/sh\n/bin/sh.distrib\ndash\n",
        f"{ROOT}/info/dash.list": b"/bin/sh\n",
    }
    found, problems = found_in(DpkgRecogniser(), contents)
    assert tuple(found["dash"].paths) == ("bin/sh",)
    assert problems == [ROOT]  # libc6 has no list


def test_a_distroless_image_has_a_file_for_each_package() -> None:
    found, _ = found_in(
        DpkgRecogniser(),
        {
            f"{ROOT}/status.d/tzdata": b"Package: tzdata\nVersion: 2024a\n",
            f"{ROOT}/status.d/tzdata.md5sums": b"d41d8cd9  usr/share/zoneinfo/UTC\nab  ./etc/y z\n",
        },
    )
    assert tuple(found["tzdata"].paths) == ("usr/share/zoneinfo/UTC", "etc/y z")
    assert found["tzdata"].location == f"{ROOT}/status.d/tzdata"


def test_a_damaged_status_is_told_and_what_stands_before_counts() -> None:
    found, problems = found_in(DpkgRecogniser(), {f"{ROOT}/status": STATUS + b"\nno field\n"})
    assert sorted(found) == ["dash", "libc6"]
    assert problems == [f"{ROOT}/status", ROOT]


def test_lists_that_somebody_deleted_are_told_of_in_one_sentence() -> None:
    found, problems = found_in(DpkgRecogniser(), {f"{ROOT}/status": STATUS})
    assert problems == [ROOT]
    assert [tuple(each.paths) for each in found.values()] == [(), ()]
