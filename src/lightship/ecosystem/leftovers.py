"""Names that tell what a file is for, where it is of no use once an application runs.

Shared by what leaves files out of an image (`lightship.plan.drop`) and what finds them in one
(`lightship.analyze.rules`). Only names are looked at: whether something needs the file after all is for the caller.
"""

import re

__all__ = [
    "BUILD_TOOLS",
    "DOCUMENT",
    "EDITOR_NAMES",
    "EDITOR_SUFFIXES",
    "HEADER_SUFFIXES",
    "LINKER_SUFFIXES",
    "RUN_TIME_COMPILERS",
    "SOURCE_MAP_SUFFIXES",
    "TEMPLATES",
    "TEST_DIRECTORIES",
    "TEST_MODULE",
    "VCS_DIRECTORIES",
    "VCS_FILES",
    "feeds_a_compiler",
]

BUILD_TOOLS = frozenset({"pip", "setuptools", "wheel", "uv", "virtualenv", "pip-tools", "build", "pipenv"})
"""Distributions that build or install others."""

DOCUMENT = re.compile(
    r"(?:README|CHANGE(?:S|LOG)|HISTORY|NEWS|CONTRIBUTING|CODE_OF_CONDUCT|SECURITY)(?:\.(?:md|rst|txt))?",
    re.IGNORECASE,
)

EDITOR_NAMES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})
EDITOR_SUFFIXES = (".orig", ".rej", ".swp", "~")
"""github.com/github/gitignore, ``Global/`` (macOS, Windows, Vim), 2024."""

HEADER_SUFFIXES = (".h", ".hpp", ".hxx", ".hh", ".cuh", ".inl", ".pxi")
LINKER_SUFFIXES = (".a", ".la", ".lib", ".o")

RUN_TIME_COMPILERS = frozenset({
    "apache-tvm", "cffi", "cppyy", "cppyy-cling", "cython", "flashinfer-python", "jax-cuda12-plugin", "numba-cuda",
    "pybind11", "pybind11-global", "nanobind", "pycuda", "pyopencl", "pytensor", "pythran", "taichi", "tilelang",
    "torch", "triton", "triton-rocm", "warp-lang", "xformers", "deepspeed", "ziglang", "clang", "libclang",
})  # fmt: skip
"""Distributions that bring or feed a compiler at run time."""
_RUN_TIME_COMPILERS_OF = ("cupy", "nvidia-", "cuda-", "rocm-", "pytorch-triton")

SOURCE_MAP_SUFFIXES = (".js.map", ".mjs.map", ".cjs.map", ".css.map")

TEST_DIRECTORIES = frozenset({"tests", "test", "_tests", "SelfTest"})
TEST_MODULE = re.compile(r"(?:^|/)(?:test_[^/]*|[^/]*_tests?|conftest|tests)\.py$")

VCS_FILES = frozenset({".gitignore", ".gitattributes", ".gitmodules", ".gitkeep", ".hgignore", ".hgtags"})
VCS_DIRECTORIES = frozenset({".git", ".github", ".gitlab", ".hg", ".svn"})
TEMPLATES = re.compile(r"templat|skeleton|scaffold|cookiecutter|boilerplate|starter", re.IGNORECASE)
"""Where a file for version control is data that a generator copies."""


def feeds_a_compiler(distribution: str) -> bool:
    """Whether the distribution of that normal name compiles at run time, as far as names tell."""
    return distribution in RUN_TIME_COMPILERS or distribution.startswith(_RUN_TIME_COMPILERS_OF)
