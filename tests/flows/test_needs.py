"""What packages ask of their base, from facts to findings."""

from lightship.build.wheel_facts import WheelFacts
from lightship.ecosystem.elf import ElfFile
from lightship.ecosystem.python.dlopen import DlopenNeed
from lightship.ecosystem.python.interpreter import Scheme
from lightship.ecosystem.python.target import Target
from lightship.flows.needs import closure_findings, dlopen_findings, find_closure, needed_libraries, unread_findings
from lightship.oci.platform import Platform

SCHEME = Scheme(prefix="opt/venv", minor="3.11")
TARGET = Target(python="3.11.2", platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))


def elf(*needed: str, soname: str = "", machine: str = "x86_64") -> ElfFile:
    return ElfFile(machine=machine, bits=64, type="shared", soname=soname, needed=needed)


def test_libraries_that_no_package_brings_are_needed() -> None:
    facts = {
        "pretend-lib": WheelFacts(
            elves=(
                ("pretend_lib/core.so", elf("libz.so.1", "libown.so.2", "libcuda.so.1")),
                ("pretend_lib.libs/libown.so.2", elf("libc.so.6", soname="libown.so.2")),
                ("pretend_lib/arm.so", elf("libarm.so.1", machine="aarch64")),
            )
        )
    }
    closure = find_closure(facts, SCHEME, TARGET)
    assert [need.soname for need in needed_libraries(closure)] == ["libc.so.6", "libz.so.1"]
    said = {finding.code: finding.message for finding in closure_findings(closure)}
    assert "pretend_lib/arm.so is for aarch64" in said["wrong-machine"]
    assert "libcuda.so.1 must come from the host's driver" in said["host-library"]


def test_members_of_a_data_directory_are_where_an_installer_puts_them() -> None:
    facts = {"a": WheelFacts(elves=(("a-1.0.data/platlib/a/x.so", elf("liba.so.1")),))}
    (need,) = find_closure(facts, SCHEME, TARGET).needs
    assert need.needed_by == ("opt/venv/lib/python3.11/site-packages/a/x.so",)


def test_libraries_that_are_loaded_by_name_are_told_once_and_only_where_nobody_has_them() -> None:
    needs = (
        DlopenNeed(module="a/load.py", library="magic", call="find_library", line=1),
        DlopenNeed(module="a/other.py", library="libmagic.so.1", call="load", line=1),
        DlopenNeed(module="a/there.py", library="libz.so.1", call="load", line=1),
        DlopenNeed(module="a/tests/test.py", library="libnever.so", call="load", line=1),
        DlopenNeed(module="a/text.py", library="libtext.so", call="text", line=1),
    )
    (finding,) = dlopen_findings({"a": WheelFacts(dlopen=needs)}, ["libz.so.1"])
    assert finding.message == "libmagic.so is loaded by name and nothing provides it: a (a/load.py), a (a/other.py)"
    assert dlopen_findings({"a": WheelFacts(dlopen=needs)}, ["libz.so.1", "libmagic.so.1"]) == ()


def test_a_shared_object_that_cannot_be_read_is_told() -> None:
    (finding,) = unread_findings({"a": WheelFacts(not_understood=(("a/x.so", "cut short"),))})
    assert (finding.severity, finding.location) == ("warning", "a/x.so")
    assert "a/x.so of a is not understood" in finding.message
