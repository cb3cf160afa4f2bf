"""Held-back build requirements, where uv and pip read them."""

from pathlib import Path

import pytest

from lightship.build.sdist.constraints import read_build_constraints
from lightship.errors import InputError


def test_pyproject_uv_toml_and_pip_files(tmp_path: Path) -> None:
    assert read_build_constraints(tmp_path, {}) == ()
    (tmp_path / "pyproject.toml").write_text('[tool.uv]\nbuild-constraint-dependencies = ["setuptools<81", "a==1"]\n')
    assert read_build_constraints(tmp_path, {}) == ("a==1", "setuptools<81")
    (tmp_path / "held.txt").write_text("# why\nb<2  # reason\n\n")
    named = {"PIP_BUILD_CONSTRAINT": "held.txt"}
    assert read_build_constraints(tmp_path, named) == ("a==1", "b<2", "setuptools<81")
    (tmp_path / "uv.toml").write_text("")
    assert read_build_constraints(tmp_path, {}) == ()


@pytest.mark.parametrize("text", ["build-constraint-dependencies = 3", "build-constraint-dependencies = [3]", "= 3"])
def test_a_file_that_is_not_understood(tmp_path: Path, text: str) -> None:
    (tmp_path / "uv.toml").write_text(text)
    with pytest.raises(InputError, match=r"uv\.toml"):
        read_build_constraints(tmp_path, {})


def test_a_missing_constraints_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read the build constraints"):
        read_build_constraints(tmp_path, {"PIP_BUILD_CONSTRAINT": "/nowhere"})
