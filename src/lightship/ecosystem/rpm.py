"""rpm's database: seen, and not read. rpm.org, "RPM database" (4.18).

It is SQLite, Berkeley DB or a format of its own, with packages as binary headers. Whoever looks at such an image should
know why its packages are missing.
"""

from collections.abc import Callable, Iterator

from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted

__all__ = ["RpmRecogniser"]

_PLACES = ("var/lib/rpm", "usr/lib/sysimage/rpm")
_NAMES = ("rpmdb.sqlite", "Packages.db", "Packages")


class RpmRecogniser:
    """See `Recogniser`. It finds nothing, and says so."""

    code = "rpm"
    wanted: tuple[Wanted, ...] = ()
    scanner: Callable[[], Scanner] | None = None

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        """See `Recogniser.find`."""
        for place in _PLACES:
            path = next((path for name in _NAMES if files.exists(path := f"{place}/{name}")), None)
            if path is not None:
                problem(path, "packages of rpm; their files are counted as owned by no package")
                return
        yield from ()
