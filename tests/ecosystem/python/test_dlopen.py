"""Names of libraries that sources hand to the dynamic loader."""

import pytest

from lightship.ecosystem.python.dlopen import find_dlopen_needs


def found(source: str) -> list[tuple[str, str]]:
    return [(need.library, need.call) for need in find_dlopen_needs("pretend/lib.py", source.encode())]


@pytest.mark.parametrize(
    ("source", "needs"),
    [
        ("ctypes.util.find_library('magic')", [("magic", "find_library")]),
        ("from ctypes.util import find_library as f\nfind_library('usb-1.0')", [("usb-1.0", "find_library")]),
        ("x = CDLL('libmagic.so.1')", [("libmagic.so.1", "load")]),
        ("ctypes.cdll.LoadLibrary('libc.so.6')", [("libc.so.6", "load")]),
        ("ffi.dlopen('libpretend.so')", [("libpretend.so", "load")]),
        ("CDLL(find_library('geos_c') or 'libgeos_c.so.1')", [("geos_c", "find_library"), ("libgeos_c.so.1", "load")]),
        ("CDLL('libz.so' if linux else 'z.dll')", [("libz.so", "load")]),
        ("names = ['libA.so.2', 'A.dylib']\nfor n in names: CDLL(n)", [("libA.so.2", "text")]),
        ("find_library('x.dll'); CDLL('kernel32.dll')", []),
        ("CDLL(None); CDLL(name); find_library()", []),
        ("name = 'libunused.so.1'", []),
        ("'''CDLL('libdoc.so.1')'''", []),
    ],
)
def test_calls(source: str, needs: list[tuple[str, str]]) -> None:
    assert found(source) == needs


def test_a_source_that_does_not_parse_gives_nothing() -> None:
    assert found("print 'CDLL'") == []
    assert found("CDLL(" + "(" * 100_000) == []
    assert find_dlopen_needs("a.py", b"CDLL('libx.so')\0") == ()
    assert find_dlopen_needs("a.py", b"# coding: pretend\nCDLL('libx.so')") == ()


def test_invalid_escapes_say_nothing() -> None:
    assert found(r"CDLL('libx.so'); '\d'") == [("libx.so", "load")]


def test_the_place_is_told() -> None:
    (need,) = find_dlopen_needs("pretend/lib.py", b"\n\nCDLL('libx.so')")
    assert (need.module, need.line) == ("pretend/lib.py", 3)
