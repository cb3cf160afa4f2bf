"""Shared by every test: foreign tools are required in CI and skipped elsewhere."""

import os
import shutil

import pytest

__all__ = ["require_tool"]


def require_tool(name: str) -> str:
    """Path of a foreign program; skip the test where it is missing, fail in CI."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing: in CI no conformance test may be skipped")
        pytest.skip(f"{name} is not installed")
    return path


@pytest.fixture(name="require_tool")
def _require_tool() -> object:
    return require_tool
