"""Equal large files become hard links, and RECORD still names each of them."""

import io
import tarfile
from pathlib import Path

from tests.build.wheels import make_wheel

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.build.duplicates import LINKED_BYTES, link_duplicates
from lightship.build.install import InstalledWheel, install_wheel, with_record
from lightship.ecosystem.python.interpreter import Scheme
from lightship.plan.assemble import write_layer
from lightship.plan.model import Entry

LARGE = "x" * LINKED_BYTES
SITE = "opt/venv/lib/python3.12/site-packages"


def installed(folder: Path) -> InstalledWheel:
    files = {
        "pkg/libz.so.1.2": LARGE, "pkg/libz.so.1": LARGE, "pkg/other.so": LARGE + "y", "pkg/small": "x",
        "pkg/small2": "x", "pkg/run": LARGE, "pkg/a.py": "#" * LINKED_BYTES, "pkg/b.py": "#" * LINKED_BYTES,
    }  # fmt: skip
    wheel = make_wheel(folder, "pkg", files, executable=("pkg/run",))
    scheme = Scheme(prefix="opt/venv", minor="3.12")
    return install_wheel(wheel, filename=wheel.name, sha256="0" * 64, scheme=scheme)


def links(files: dict[str, Entry]) -> dict[str, str]:
    return {place: entry.link_target for place, entry in files.items() if entry.type == "hardlink"}


def test_only_equal_large_files_of_one_mode_are_linked(tmp_path: Path) -> None:
    wheel = installed(tmp_path)
    linked = link_duplicates(wheel, wheel.files)
    assert list(linked) == list(wheel.files)
    assert links(linked) == {"pkg/libz.so.1.2": f"{SITE}/pkg/libz.so.1"}


def test_record_and_layer_have_every_name(tmp_path: Path) -> None:
    wheel = installed(tmp_path)
    entries = with_record(wheel, link_duplicates(wheel, wheel.files))
    plain = with_record(wheel, wheel.files)
    record = f"{SITE}/pkg-1.0.dist-info/RECORD"
    by_path = {entry.path: entry for entry in entries}
    assert by_path[record] == {entry.path: entry for entry in plain}[record]
    stream = io.BytesIO()
    write_layer(entries, stream)
    stream.seek(0)
    with tarfile.open(fileobj=stream, mode="r:gz") as archive:
        member = archive.extractfile(f"{SITE}/pkg/libz.so.1.2")
        assert member is not None
        assert member.read().decode() == LARGE
        assert archive.getmember(f"{SITE}/pkg/libz.so.1.2").islnk()


def test_what_was_changed_is_compared_by_its_own_bytes(tmp_path: Path) -> None:
    wheel = installed(tmp_path)
    path = tmp_path / "stripped"
    path.write_text(LARGE)
    changed = dict(wheel.files)
    contents: dict[str, Content] = {
        "pkg/libz.so.1": Stored(path, 0, len(LARGE), sha256="11" * 32),
        "pkg/libz.so.1.2": Stored(path, 0, len(LARGE), sha256="11" * 32),
        "pkg/other.so": Inline(LARGE.encode()),
    }
    for place, content in contents.items():
        changed[place] = Entry(path=wheel.files[place].path, content=content)
    linked = link_duplicates(wheel, changed)
    assert links(linked) == {"pkg/libz.so.1.2": f"{SITE}/pkg/libz.so.1"}
    rows = {row.split(",")[0]: row.split(",")[1:] for row in _record(with_record(wheel, linked)).splitlines()}
    assert rows["pkg/libz.so.1"] == rows["pkg/libz.so.1.2"]
    assert rows["pkg/libz.so.1"] != rows["pkg/other.so"]


def test_stripped_files_are_equal_where_they_were_equal_before(tmp_path: Path) -> None:
    wheel = installed(tmp_path)
    changed = dict(wheel.files)
    pack = tmp_path / "pack"
    for offset, place in enumerate(("pkg/libz.so.1", "pkg/libz.so.1.2", "pkg/other.so")):
        content = Deflated(pack, offset, 100, LINKED_BYTES, 7)
        changed[place] = Entry(path=wheel.files[place].path, content=content)
    assert links(link_duplicates(wheel, changed)) == {"pkg/libz.so.1.2": f"{SITE}/pkg/libz.so.1"}
    changed["pkg/libz.so.1.2"] = wheel.files["pkg/libz.so.1.2"]
    assert links(link_duplicates(wheel, changed)) == {}, "one of the two was left as it is"


def _record(entries: tuple[Entry, ...]) -> str:
    content = next(entry.content for entry in entries if entry.path.endswith("/RECORD"))
    assert isinstance(content, Inline)
    return content.content.decode()
