"""The one form that a built wheel is kept in."""

import io
import random
import time
import zipfile
from pathlib import Path

import pytest

from lightship.build.sdist import normal
from lightship.build.sdist.normal import write_normal_wheel
from lightship.errors import HostileError

FILES = {
    "pretend/__init__.py": b"x = 1\n" * 500,
    "pretend/empty.py": b"",
    "pretend/noise.bin": random.Random(1).randbytes(3000),  # noqa: S311
    "pretend/é.py": b"1",
    "pretend-1.0.data/scripts/run": b"#!python\n",
    "pretend-1.0.dist-info/METADATA": b"Name: pretend\n",
    "pretend-1.0.dist-info/RECORD": b"pretend/a.py,,\npretend-1.0.dist-info/RECORD,,\n",
}


def wheel(path: Path, seed: int) -> Path:
    chance = random.Random(seed)  # noqa: S311
    names = list(FILES)
    chance.shuffle(names)
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            info = zipfile.ZipInfo(name, time.localtime(1.6e9 + seed * 1e6)[:6])
            mode = 0o755 if name.endswith("run") else 0o644
            info.external_attr = (0o100000 | mode | chance.choice((0, 0o20, 0o22))) << 16
            info.compress_type = chance.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED))
            archive.writestr(info, FILES[name], compresslevel=chance.randrange(1, 10))
    return path


def test_order_times_modes_and_compression_do_not_count(tmp_path: Path) -> None:
    forms = set()
    for seed in range(6):
        output = io.BytesIO()
        write_normal_wheel(wheel(tmp_path / f"{seed}.whl", seed), output)
        forms.add(output.getvalue())
    (form,) = forms
    with zipfile.ZipFile(io.BytesIO(form)) as archive:
        assert archive.testzip() is None
        assert archive.namelist()[-1] == "pretend-1.0.dist-info/RECORD"
        assert archive.namelist()[:-1] == sorted(set(FILES) - {archive.namelist()[-1]})
        for name, content in FILES.items():
            expected = b"".join(sorted(content.splitlines(True))) if name.endswith("RECORD") else content
            assert archive.read(name) == expected
        modes = {info.filename: info.external_attr >> 16 for info in archive.infolist()}
        assert modes["pretend-1.0.data/scripts/run"] == 0o100755
        assert modes["pretend/empty.py"] == 0o100644
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_large_members_are_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(normal, "_WHOLE_BYTES", 1000)
    output = io.BytesIO()
    write_normal_wheel(wheel(tmp_path / "a.whl", 1), output)
    with zipfile.ZipFile(output) as archive:
        assert archive.testzip() is None
        assert archive.read("pretend/__init__.py") == FILES["pretend/__init__.py"]
        assert archive.read("pretend/noise.bin") == FILES["pretend/noise.bin"]


def test_a_hostile_wheel_of_a_build_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("../../escape", "x")
    with pytest.raises(HostileError):
        write_normal_wheel(path, io.BytesIO())
