"""Builds from source share compilers and memory."""

from pathlib import Path

import pytest

from lightship.build.sdist.share import Share, available_bytes, share_out


@pytest.mark.parametrize(
    ("builds", "jobs", "memory_gb", "share"),
    [
        (1, 8, 64, Share(builds=1, compilers=8)),
        (3, 8, 64, Share(builds=3, compilers=2)),
        (20, 8, 64, Share(builds=8, compilers=1)),
        (3, 8, 4, Share(builds=3, compilers=1)),
        (3, 8, 2, Share(builds=2, compilers=1)),
        (3, 8, 0, Share(builds=1, compilers=1)),
        (2, 8, None, Share(builds=2, compilers=4)),
        (0, 0, None, Share(builds=1, compilers=1)),
    ],
)
def test_compilers_are_shared_out(builds: int, jobs: int, memory_gb: int | None, share: Share) -> None:
    memory = None if memory_gb is None else memory_gb * 10**9
    assert share_out(builds, jobs=jobs, memory_bytes=memory) == share


def test_every_tool_is_told() -> None:
    assert set(Share(builds=2, compilers=3).variables.values()) == {"3", "-j3"}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    return root


MACHINE = {"proc/meminfo": "MemTotal:  8000000 kB\nMemAvailable:  4000000 kB\n"}


def test_memory_of_the_machine(tmp_path: Path) -> None:
    assert available_bytes(tmp_path) is None
    assert available_bytes(write(tmp_path, MACHINE)) == 4_096_000_000
    assert (available_bytes() or 1) > 0


def test_a_group_s_limit_counts_wherever_it_is_above(tmp_path: Path) -> None:
    group = "sys/fs/cgroup/a/b"
    write(tmp_path, {**MACHINE, "proc/self/cgroup": "0::/a/b\n", f"{group}/memory.max": "max\n"})
    assert available_bytes(tmp_path) == 4_096_000_000
    limit = {"memory.max": "2000\n", "memory.current": "1500\n", "memory.stat": "anon 1\ninactive_file 100\n"}
    write(tmp_path, {f"sys/fs/cgroup/a/{name}": text for name, text in limit.items()})
    assert available_bytes(tmp_path) == 600
    write(tmp_path, {f"{group}/memory.max": "9000\n", f"{group}/memory.current": "8999\n"})
    assert available_bytes(tmp_path) == 1


@pytest.mark.parametrize("said", ["0::/../..\n", "1:cpu:/x\n", "", "0::/none\n"])
def test_what_says_nothing_is_passed_over(said: str, tmp_path: Path) -> None:
    assert available_bytes(write(tmp_path, {**MACHINE, "proc/self/cgroup": said})) == 4_096_000_000
