"""Which file system a directory is on, by the kernel's table of mounts."""

from pathlib import Path

import pytest

from lightship.bench.file_system import FileSystem, file_system_of

TABLE = """\
22 1 254:1 / / rw,relatime shared:1 master:2 - ext4 /dev/root rw
23 22 0:21 / {top} rw - xfs /dev/sdb rw
24 23 0:22 / {top}/a\\040room rw - tmpfs tmpfs rw
25 23 0:23 / {top}/twice rw - tmpfs tmpfs rw
26 23 0:24 /sub {top}/twice rw - btrfs /dev/sdc rw
27 23 0:25 / {top}/ab rw - ramfs none rw
no line of a table
"""


@pytest.mark.parametrize(
    ("where", "kind", "memory"),
    [
        ("/", "ext4", False),
        ("{top}", "xfs", False),
        ("{top}/a", "xfs", False),
        ("{top}/a room/below", "tmpfs", True),
        ("{top}/twice", "btrfs", False),
        ("{top}/ab/c", "ramfs", True),
        ("{top}/link", "tmpfs", True),
    ],
)
def test_the_deepest_and_latest_mount_counts(where: str, kind: str, memory: bool, tmp_path: Path) -> None:
    top = tmp_path.resolve()
    (top / "mounts").write_text(TABLE.format(top=top))
    (top / "link").symlink_to("a room")
    found = file_system_of(Path(where.format(top=top)), top / "mounts")
    assert (found.kind, found.is_memory) == (kind, memory)


def test_this_machine_has_one_and_no_table_is_no_error(tmp_path: Path) -> None:
    assert file_system_of(Path("/proc")).kind == "proc"
    assert file_system_of(tmp_path, tmp_path / "absent") == FileSystem(kind="")
