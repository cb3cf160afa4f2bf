from tests.ecosystem.viewing import found_in

from lightship.ecosystem.python.recogniser import PythonRecogniser

METADATA = b"""Metadata-Version: 2.1
Name: Pretend_Lib
Version: 1.5
Requires-Dist: numpy >=1.2
Requires-Dist: colorama; sys_platform == "win32"
Requires-Dist: pytest>=7; extra == 'test'
Requires-Dist: other[more] (>=2) ; python_version < "3.9"

Name: not-this
Requires-Dist: nor-this
"""
SITE = "opt/lib/site-packages"


def test_a_wheel_owns_what_its_record_says() -> None:
    place = f"{SITE}/pretend_lib-1.5.dist-info"
    record = b'pretend/a.py,sha256=x,3\r\n"pretend/b,c.py",,\r\n../../bin/pretend,sha256=y,4\r\n/abs/path,,\r\n'
    found, problems = found_in(
        PythonRecogniser(),
        {f"{place}/METADATA": METADATA, f"{place}/RECORD": record, f"{place}/REQUESTED": b""},
    )
    one = found["pretend-lib"]
    assert problems == []
    assert tuple(one.paths) == (
        f"{SITE}/pretend/a.py", f"{SITE}/pretend/b,c.py", "opt/bin/pretend", "abs/path",
    )  # fmt: skip
    assert one.directories == (place,)
    assert one.requires == (("numpy",),)
    assert one.may_require == ("colorama", "other")
    assert (one.version, one.requested, one.location) == ("1.5", True, f"{place}/METADATA")


def test_an_egg_info_with_and_without_a_list() -> None:
    info = f"{SITE}/old.egg-info"
    listed, _ = found_in(
        PythonRecogniser(),
        {
            f"{info}/PKG-INFO": b"Name: old\nVersion: 2\n",
            f"{info}/installed-files.txt": b"../old/__init__.py\nPKG-INFO\n",
            f"{info}/top_level.txt": b"old\n",
        },
    )
    assert tuple(listed["old"].paths) == (f"{SITE}/old/__init__.py", f"{info}/PKG-INFO", info)
    assert listed["old"].directories == (info,)
    guessed, _ = found_in(
        PythonRecogniser(),
        {f"{info}/PKG-INFO": b"Name: old\nVersion: 2\n", f"{info}/top_level.txt": b"old\n../evil\n"},
    )
    assert tuple(guessed["old"].paths) == (f"{SITE}/old.py", info)
    assert guessed["old"].directories == (info, f"{SITE}/old")


def test_distutils_and_eggs() -> None:
    found, _ = found_in(
        PythonRecogniser(),
        {
            f"{SITE}/plain-1.egg-info": b"Name: plain\nVersion: 1\n",
            f"{SITE}/egg-3.egg/EGG-INFO/PKG-INFO": b"Name: egg\nVersion: 3\n",
        },
    )
    assert tuple(found["plain"].paths) == (f"{SITE}/plain-1.egg-info",)
    assert found["egg"].directories == (f"{SITE}/egg-3.egg",)


def test_metadata_without_a_name_is_told() -> None:
    path = f"{SITE}/x-1.dist-info/METADATA"
    assert found_in(PythonRecogniser(), {path: b"\xff\xfe\0"}) == ({}, [path])


def test_sources_beside_an_sdist_are_no_distribution() -> None:
    assert found_in(PythonRecogniser(), {"src/app/PKG-INFO": b"Name: x\nVersion: 1\n"}) == ({}, [])
