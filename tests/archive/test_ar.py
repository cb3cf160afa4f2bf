import io
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship import proc
from lightship.archive.ar import iter_ar
from lightship.errors import ArchiveError


def member(name: bytes, content: bytes, size: bytes | None = None) -> bytes:
    head = name.ljust(16) + b"0           0     0     100644  " + (size or b"%d" % len(content)).ljust(10) + b"`\n"
    return head + content + b"\n" * (len(content) % 2)


DEB = b"!<arch>\n" + member(b"debian-binary", b"2.0\n") + member(b"control.tar.xz/", b"odd") + member(b"data.tar", b"")


def refused(content: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        [(one.name, one.stream.read()) for one in iter_ar(io.BytesIO(content), "x.deb")]
    return str(caught.value)


def test_the_members_of_a_package() -> None:
    found = [(one.name, one.size_bytes, one.stream.read()) for one in iter_ar(io.BytesIO(DEB))]
    assert found == [("debian-binary", 4, b"2.0\n"), ("control.tar.xz", 3, b"odd"), ("data.tar", 0, b"")]


def test_content_that_nobody_reads_is_skipped() -> None:
    assert [one.name for one in iter_ar(io.BytesIO(DEB))] == ["debian-binary", "control.tar.xz", "data.tar"]


@pytest.mark.conformance
def test_what_ar_writes_is_read(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    ar = require_tool("ar")
    (tmp_path / "debian-binary").write_bytes(b"2.0\n")
    (tmp_path / "data.tar.zst").write_bytes(b"x" * 1001)
    proc.run([ar, "rcD", "x.deb", "debian-binary", "data.tar.zst"], cwd=tmp_path)
    with (tmp_path / "x.deb").open("rb") as stream:
        assert [(one.name, len(one.stream.read())) for one in iter_ar(stream)] == [
            ("debian-binary", 4),
            ("data.tar.zst", 1001),
        ]


def test_no_ar_at_all_is_refused() -> None:
    assert refused(b"PK\3\4") == "x.deb is no ar archive: want it to begin with b'!<arch>\\n'"


@pytest.mark.parametrize("cut", [20, 70, 120])
def test_an_ar_that_is_cut_short_is_refused(cut: int) -> None:
    whole = b"!<arch>\n" + member(b"a", b"x" * 100)
    assert refused(whole[:cut]) == "x.deb is cut short"


def test_a_damaged_header_is_refused() -> None:
    assert refused(b"!<arch>\n" + member(b"a", b"", b"-1")) == "x.deb: ar header is damaged"
    assert refused(b"!<arch>\n" + member(b"a", b"").replace(b"`\n", b"xx")) == "x.deb: ar header is damaged"
    assert refused(b"!<arch>\n" + member(b"a", b"x")[:-1] + b"!") == "x.deb: ar padding is damaged"


def test_long_names_are_refused() -> None:
    assert refused(b"!<arch>\n" + member(b"#1/20", b"x" * 30)) == "x.deb: long names are not supported: #1/20"
