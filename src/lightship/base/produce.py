"""Files of the root that no package ships: what maintainer scripts and an installer would have made.

hier(7) and Debian Policy 9.1 for directories, passwd(5), group(5), nsswitch.conf(5), and for certificates what
update-ca-certificates(8) writes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from lightship.archive.content import Inline
from lightship.base.request import Account
from lightship.paths import parents
from lightship.plan.model import Entry

__all__ = [
    "ENVIRONMENT",
    "OWNER",
    "account_files",
    "ca_bundle",
    "directories_for",
    "merged_path",
    "skeleton",
    "usrmerge_links",
]

OWNER = "lightship"
ENVIRONMENT: Mapping[str, str] = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
}
_MERGED = ("bin", "lib", "lib32", "lib64", "libx32", "sbin")
_NSSWITCH = """\
passwd:         files
group:          files
shadow:         files
hosts:          files dns
networks:       files
protocols:      files
services:       files
ethers:         files
rpc:            files
"""
_HOSTS = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
_NOLOGIN = "/usr/sbin/nologin"
_DIRECTORIES = {
    "dev": 0o755, "etc": 0o755, "home": 0o755, "proc": 0o755, "root": 0o700, "run": 0o755, "run/lock": 0o1777,
    "sys": 0o755, "tmp": 0o1777, "usr/local": 0o755, "usr/local/bin": 0o755, "var/cache": 0o755, "var/lib": 0o755,
    "var/log": 0o755, "var/tmp": 0o1777,
}  # fmt: skip
_LINKS = {
    "etc/localtime": "/usr/share/zoneinfo/Etc/UTC",
    "etc/mtab": "/proc/self/mounts",
    "etc/ssl/cert.pem": "certs/ca-certificates.crt",
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
    "usr/lib/ssl/certs": "/etc/ssl/certs",
    "var/lock": "/run/lock",
    "var/run": "/run",
}


def skeleton() -> Iterator[Entry]:
    """Directories, links and small files that every root has, whatever its packages."""
    for path, mode in _DIRECTORIES.items():
        yield Entry(path=path, type="dir", mode=mode, owner=OWNER, why="part of every root")
    for path, target in _LINKS.items():
        yield Entry(path=path, type="symlink", mode=0o777, link_target=target, owner=OWNER, why="as Debian has it")
    yield Entry.text("etc/nsswitch.conf", _NSSWITCH, owner=OWNER, why="names are looked up in files, hosts by DNS too")
    yield Entry.text("etc/timezone", "Etc/UTC\n", owner=OWNER, why="images run in UTC unless TZ says otherwise")
    # An engine or sandbox puts its own over these; on a read-only root they must be there to be covered.
    yield Entry.text("etc/hosts", _HOSTS, owner=OWNER, why="the host's own name")
    for path in ("etc/hostname", "etc/resolv.conf"):
        yield Entry.text(path, "", owner=OWNER, why="covered by the engine that starts the image")


def account_files(account: Account) -> Iterator[Entry]:
    """passwd and group with root, nobody and the application's user, and that user's home.

    The home belongs to group 0 and is writable by it: platforms that give an arbitrary uid keep gid 0.
    """
    why = "users of the image"
    users = [("root", 0, 0, "/root"), ("nobody", 65534, 65534, "/nonexistent")]
    groups = [("root", 0), ("nogroup", 65534)]
    if account.uid not in (0, 65534):
        users.append((account.name, account.uid, account.gid, "/" + account.home))
    if account.gid not in (0, 65534):
        groups.append((account.name, account.gid))
    passwd = "".join(f"{name}:x:{uid}:{gid}:{name}:{home}:{_NOLOGIN}\n" for name, uid, gid, home in users)
    yield Entry.text("etc/passwd", passwd, owner=OWNER, why=why)
    yield Entry.text("etc/group", "".join(f"{name}:x:{gid}:\n" for name, gid in groups), owner=OWNER, why=why)
    yield Entry(
        path=account.home, type="dir", mode=0o775, uid=account.uid, gid=0, owner=OWNER, why="home of the image's user"
    )


def ca_bundle(certificates: Iterable[tuple[str, bytes]], *, owner: str) -> Iterator[Entry]:
    """One file of (path, PEM) certificates in the order of their paths; nothing when there are none."""
    pems = [pem.rstrip(b"\n") + b"\n" for _, pem in sorted(certificates)]
    if pems:
        yield Entry(
            path="etc/ssl/certs/ca-certificates.crt",
            content=Inline(b"".join(pems)),
            owner=owner,
            why=f"{len(pems)} certificate authorities, as update-ca-certificates would write them",
        )


def merged_path(path: str) -> str:
    """``path`` below a merged /usr: ``lib/x`` is ``usr/lib/x``."""
    return f"usr/{path}" if path.split("/", 1)[0] in _MERGED else path


def usrmerge_links(paths: Iterable[str]) -> Iterator[Entry]:
    """``bin`` to ``usr/bin`` and its kin, for those whose directory has files in ``paths``."""
    tops = {path.split("/", 2)[1] for path in paths if path.startswith("usr/")}
    for name in _MERGED:
        if name in tops or name in ("bin", "lib", "sbin"):
            yield Entry(
                path=name, type="symlink", mode=0o777, link_target=f"usr/{name}", owner=OWNER, why="merged /usr"
            )
            yield Entry(path=f"usr/{name}", type="dir", mode=0o755, owner=OWNER, why="merged /usr")


def directories_for(entries: Sequence[Entry]) -> Iterator[Entry]:
    """Every directory above ``entries`` that is not among them, owned by root with mode 755."""
    known = {entry.path for entry in entries}
    for entry in entries:
        for path in parents(entry.path):
            if path not in known:
                known.add(path)
                yield Entry(path=path, type="dir", mode=0o755, owner=OWNER, why="holds files of the base")
