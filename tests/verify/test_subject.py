"""What checks see of an image stays inside the image."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from tests.verify.test_judge import PYTHON

from lightship.errors import HostileError
from lightship.oci.config import Runtime
from lightship.oci.platform import Platform
from lightship.verify import commands, files, ground, libraries, markers, metadata
from lightship.verify.inside_runner import Inside
from lightship.verify.installed import Installed, RecordRow
from lightship.verify.interpreter import find_python
from lightship.verify.subject import LockedSide, Subject
from lightship.verify.trials import Trials

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


class _Liar:
    """Stands for an `Inside` whose workers answer ``said``."""

    def __init__(self, said: object) -> None:
        self.said = said

    def run(self, *_: object, parse: Callable[[Any], Any], **__: object) -> Any:
        return parse(self.said)


def test_numbers_that_python_does_not_convert(hostile: Subject) -> None:
    digits = "1" * 5000
    (hostile.rootfs / SITE / "x.py").write_text("")
    hostile.python = PYTHON
    hostile.__dict__["distributions"] = (
        Installed(name="x", version=digits, site=SITE, folder=SITE, requires=("x>=2",),
                  record=(RecordRow("x.py", "", digits),)),
    )  # fmt: skip
    hostile.locked = LockedSide(file="lock", packages={"x": "2"}, known=frozenset())
    assert [finding.code for finding in files.CHECK.run(hostile)] == ["file-changed"]
    assert list(metadata.CHECK.run(hostile)) == []
    assert [finding.code for finding in markers.CHECK.run(hostile)] == ["lock-version"]


def test_metadata_without_end(hostile: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile.__dict__.pop("distributions")
    hostile.__dict__["sites"] = (SITE,)
    monkeypatch.setattr("lightship.verify.subject._MOST_ROWS", 10)
    for name in ("a", "b", "c"):
        folder = hostile.rootfs / SITE / f"{name}-1.dist-info"
        folder.mkdir()
        (folder / "RECORD").write_text("a,,\n" * 4)
    with pytest.raises(HostileError, match="want at most 10 rows"):
        list(files.CHECK.run(hostile))


def test_long_texts_are_searched_once(hostile: Subject) -> None:
    """Patterns that try every place and every length take hours over these."""
    place = hostile.rootfs / "etc/ssl/cert.pem"
    place.parent.mkdir(parents=True)
    place.write_bytes(b"-----BEGIN CERTIFICATE-----" + b" " * 1_000_000)
    said = {"tls": {"absent": "no ssl"}, "certifi": {}, "zones": {}, "codecs": {}, "locale": {}, "user": {}}
    hostile.inside, hostile.python = cast(Inside, _Liar(said)), PYTHON
    assert "ca-bundle" in [finding.code for finding in ground.CHECK.run(hostile)]


def test_what_a_failure_says_is_shortened(hostile: Subject) -> None:
    said = {"failed": {"x": {"kind": "ImportError", "message": "x" * 1_000_000}}}
    trials = Trials.of(cast(Inside, _Liar(said)), PYTHON, ("x",), lambda: None)
    assert len(trials.failed["x"].message) == 2000


def test_names_that_no_file_can_have(hostile: Subject) -> None:
    """In a script, in a loader's configuration, on PATH."""
    script = hostile.rootfs / "usr/bin/tool"
    script.write_bytes(b"#!/bin/\0sh\n")
    script.chmod(0o755)
    (hostile.rootfs / "etc").mkdir()
    (hostile.rootfs / "etc/ld.so.conf").write_bytes(b"/lib\0x\n/" + b"l" * 300)
    assert [finding.code for finding in commands.CHECK.run(hostile)] == ["interpreter-missing"]
    assert list(libraries.CHECK.run(hostile)) == []
    assert find_python(hostile.rootfs, Runtime(cmd=("x",), env=(f"PATH=/{'a' * 300}:/usr/bin",))) is None
