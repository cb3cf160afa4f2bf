"""Which packages of a distribution are there to build software: what `compilers` and `dev_packages` share."""

import re

from lightship.analyze.rules.survey import Survey

__all__ = ["build_packages", "is_compiler", "is_development"]

_ECOSYSTEMS = ("deb", "apk", "conda", "rpm")
_COMPILER = re.compile(
    r"(?:"
    r"(?:gcc|g\+\+|cpp|gfortran|gnat|gdc|gccgo|gobjc|clang|clang-tools|clang-format|llvm|lld|lldb|flang|rustc|rust|cargo"
    r"|golang|golang-go|golang-src|go|ghc|nasm|yasm|tcc|valac|vala|zig|gxx|clangxx)"
    r"(?:[-_]?[0-9][0-9.]*)?(?:[-_](?:x86[-_]64|aarch64|linux|gnu|64|impl|tools|runtime|src|go|static)+)*"
    r"|binutils(?:-.+|_.+)?|libbinutils|libcc1-0|libctf.*|libgprofng0|lib(?:a|t|l|ub|hwa)san[0-9]+|libitm1"
    r"|make|gmake|cmake(?:-data)?|ninja(?:-build)?|samurai|meson|autoconf|automake|autotools-dev|libtool(?:-bin)?|m4"
    r"|bison|flex|gdb|ccache|pkg-config|pkgconf(?:-bin)?|build-essential|build-base|dpkg-dev|fakeroot|swig[0-9.]*|abuild"
    r"|fortify-headers|debhelper|devscripts|rpm-build|rustup|compilers"
    r")"
)
_DEVELOPMENT = re.compile(r".+-(?:dev|devel|dev-bin|headers|dbgsym|dbg)|linux-headers.*|kernel-headers.*|.+-dev-[a-z]+")


def is_compiler(name: str) -> bool:
    """``gcc-12``, ``binutils``, ``make``; not ``gcc-12-base``, which the C library's packages need."""
    return _COMPILER.fullmatch(name) is not None


def is_development(name: str) -> bool:
    """``libpq-dev``, ``openssl-devel``, ``linux-headers``."""
    return _DEVELOPMENT.fullmatch(name) is not None


def build_packages(survey: Survey) -> set[int]:
    """Numbers of compilers' and development packages that nothing else requires, and of apk's ``.build-deps``."""
    packages = survey.analysis.packages
    found = {
        number
        for number, package in survey.packages(*_ECOSYSTEMS)
        if is_compiler(package.name) or is_development(package.name) or package.name.startswith(".")
    }
    todo = list(found)
    while todo:  # what is needed by something that stays, stays
        number = todo.pop()
        if number in found and not found.issuperset(packages[number].required_by):
            found.discard(number)
            todo += packages[number].requires
    return found
