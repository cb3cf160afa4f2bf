"""What is read of an image that is a base: its own files, wherever its links point."""

from pathlib import Path

from lightship.base.detect import DetectedBase
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.flows.ground import ImageBase
from lightship.oci.platform import Platform

STDLIB = "usr/lib/python3.11"


def _base(rootfs: Path) -> ImageBase:
    target = Target(python="3.11.2", platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))
    interpreter = Interpreter(executable="usr/bin/python3.11", stdlib=(STDLIB,), target=target)
    base = ImageBase.__new__(ImageBase)
    base.rootfs = rootfs
    base.detected = DetectedBase(interpreter=interpreter, distribution="", libraries={})
    return base


def test_the_standard_library_is_looked_for_inside_of_the_image(tmp_path: Path) -> None:
    """The link means one place in the image and another one on the machine that builds."""
    host, root = tmp_path / "host", tmp_path / "root"
    host.mkdir()
    (host / "os.py").write_text("SECRET = 'of the host'")
    inside = root / str(host).lstrip("/")
    inside.mkdir(parents=True)
    (inside / "os.py").write_text("")
    (inside / "json").symlink_to("/etc")
    (root / "usr/lib").mkdir(parents=True)
    (root / STDLIB).symlink_to(host)
    (entry,) = _base(root)._stdlib()
    assert entry.unpacked_bytes == 0
    assert entry.path == f"{str(host).lstrip('/')}/os.py", "a layer must not put a directory over the image's link"


def test_a_link_for_bytecode_is_bytecode(tmp_path: Path) -> None:
    (tmp_path / STDLIB).mkdir(parents=True)
    (tmp_path / STDLIB / "os.py").write_text("")
    assert len(_base(tmp_path)._stdlib()) == 1
    (tmp_path / STDLIB / "__pycache__").symlink_to("/nowhere")
    assert _base(tmp_path)._stdlib() == ()
