"""Which platforms this machine executes."""

from pathlib import Path

import pytest

from lightship.errors import UsageError
from lightship.launch.processor import check_runs_here, runs_here
from lightship.oci.platform import Platform
from lightship.store.select import host_platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


@pytest.mark.parametrize(
    ("platform", "host", "runs"),
    [
        ("linux/amd64", AMD64, True),
        ("linux/amd64/v3", AMD64, True),
        ("linux/386", AMD64, True),
        ("linux/arm/v7", ARM64, True),
        ("linux/arm64", AMD64, False),
        ("linux/amd64", ARM64, False),
        ("linux/riscv64", AMD64, False),
        ("windows/amd64", AMD64, False),
    ],
)
def test_processors(platform: str, host: Platform, runs: bool, tmp_path: Path) -> None:
    assert runs_here(Platform.parse(platform), host=host, emulators=tmp_path) is runs


@pytest.mark.parametrize(
    ("said", "runs"),
    [
        ("enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: OCF\noffset 0\n", True),
        ("enabled\ninterpreter /usr/bin/qemu-aarch64\nflags: OC\n", False),
        ("disabled\ninterpreter /usr/bin/qemu-aarch64\nflags: F\n", False),
        ("", False),
    ],
)
def test_emulators(said: str, runs: bool, tmp_path: Path) -> None:
    (tmp_path / "qemu-aarch64").write_text(said)
    assert runs_here(ARM64, host=AMD64, emulators=tmp_path) is runs


def test_a_foreign_image_is_refused_in_one_sentence() -> None:
    check_runs_here(host_platform())
    with pytest.raises(UsageError, match=r"the image is for linux/riscv64x, and this machine runs linux/"):
        check_runs_here(Platform("linux", "riscv64x"))
