"""What checks see of an image stays inside the image."""

from pathlib import Path

import pytest

from lightship.oci.config import Runtime
from lightship.oci.platform import Platform
from lightship.verify import commands, files, libraries
from lightship.verify.installed import Installed, RecordRow
from lightship.verify.subject import Subject

SITE = "opt/site"


@pytest.fixture
def hostile(tmp_path: Path) -> Subject:
    """Links that loop, that leave, and a RECORD that climbs."""
    root = tmp_path / "rootfs"
    (root / SITE).mkdir(parents=True)
    (root / "usr/bin").mkdir(parents=True)
    (tmp_path / "secret").write_text("#!/secret\n")
    (root / "loop.so").symlink_to("loop.so")
    (root / "usr/bin/loop").symlink_to("/usr/bin/loop")
    (root / "usr/bin/out").symlink_to("../../../secret")
    (root / "out.so").symlink_to(tmp_path / "secret")
    (root / SITE / "out.py").symlink_to(tmp_path / "secret")
    made = Subject(
        rootfs=root, platform=Platform("linux", "amd64"), runtime=Runtime(env=("PATH=/usr/bin",), user="1:1")
    )
    rows = ("../../../../secret", "/secret", "loop.so", "out.py", "\x01odd")
    record = tuple(RecordRow(path, "sha256=AAAA", "10") for path in rows)
    made.__dict__["distributions"] = (Installed(name="x", version="1", site=SITE, folder=f"{SITE}/x", record=record),)
    return made


def test_links_and_records_lead_nowhere_outside(hostile: Subject) -> None:
    missing = [finding for finding in files.CHECK.run(hostile) if finding.code == "file-missing"]
    assert "../../../../secret, /secret, loop.so, out.py" in missing[0].message
    assert list(commands.CHECK.run(hostile)) == []
    assert list(libraries.CHECK.run(hostile)) == []
    assert hostile.read("out.so") is None
    assert not hostile.is_file("usr/bin/loop")


def test_a_tree_is_walked_without_following_links(hostile: Subject) -> None:
    (hostile.rootfs / "usr/bin/up").symlink_to("/", target_is_directory=True)
    walked = [path for path, _ in hostile.walk("")]
    assert sorted(walked) == ["loop.so", f"{SITE}/out.py", "out.so", "usr/bin/loop", "usr/bin/out", "usr/bin/up"]


def test_executable_for_whom(hostile: Subject) -> None:
    program = hostile.rootfs / "usr/bin/tool"
    program.write_bytes(b"#!/usr/bin/tool\n")
    for mode, owner, wanted in ((0o755, (0, 0), 0), (0o750, (0, 0), 1), (0o700, (1, 5), 0), (0o710, (0, 1), 0)):
        program.chmod(mode)
        hostile.owners = {"usr/bin/tool": owner}
        found = [finding for finding in commands.CHECK.run(hostile) if finding.code == "not-executable"]
        assert len(found) == wanted, (mode, owner)
