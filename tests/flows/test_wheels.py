"""What can be built here for another machine is; what cannot is told at once and whole."""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Never

import pytest

from lightship.build.sdist.build import BuiltWheel
from lightship.ecosystem.python.locked import LockedPackage, Selection
from lightship.ecosystem.python.target import Target
from lightship.errors import InputError, ToolError
from lightship.findings import Finding
from lightship.flows.wheels import gather_wheels
from lightship.oci.platform import Platform
from lightship.progress import SILENT
from lightship.store.cache import Cache
from lightship.store.select import host_platform


def _never() -> Never:
    raise AssertionError("nothing is fetched, nothing is built")


FOREIGN = Platform.parse("linux/arm64" if host_platform().architecture != "arm64" else "linux/amd64")


class _Builder:
    """Builds what it was told to; without compilers, what of it does without."""

    def __init__(self, tags: Mapping[str, str], asked: list[str], *, compilers: bool) -> None:
        self._tags = tags
        self._asked = asked
        self._compilers = compilers

    def build_directory(self, directory: Path, *, project: str, **_ignored: object) -> BuiltWheel:
        self._asked.append(f"{project} {'with' if self._compilers else 'without'}")
        tag = self._tags[project]
        if tag == "must":
            if not self._compilers:
                raise ToolError("no compiler")
            tag = f"cp312-cp312-linux_{host_platform().machine}"
        elif tag == "may":
            tag = f"cp312-cp312-linux_{host_platform().machine}" if self._compilers else "py3-none-any"
        path = directory / "wheel"
        return BuiltWheel(
            filename=f"{project.replace('-', '_')}-1.0-{tag}.whl", path=path, sha256="0" * 64, size_bytes=1
        )


def _gather(tmp_path: Path, tags: Mapping[str, str], asked: list[str]) -> tuple[list[str], list[Finding]]:
    target = Target(python="3.12.1", platform=FOREIGN, libc="glibc", libc_version=(2, 36))
    packages = tuple(LockedPackage(name=name, version="1", kind="directory", directory=tmp_path) for name in tags)
    selection = Selection(lock=tmp_path / "pylock.toml", lock_sha256="0" * 64, packages=packages)
    findings: list[Finding] = []

    def builder(compilers: bool) -> Any:
        return contextlib.nullcontext(_Builder(tags, asked, compilers=compilers))

    wheels = gather_wheels(
        selection, target, _never, builder, Cache(tmp_path), findings=findings, jobs=1, progress=SILENT
    )
    return [wheel.filename for wheel in wheels], findings


def test_a_pure_source_is_built_here_for_another_machine(tmp_path: Path) -> None:
    asked: list[str] = []
    filenames, findings = _gather(tmp_path, {"pretend-pure": "py3-none-any"}, asked)
    assert (filenames, findings, asked) == (["pretend_pure-1.0-py3-none-any.whl"], [], ["pretend-pure with"])


def test_what_can_do_without_its_extension_is_built_so_and_told(tmp_path: Path) -> None:
    asked: list[str] = []
    filenames, findings = _gather(tmp_path, {"pretend-may": "may", "pretend-pure": "py3-none-any"}, asked)
    assert filenames == ["pretend_may-1.0-py3-none-any.whl", "pretend_pure-1.0-py3-none-any.whl"]
    assert [(finding.code, "pretend-may" in finding.message) for finding in findings] == [("extension-left-out", True)]
    assert asked == ["pretend-may with", "pretend-pure with", "pretend-may without"]


def test_all_that_must_compile_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        _gather(tmp_path, {"pretend-b": "must", "pretend-a": "must", "pretend-may": "may"}, [])
    assert str(caught.value) == (
        f"2 packages have no wheel for {FOREIGN} and cannot be built without compiling for it: pretend-a, pretend-b"
    )
    assert caught.value.hint is not None
    assert "lock versions that have a wheel" in caught.value.hint
