"""The project speaks only of itself: no host of a package index, no path of somebody's machine."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_DOT = r"[.]"
INDEX_HOSTS = re.compile(
    "|".join(
        _DOT.join(host)
        for host in (
            ("pypi", "org"),
            ("files", "pythonhosted", "org"),
            ("registry", "npmjs", "org"),
            ("deb", "debian", "org"),
            ("security", "debian", "org"),
            ("archive", "ubuntu", "com"),
        )
    )
)


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    return [ROOT / name for name in listed.stdout.decode().split("\0") if name]


def test_no_index_host_is_named() -> None:
    wrong = []
    for path in tracked_files():
        if not path.is_file() or path.is_symlink():
            continue
        text = path.read_bytes().decode(errors="replace")
        wrong += [f"{path.relative_to(ROOT)}: {match[0]}" for match in INDEX_HOSTS.finditer(text)]
    assert wrong == [], "indexes come from pip's, uv's, npm's and apt's own configuration"
