"""What maintainer scripts would have done. They are read, never run. Debian Policy 4.7, 6.5; update-alternatives(1).

Effects that are made here: alternatives with literal names, the loader's links (every package ships its own), the
certificate bundle, users. What remains is told to the user.
"""

import re
from collections.abc import Iterable, Iterator

from lightship.base.unpacked import UnpackedDeb

__all__ = ["alternatives", "undone"]

_INSTALL = re.compile(
    r"update-alternatives\b[^\n;|&]*?--install\s+(\S+)\s+\S+\s+(\S+)\s+[0-9]+((?:\s+--slave\s+\S+\s+\S+\s+\S+)*)"
)
_SLAVE = re.compile(r"--slave\s+(\S+)\s+\S+\s+(\S+)")
_DEBHELPER = re.compile(
    r"^# Automatically added by (\S+?)(?:/\S*)?$.*?^# End automatically added section$", re.M | re.S
)
_SILENT_HELPERS = frozenset(
    {"dh_installalternatives", "dh_installdebconf", "dh_installmenu", "dh_makeshlibs", "dh_python3", "dh_installmime",
     "dh_icons", "dh_installcatalogs", "dh_systemd_enable", "dh_installsystemd", "dh_installinit", "dh_installdeb"}
)  # fmt: skip
"""debhelper parts whose effect is made here, or means nothing in an image."""
_HANDLED = re.compile(
    r"base-files|ca-certificates|libc6|libc-bin|tzdata|netbase|dash|bash|readline-common|libgssapi-krb5-2|"
    r"(?:lib)?python3(?:\.\d+)?(?:-minimal|-stdlib|-distutils|-lib2to3)?"
)
"""Packages whose script has no effect beside what is made here, bytecode, or care for upgrades (read in Debian 12)."""
_BOILERPLATE = re.compile(
    r"""\s*(?:\#.*|set\s+-[eu]+|exit\s+\d|esac|case\b.*|fi|done|then|else|;;|:|\}|true|[a-z|*\s-]+\)|
        if\s+\[.*|\.\s+/usr/share/debconf/confmodule|db_stop|ldconfig|update-alternatives\b.*|--slave\b.*)?\s*""",
    re.VERBOSE,
)


def alternatives(postinst: str) -> Iterator[tuple[str, str]]:
    """(link, path) of every alternative with literal names that the script installs, manual pages left out."""
    for match in _INSTALL.finditer(postinst.replace("\\\n", " ")):
        pairs = [(match[1], match[2]), *_SLAVE.findall(match[3])]
        yield from (
            pair for pair in pairs if all(re.fullmatch(r"/[\w./+-]+", name) for name in pair) and "/man/" not in pair[0]
        )


def undone(debs: Iterable[UnpackedDeb]) -> Iterator[str]:
    """One sentence for each package whose postinst does something that is not made here."""
    for deb in debs:
        name = deb.record.name
        left = _remaining(deb.postinst)
        if left and not _HANDLED.fullmatch(name):
            yield f"postinst of {name} does not run; it would have: {left[0][:80]}" + (" …" if len(left) > 1 else "")


def _remaining(postinst: str) -> list[str]:
    """The lines of a postinst that are neither boilerplate nor a part whose effect is made here."""
    own = _DEBHELPER.sub(lambda part: "" if part[1] in _SILENT_HELPERS else part[0], postinst.replace("\\\n", " "))
    return [line.strip() for line in own.splitlines() if not _BOILERPLATE.fullmatch(line)]
