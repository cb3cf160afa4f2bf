from pathlib import Path

import pytest

from lightship.errors import ImageError
from lightship.rootfs.users import Identity, resolve_user

USERS = "root:x:0:0:root:/root:/bin/sh\nbroken line\n\napp:x:1001:1002::/home/app:\nodd:x:5:6:::\n42:x:7:7::/seven:\n"
GROUPS = "root:x:0:\nmedia:x:1003:app\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(USERS)
    (tmp_path / "etc/group").write_text(GROUPS)
    return tmp_path


@pytest.mark.parametrize(
    ("user", "uid", "gid", "home"),
    [
        ("", 0, 0, "/root"),
        ("root", 0, 0, "/root"),
        ("app", 1001, 1002, "/home/app"),
        ("1001", 1001, 1002, "/home/app"),
        ("app:media", 1001, 1003, "/home/app"),
        ("app:7", 1001, 7, "/home/app"),
        ("1001:media", 1001, 1003, "/home/app"),
        ("65532:65532", 65532, 65532, "/"),
        ("65532", 65532, 0, "/"),
        (":media", 0, 1003, "/root"),
        ("app:", 1001, 1002, "/home/app"),
        ("odd", 5, 6, "/"),
        ("42", 42, 0, "/"),
    ],
)
def test_names_and_numbers(root: Path, user: str, uid: int, gid: int, home: str) -> None:
    assert resolve_user(root, user) == Identity(uid=uid, gid=gid, home=home)


@pytest.mark.parametrize("user", ["nobody", "app:nogroup", "-1", "99999999999", "4294967295", "1:4294967295", "²"])
def test_who_is_unknown_is_an_error(root: Path, user: str) -> None:
    with pytest.raises(ImageError, match=r"is not in the image's /etc/(passwd|group)"):
        resolve_user(root, user)


def test_numbers_need_no_files(tmp_path: Path) -> None:
    assert resolve_user(tmp_path, "12:34") == Identity(uid=12, gid=34)


def test_a_passwd_that_leads_to_the_host_is_not_read(root: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    (inner / "etc").mkdir(parents=True)
    (inner / "etc/passwd").symlink_to(root / "etc/passwd")
    (tmp_path / "groups").write_text(GROUPS)
    (inner / "etc/group").symlink_to("../../groups")
    with pytest.raises(ImageError, match="user 'app'"):
        resolve_user(inner, "app")
    with pytest.raises(ImageError, match="group 'media'"):
        resolve_user(inner, "1:media")
