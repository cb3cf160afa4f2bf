"""Packages for Debian from archives that are not Debian's, as Dockerfiles add them."""

from lightship.facts.system_packages import SystemPackage

__all__ = ["NODESOURCE"]

NODESOURCE = {
    "nodejs": SystemPackage(
        name="nodejs",
        unpacked_bytes=191_920_169,
        compressed_bytes=54_894_327,
        slim_unpacked_bytes=156_825_118,
        slim_compressed_bytes=46_639_242,
        depends=("libc6", "libgcc-s1", "libstdc++6", "python3", "ca-certificates"),
        recommends=(),
    )
}
"""NodeSource's nodejs 20.20.2 for amd64, npm and headers in it: its installed files, and tar | gzip -6 of them
(measured 2026-11)."""
