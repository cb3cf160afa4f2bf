from pathlib import Path

import pytest

from lightship.errors import ImageError, UsageError
from lightship.launch.command import LaunchOptions, launch_command, parse_bind
from lightship.launch.writable_label import WRITABLE_LABEL
from lightship.oci.config import Runtime
from lightship.sandbox.protocol import Bind, Command

OFFLINE = LaunchOptions(network=False)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "rootfs"
    (root / "etc").mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:\napp:x:1001:1002::/home/app:\n")
    return root


def _command(root: Path, runtime: Runtime, options: LaunchOptions = OFFLINE) -> Command:
    with launch_command(root, runtime, options) as command:
        return command


def test_the_config_says_what_is_started(root: Path) -> None:
    runtime = Runtime(
        user="app",
        env=("A=1", "B=x=y"),
        entrypoint=("gunicorn",),
        cmd=("app:app",),
        working_dir="/app",
        volumes=("/data",),
        labels={WRITABLE_LABEL: "/app/storage, /var/cache/x"},
    )
    assert _command(root, runtime) == Command(
        rootfs=root,
        argv=("gunicorn", "app:app"),
        env={
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": "/home/app",
            "A": "1",
            "B": "x=y",
        },
        cwd="/app",
        user=(1001, 1002),
        writable=("/tmp", "/run", "/var/tmp", "/home/app", "/data", "/app/storage", "/var/cache/x"),
        network=False,
    )


@pytest.mark.parametrize(
    ("options", "argv"),
    [
        (LaunchOptions(), ("serve", "--all")),
        (LaunchOptions(command=("--one",)), ("serve", "--one")),
        (LaunchOptions(entrypoint=("sh",)), ("sh",)),
        (LaunchOptions(entrypoint=(), command=("sh", "-c", "id")), ("sh", "-c", "id")),
    ],
)
def test_the_user_replaces_cmd_or_both(root: Path, options: LaunchOptions, argv: tuple[str, ...]) -> None:
    assert _command(root, Runtime(entrypoint=("serve",), cmd=("--all",)), options).argv == argv


def test_nothing_to_start_is_an_error(root: Path) -> None:
    with pytest.raises(UsageError, match="neither Entrypoint nor Cmd"):
        _command(root, Runtime())


def test_the_users_wishes_win(root: Path) -> None:
    options = LaunchOptions(
        env={"A": "2", "HOME": "/h"}, user="7:8", workdir="/w", writable=("/x", "/tmp"), network=False
    )
    command = _command(root, Runtime(cmd=("a",), env=("A=1", "PATH=/p"), user="app", working_dir="/app"), options)
    assert command.env == {"A": "2", "HOME": "/h", "PATH": "/p"}
    assert command.user == (7, 8)
    assert command.cwd == "/w"
    assert command.writable == ("/tmp", "/run", "/var/tmp", "/x")


def test_a_shared_network_brings_its_names(root: Path) -> None:
    with launch_command(root, Runtime(cmd=("a",)), LaunchOptions()) as command:
        targets = {bind.target: bind for bind in command.binds}
    assert command.network
    for path in ("/etc/hosts", "/etc/resolv.conf"):
        if Path(path).is_file():
            assert targets[path] == Bind(source=Path(path).resolve(), target=path, origin="host")
    mine = Bind(source=root / "etc/passwd", target="/etc/hosts")
    assert [
        bind.source
        for bind in _command(root, Runtime(cmd=("a",)), LaunchOptions(binds=(mine,))).binds
        if bind.target == "/etc/hosts"
    ] == [mine.source]


def test_a_writable_path_starts_with_the_images_content(root: Path) -> None:
    (root / "data/deep").mkdir(parents=True)
    (root / "data/deep/file").write_text("of the image")
    (root / "data/link").symlink_to("/etc/passwd")
    (root / "data").chmod(0o555)
    (root / "state.db").write_text("rows")
    (root / "empty").mkdir()
    runtime = Runtime(cmd=("a",), volumes=("/data", "/empty", "/state.db"))
    with launch_command(root, runtime, OFFLINE) as command:
        binds = {bind.target: bind for bind in command.binds}
        assert command.writable == ("/tmp", "/run", "/var/tmp", "/root", "/empty")
        assert binds["/data"].writable
        copy = binds["/data"].source
        assert (copy / "deep/file").read_text() == "of the image"
        assert (copy / "link").readlink() == Path("/etc/passwd")
        (copy / "made").write_text("by the application")
        assert binds["/state.db"].source.read_text() == "rows"
    assert not copy.exists()
    assert not (root / "data/made").exists()


def test_a_volume_that_leads_to_the_host_is_not_copied(root: Path, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/key").write_text("the host's")
    (root / "data").symlink_to(tmp_path / "secrets")
    command = _command(root, Runtime(cmd=("a",), volumes=("/data",)))
    assert command.binds == ()
    assert "/data" in command.writable


def test_a_home_with_files_starts_with_them_and_a_bound_one_is_the_hosts(root: Path, tmp_path: Path) -> None:
    (root / "home/app").mkdir(parents=True)
    (root / "home/app/.profile").write_text("of the image")
    with launch_command(root, Runtime(user="app", cmd=("a",)), OFFLINE) as command:
        (bind,) = command.binds
        assert (bind.target, bind.writable) == ("/home/app", True)
        assert (bind.source / ".profile").read_text() == "of the image"
    mine = Bind(source=tmp_path, target="/home/app")
    assert _command(root, Runtime(user="app", cmd=("a",)), LaunchOptions(binds=(mine,), network=False)).binds == (mine,)


def test_the_users_bind_is_put_where_a_volume_is_declared(root: Path, tmp_path: Path) -> None:
    bind = Bind(source=tmp_path, target="/data", writable=True)
    options = LaunchOptions(binds=(bind,), network=False)
    command = _command(root, Runtime(cmd=("a",), volumes=("/data",)), options)
    assert command.binds == (bind,)
    assert "/data" not in command.writable


def test_a_label_with_a_relative_path_is_an_error(root: Path) -> None:
    with pytest.raises(ImageError, match=r"label dev\.lightship\.writable: want absolute paths, got 'storage'"):
        _command(root, Runtime(cmd=("a",), labels={WRITABLE_LABEL: "storage"}))


def test_binds_are_read(tmp_path: Path) -> None:
    assert parse_bind(f"{tmp_path}:/data") == Bind(source=tmp_path, target="/data", writable=True)
    assert parse_bind(f"{tmp_path}:/data:ro") == Bind(source=tmp_path, target="/data")


@pytest.mark.parametrize("text", ["/data", ":/data", "{here}:", "{here}:/data:rx", "{here}:data", "{here}/none:/data"])
def test_binds_that_are_not_understood(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        parse_bind(text.format(here=tmp_path))
