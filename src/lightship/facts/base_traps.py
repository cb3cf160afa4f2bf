"""What goes wrong with a kind of base though everything installed: known traps, each with its source."""

from dataclasses import dataclass

__all__ = ["TRAPS", "Trap"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trap:
    """``code`` names it, ``applies`` says to which base: a C library, or a family of images. ``text`` is one sentence,
    ``remedy`` another; ``source`` and ``date`` say who said so and when it was read."""

    code: str
    applies: str
    text: str
    remedy: str = ""
    source: str
    date: str = "2026-11"


TRAPS: tuple[Trap, ...] = (
    Trap(
        code="musl-dns",
        applies="musl",
        text="musl asks all name servers at once and takes the first answer; before 1.2.4 (Alpine 3.18) it cannot read "
        "answers that need TCP.",
        remedy="Name servers that know different zones give answers that change: run one that knows all.",
        source="https://wiki.musl-libc.org/functional-differences-from-glibc.html; musl 1.2.4 release notes",
    ),
    Trap(
        code="musl-allocator",
        applies="musl",
        text="musl's malloc takes few locks for all threads: native code that allocates from many threads has been "
        "measured 8 times slower than with glibc.",
        remedy="Preload another allocator (mimalloc, jemalloc).",
        source="https://github.com/sharkdp/fd/issues/710, 24 threads, 2021-12",
    ),
    Trap(
        code="musl-stack",
        applies="musl",
        text="A thread's stack is 128 kB by default; the official image builds Python for 1 MiB, threads that C "
        "libraries start keep the default.",
        source="https://wiki.musl-libc.org/functional-differences-from-glibc.html; THREAD_STACK_SIZE in "
        "https://github.com/docker-library/python",
    ),
    Trap(
        code="musl-locale",
        applies="musl",
        text="Locales are C.UTF-8 in all but name: no collation, no national numbers; text sorts by bytes.",
        remedy="Sort with PyICU or in the database.",
        source="https://wiki.musl-libc.org/open-issues",
    ),
    Trap(
        code="wolfi-rolls",
        applies="wolfi",
        text="Wolfi has no releases: packages roll, and Chainguard's free images have the tag latest alone.",
        remedy="Pin the image by digest and the packages by version.",
        source="https://edu.chainguard.dev/chainguard/chainguard-images/how-to-use-chainguard-images",
    ),
    Trap(
        code="wolfi-glibc",
        applies="wolfi",
        text="Its package manager is Alpine's apk, its C library is glibc: manylinux wheels fit, Alpine's packages do "
        "not.",
        source="https://github.com/wolfi-dev",
    ),
    Trap(
        code="distroless-python",
        applies="distroless",
        text="Python is the one that Debian packages, and no other; there is no shell, no pip, no package manager, and "
        "no support for ctypes.",
        remedy="Build in debian:<release> with its python3, and copy the environment.",
        source="https://github.com/GoogleContainerTools/distroless, python3/README.md",
    ),
    Trap(
        code="ubuntu-python",
        applies="ubuntu",
        text="The image has no Python; Ubuntu packages one version a release, as externally managed: pip installs into "
        "a virtual environment only.",
        source="https://packaging.python.org/en/latest/specifications/externally-managed-environments/ (PEP 668)",
    ),
    Trap(
        code="full-tools",
        applies="full",
        text="Compilers, headers, Git, Mercurial, Subversion and ImageMagick come along: 379 MB of it are "
        "buildpack-deps.",
        remedy="Use it as a builder, and slim for the image.",
        source="https://github.com/docker-library/repo-info, repos/python/remote/3.12-trixie.md",
        date="2026-08-13",
    ),
)
"""In the order in which they are told."""
