from tests.ecosystem.viewing import found_in

from lightship.ecosystem.apk import ApkRecogniser

INSTALLED = b"""C:Q1abc=
P:musl
V:1.2.4-r2
A:x86_64
p:so:libc.musl-x86_64.so.1=1
F:lib
R:ld-musl-x86_64.so.1
a:0:0:755
F:
R:top

P:busybox
V:1.36.1-r5
D:so:libc.musl-x86_64.so.1 musl>=1.2 !other
F:bin
R:busybox

V:nameless
"""


def test_packages_with_their_files_and_needs() -> None:
    found, problems = found_in(ApkRecogniser(), {"lib/apk/db/installed": INSTALLED, "etc/installed": b"P:no\nV:1\n"})
    assert sorted(found) == ["busybox", "musl"]
    assert tuple(found["musl"].paths) == ("lib/ld-musl-x86_64.so.1", "top")
    assert found["musl"].provides == ("so:libc.musl-x86_64.so.1",)
    assert found["busybox"].requires == (("so:libc.musl-x86_64.so.1",), ("musl",))
    assert problems == ["lib/apk/db/installed"]
