import os
from pathlib import Path

import pytest

from lightship.errors import HostileError, StorageError, UsageError
from lightship.sandbox.mounts import Mount, plan_mounts
from lightship.sandbox.protocol import Bind, Command


def _command(root: Path, **options: object) -> Command:
    return Command(rootfs=root, argv=("true",), **{"writable": (), **options})  # type: ignore[arg-type]


def _outside(tmp_path: Path) -> Path:
    outside = tmp_path / "outside"
    outside.mkdir()
    return outside


@pytest.fixture
def root(tmp_path: Path) -> Path:
    directory = tmp_path / "rootfs"
    directory.mkdir()
    return directory


def test_missing_places_are_made(root: Path, tmp_path: Path) -> None:
    (tmp_path / "hosts").write_text("127.0.0.1 localhost\n")
    bind = Bind(source=tmp_path / "hosts", target="/etc/hosts")
    mounts = plan_mounts(_command(root, writable=("/tmp", "/var/tmp", "/data/cache"), binds=(bind,), cwd="/app"))
    assert mounts == (
        Mount(target="data/cache"),
        Mount(target="etc/hosts", bind=bind),
        Mount(target="tmp", mode=0o1777),
        Mount(target="var/tmp", mode=0o1777),
    )
    assert sorted(str(path.relative_to(root)) for path in root.rglob("*")) == sorted(
        ["proc", "sys", "dev", "data", "data/cache", "etc", "etc/hosts", "tmp", "var", "var/tmp", "app"]
    )
    assert (root / "etc/hosts").read_bytes() == b""


def test_what_lies_below_another_mount_is_not_made_in_the_root(root: Path) -> None:
    plan_mounts(_command(root, writable=("/run", "/run/lock"), cwd="/run/app"))
    assert list((root / "run").iterdir()) == []


def test_a_tmpfs_has_the_mode_of_what_it_covers(root: Path) -> None:
    (root / "spool").mkdir()
    (root / "spool").chmod(0o2550)
    assert plan_mounts(_command(root, writable=("/spool",))) == (Mount(target="spool", mode=0o2750),)


def test_places_are_made_in_read_only_directories_and_their_mode_comes_back(root: Path) -> None:
    (root / "opt").mkdir()
    (root / "opt").chmod(0o555)
    plan_mounts(_command(root, writable=("/opt/cache",)))
    assert (root / "opt/cache").is_dir()
    assert (root / "opt").stat().st_mode & 0o7777 == 0o555


def test_an_honest_link_is_followed_inside(root: Path) -> None:
    (root / "run").mkdir()
    (root / "var").mkdir()
    (root / "var/run").symlink_to("/run")
    mounts = plan_mounts(_command(root, writable=("/var/run/app",)))
    assert [mount.target for mount in mounts] == ["run/app"]
    assert (root / "run/app").is_dir()


@pytest.mark.parametrize("absolute", [True, False])
def test_a_hostile_link_makes_nothing_outside(root: Path, tmp_path: Path, absolute: bool) -> None:
    outside = _outside(tmp_path)
    target = str(outside) if absolute else os.path.relpath(outside, root)
    (root / "data").symlink_to(target)
    mounts = plan_mounts(_command(root, writable=("/data/new",)))
    assert list(outside.iterdir()) == []
    made = root / mounts[0].target
    assert made.is_dir()
    assert made.resolve().is_relative_to(root.resolve())


@pytest.mark.parametrize("name", ["proc", "dev", "sys"])
def test_the_kernels_directories_are_no_links(root: Path, tmp_path: Path, name: str) -> None:
    (root / name).symlink_to(_outside(tmp_path))
    with pytest.raises(HostileError, match=f"/{name} of the image is a symbolic link"):
        plan_mounts(_command(root))


@pytest.mark.parametrize("target", ["/", "/proc/sys", "/dev", "/sys/fs/cgroup", "/tmp/.."])
def test_the_user_cannot_mount_over_the_kernel_or_the_root(root: Path, tmp_path: Path, target: str) -> None:
    with pytest.raises((UsageError, HostileError), match="nothing can be mounted at"):
        plan_mounts(_command(root, binds=(Bind(source=tmp_path, target=target),)))


def test_an_image_cannot_lead_a_mount_over_the_kernel(root: Path) -> None:
    (root / "data").symlink_to("proc/self")
    with pytest.raises(HostileError, match="the image leads it to /proc/self"):
        plan_mounts(_command(root, writable=("/data",)))


def test_a_link_that_an_application_left_in_a_volume_leads_nowhere(root: Path, tmp_path: Path) -> None:
    outside = _outside(tmp_path)
    (tmp_path / "volume").mkdir()
    (tmp_path / "volume/x").symlink_to(f"/oldroot{outside}")
    bind = Bind(source=tmp_path / "volume", target="/data", writable=True)
    assert len(plan_mounts(_command(root, binds=(bind,), writable=("/data/y",)))) == 2
    with pytest.raises(HostileError, match="nothing can be mounted at /data/x/made: a symbolic link below"):
        plan_mounts(_command(root, binds=(bind,), writable=("/data/x/made",)))


def test_shared_memory_is_there_already(root: Path) -> None:
    assert plan_mounts(_command(root, writable=("/dev/shm",))) == ()


def test_a_loop_of_links_ends(root: Path) -> None:
    (root / "a").symlink_to("b")
    (root / "b").symlink_to("a")
    with pytest.raises(HostileError, match="more than 40 symbolic links"):
        plan_mounts(_command(root, writable=("/a",)))


def test_a_file_is_no_place_for_a_directory(root: Path, tmp_path: Path) -> None:
    (root / "data").write_text("")
    with pytest.raises(UsageError, match="/data of the image is a file"):
        plan_mounts(_command(root, writable=("/data",)))
    (root / "etc").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="/etc of the image is a directory"):
        plan_mounts(_command(root, binds=(Bind(source=tmp_path / "file", target="/etc"),)))


def test_a_file_among_the_parents_is_reported(root: Path) -> None:
    (root / "data").write_text("")
    with pytest.raises(StorageError, match="cannot make /data/cache"):
        plan_mounts(_command(root, writable=("/data/cache",)))
