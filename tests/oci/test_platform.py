"""Platforms under their many names."""

import pytest

from lightship.errors import UsageError
from lightship.oci.platform import Platform


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("linux/x86_64", "linux/amd64"),
        ("Linux/AMD64", "linux/amd64"),
        ("linux/aarch64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/v9", "linux/arm64/v9"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/6", "linux/arm/v6"),
        ("linux/amd64/v3", "linux/amd64/v3"),
    ],
)
def test_normal_form(text: str, normal: str) -> None:
    platform = Platform.parse(text)
    assert str(platform) == normal
    assert platform.normal() == platform
    assert Platform.parse(normal) == platform


@pytest.mark.parametrize("text", ["", "linux", "linux/", "/amd64", "linux/arm/v7/x", "linux//v7"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"want os/arch\[/variant\]"):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [("arm64", "linux/arm64?"), ("x86_64", "linux/amd64?"), ("AArch64", "linux/arm64?"), ("mars", None)],
)
def test_an_architecture_alone_has_a_hint(text: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as refused:
        Platform.parse(text)
    assert refused.value.hint == hint


def test_the_machine_is_uname_s() -> None:
    assert Platform.parse("linux/arm64").machine == "aarch64"
    with pytest.raises(UsageError, match="riscv64"):
        _ = Platform.parse("linux/riscv64").machine
