"""Layers of packages that apt installs, measured: what `bench/lint_estimates.py` holds the estimates against.

    sudo python bench/debian_layers.py SCRATCH [lists] [slim] [python] [full] > bench/debian_layers.tsv

Roots are made as Docker's official images are: mmdebstrap's minbase, with the configuration of debuerreotype's
`debuerreotype-minimizing-config`, and for the slim variants the path-excludes of its `.slimify-excludes`
(github.com/debuerreotype/debuerreotype, 2026). Packages come from where this machine's apt gets its own. Each set is
installed into an overlay of its root; the layer is what the overlay's upper folder holds. "compressed" are the bytes
of `tar | gzip -6`, "unpacked" the bytes of its files, names of one file counted once.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SETS = (
    "curl gnupg", "build-essential", "ffmpeg", "libpq-dev", "nodejs", "fonts-noto-cjk", "git",
    "poppler-utils tesseract-ocr", "libgl1 libglib2.0-0",
    "gcc g++ make libffi-dev libssl-dev", "libmagic1 libpq5 ca-certificates", "imagemagick", "graphviz",
    "python3 python3-pip", "postgresql-client", "pandoc", "libpango-1.0-0 libpangoft2-1.0-0", "nginx",
    "default-libmysqlclient-dev pkg-config", "supervisor", "vim wget unzip procps", "gdal-bin", "tini",
    "libxml2-dev libxslt1-dev zlib1g-dev", "libsndfile1", "cmake ninja-build", "ghostscript",
)  # fmt: skip
FULL = (
    "curl gnupg", "build-essential", "ffmpeg", "git", "poppler-utils tesseract-ocr", "python3 python3-pip",
    "libpq-dev", "nodejs", "default-jre-headless", "vim wget unzip procps",
)  # fmt: skip
PYTHON = ("curl", "git", "libpq-dev", "libgl1 libglib2.0-0")
RECOMMENDED = ("curl", "git", "build-essential", "poppler-utils")

PYTHON_PACKAGES = (
    "ca-certificates", "netbase", "tzdata", "libbz2-1.0", "libexpat1", "libffi8", "libgdbm6", "liblzma5",
    "libncursesw6", "libnsl2", "libreadline8", "libsqlite3-0", "libssl3", "libtirpc3", "libuuid1", "zlib1g", "libdb5.3",
)  # fmt: skip
"""What `python:X-slim-bookworm` keeps of apt's packages (github.com/docker-library/python, 2026)."""

_EXCLUDES = (
    "path-exclude=/usr/share/doc/*", "path-exclude=/usr/share/groff/*", "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/linda/*", "path-exclude=/usr/share/lintian/overrides/*",
    "path-exclude=/usr/share/locale/*", "path-exclude=/usr/share/man/*",
    "path-include=/usr/share/doc/*/copyright", "path-include=/usr/share/locale/locale.alias",
    "path-include=/usr/share/locale/languages", "path-include=/usr/share/locale/all_languages",
)  # fmt: skip

_APT = """\
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::GzipIndexes "true";
Acquire::Languages "none";
Apt::AutoRemove::SuggestsImportant "false";
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one command added."""

    unpacked_bytes: int
    compressed_bytes: int
    files: int


def main(scratch: Path, parts: list[str]) -> None:
    scratch.mkdir(parents=True, exist_ok=True)
    print("# Layers of apt's packages: base, packages, recommended, unpacked, compressed bytes, files.")
    print("# bench/debian_layers.py measured; versions are those of the archive on that day.", flush=True)
    if {"lists", "python", "slim"} & set(parts):
        slim = _root(scratch, "slim", _EXCLUDES)
        if "lists" in parts:
            for release in ("bookworm", "trixie"):
                rewritten = f"sed -i s/bookworm/{release}/g /etc/apt/sources.list /etc/apt/sources.list.d/*"
                _print("lists", release, "-", _layer([slim], f"({rewritten}) 2>/dev/null; {_UPDATE}", scratch))
        if "python" in parts:
            _python(slim, scratch)
        for each in SETS if "slim" in parts else ():
            _measured("debian:bookworm-slim", [slim], each, scratch)
        shutil.rmtree(slim)
    if "full" in parts:
        full = _root(scratch, "full", ())
        for each in FULL:
            _measured("debian:bookworm", [full], each, scratch)
        shutil.rmtree(full)


def _python(slim: Path, scratch: Path) -> None:
    python = scratch / "python"
    _layer([slim], _install(" ".join(PYTHON_PACKAGES)), scratch, keep=python)
    for each in PYTHON:
        _measured("python:3.12-slim-bookworm", [python, slim], each, scratch)
    for each in RECOMMENDED:
        _measured("python:3.12-slim-bookworm", [python, slim], each, scratch, recommended=True)
    shutil.rmtree(python)


_UPDATE = "rm -rf /var/lib/apt/lists/*; apt-get -qq update"


def _install(packages: str, *, recommended: bool = False) -> str:
    option = "" if recommended else "--no-install-recommends "
    return f"DEBIAN_FRONTEND=noninteractive apt-get install -qq -y {option}{packages}"


def _measured(base: str, roots: list[Path], packages: str, scratch: Path, *, recommended: bool = False) -> None:
    layer = _layer(roots, _install(packages, recommended=recommended), scratch)
    _print(base, packages, "yes" if recommended else "no", layer)


def _print(base: str, packages: str, recommended: str, layer: Layer) -> None:
    columns = (base, packages, recommended, layer.unpacked_bytes, layer.compressed_bytes, layer.files)
    print("\t".join(map(str, columns)), flush=True)


def _root(scratch: Path, name: str, dpkg: tuple[str, ...]) -> Path:
    """A minimal bookworm with apt's lists in it."""
    root = scratch / name
    sources = scratch / "sources"
    sources.write_text("\n\n".join(_stanzas()) + "\n")
    options = [f"--dpkgopt={each}" for each in dpkg]
    command = ["mmdebstrap", "--quiet", "--variant=minbase", *options, "bookworm", str(root), str(sources)]
    subprocess.run(command, check=True, stdout=sys.stderr)
    (root / "etc/apt/apt.conf.d/docker").write_text(_APT)
    (root / "usr/sbin/policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (root / "usr/sbin/policy-rc.d").chmod(0o755)
    for each in ("hosts", "resolv.conf"):
        shutil.copy(f"/etc/{each}", root / "etc" / each)
    upper = scratch / "lists"
    _layer([root], _UPDATE, scratch, keep=upper)
    shutil.copytree(upper / "var/lib/apt/lists", root / "var/lib/apt/lists", dirs_exist_ok=True)
    shutil.rmtree(upper)
    return root


def _stanzas() -> Iterator[str]:
    """This machine's own sources of bookworm itself."""
    for path in sorted(Path("/etc/apt/sources.list.d").glob("*.sources")):
        for stanza in re.split(r"\n\s*\n", path.read_text()):
            if re.search(r"^Suites:.*bookworm", stanza, re.MULTILINE) and "main" in stanza:
                yield stanza.strip()


_MOUNTED = (
    'mount -t overlay overlay -o "lowerdir=$1,upperdir=$2,workdir=$3" "$4" && mount -t proc proc "$4/proc" && '
    'mount --rbind /dev "$4/dev" && exec chroot "$4" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root '
    'LC_ALL=C sh -c "$5"'
)


def _layer(roots: list[Path], command: str, scratch: Path, *, keep: Path | None = None) -> Layer:
    """Run ``command`` over ``roots``, the uppermost first."""
    upper, work, merged = (scratch / name for name in ("upper", "work", "merged"))
    for folder in (upper, work, merged):
        folder.mkdir(exist_ok=True)
    lower = ":".join(map(str, roots))
    arguments = [lower, str(upper), str(work), str(merged), command]
    isolated = ["unshare", "--mount", "--pid", "--fork", "sh", "-c", _MOUNTED, "sh", *arguments]
    subprocess.run(isolated, check=True, stdout=sys.stderr, stdin=subprocess.DEVNULL)
    layer = _weighed(upper)
    if keep is not None:
        upper.rename(keep)
    for folder in (upper, work, merged):
        shutil.rmtree(folder, ignore_errors=True)
    return layer


def _weighed(folder: Path) -> Layer:
    sizes: dict[int, int] = {}
    for where, _, names in os.walk(folder):
        for name in names:
            status = Path(where, name).lstat()
            if (status.st_mode & 0o170000) == 0o100000:
                sizes[status.st_ino] = status.st_size
    packed = ["sh", "-c", 'tar --sort=name -C "$1" -c . | gzip -6 -n | wc -c', "sh", str(folder)]
    compressed = int(subprocess.run(packed, check=True, capture_output=True, text=True).stdout)
    return Layer(unpacked_bytes=sum(sizes.values()), compressed_bytes=compressed, files=len(sizes))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or ["lists", "slim", "python", "full"])
