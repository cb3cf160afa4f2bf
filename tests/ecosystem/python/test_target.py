import platform
import sys

import pytest
from packaging import tags
from tests.ecosystem.python.world import target

from lightship.oci.platform import MACHINES


@pytest.mark.skipif(
    platform.libc_ver()[0] != "glibc" or sys.platform != "linux" or platform.machine() not in MACHINES.values(),
    reason="the host is no glibc Linux",
)
def test_tags_are_those_of_packaging_on_this_host() -> None:
    architecture = next(name for name, machine in MACHINES.items() if machine == platform.machine())
    major, minor = (int(part) for part in platform.libc_ver()[1].split(".")[:2])
    here = target(platform.python_version(), f"linux/{architecture}", libc_version=(major, minor))
    own = f"linux_{platform.machine()}"
    assert [tag for tag in here.platform_tags() if tag != own] == [tag for tag in tags.platform_tags() if tag != own]
    portable = [tag for tag in tags.sys_tags() if tag.platform != own]
    assert [tag for tag in here.wheel_tags() if tag.platform != own] == portable
    assert set(here.wheel_tags()) == set(tags.sys_tags())


def test_glibc_on_x86_64_has_the_old_aliases() -> None:
    found = target(libc_version=(2, 17)).platform_tags()
    assert found[:4] == (
        "manylinux_2_17_x86_64",
        "manylinux2014_x86_64",
        "manylinux_2_16_x86_64",
        "manylinux_2_15_x86_64",
    )
    assert found[-3:] == ("manylinux_2_5_x86_64", "manylinux1_x86_64", "linux_x86_64")
    assert "manylinux2010_x86_64" in found


def test_glibc_on_aarch64_begins_with_2014() -> None:
    found = target(platform="linux/arm64").platform_tags()
    assert found[0] == "manylinux_2_36_aarch64"
    assert found[-3:] == ("manylinux_2_17_aarch64", "manylinux2014_aarch64", "linux_aarch64")
    assert not {"manylinux2010_aarch64", "manylinux1_aarch64"} & set(found)


def test_musl_has_no_manylinux() -> None:
    found = target(musl=True).platform_tags()
    assert found == ("musllinux_1_2_x86_64", "musllinux_1_1_x86_64", "musllinux_1_0_x86_64", "linux_x86_64")


def test_order_of_abis() -> None:
    found = [str(tag) for tag in target("3.12.1").wheel_tags()]
    order = ["cp312-cp312-manylinux_2_36_x86_64", "cp312-cp312-linux_x86_64", "cp312-abi3-manylinux_2_36_x86_64"]
    order += ["cp312-none-linux_x86_64", "cp311-abi3-linux_x86_64", "py312-none-linux_x86_64", "cp312-none-any"]
    order += ["py3-none-any"]
    assert [found.index(tag) for tag in order] == sorted(found.index(tag) for tag in order)
    assert "cp313-cp313-linux_x86_64" not in found
    assert not any("cp312t" in tag or "cp312d" in tag for tag in found)
