"""Wheels unpacked as they are, and downloads that are known by name."""

import zipfile
from pathlib import Path

import pytest
from tests.build.wheels import make_wheel

from lightship.errors import ArchiveError
from lightship.verify.downloads import KNOWN, known_download
from lightship.verify.plain import unpack_wheels, wheel_modules


def test_what_belongs_into_site_packages_is_there(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "pkg",
        {"pkg/__init__.py": "", "pkg-1.0.data/purelib/pure.py": "", "pkg-1.0.data/platlib/sub/__init__.py": "",
         "pkg-1.0.data/scripts/tool": "#!python\n", "pkg-1.0.data/data/share/x": ""},
    )  # fmt: skip
    other = make_wheel(tmp_path, "other", {"pkg/more.py": "", "pkg/tests/test_x.py": ""})
    site = tmp_path / "site"
    site.mkdir()
    unpack_wheels([wheel, other], site)
    files = {path.relative_to(site).as_posix() for path in site.rglob("*.py")}
    assert files == {"pkg/__init__.py", "pkg/more.py", "pkg/tests/test_x.py", "pure.py", "sub/__init__.py"}
    assert not list(site.glob("*.data"))
    assert wheel_modules(wheel, (".so",)) == ("pkg", "pure", "sub")


def test_a_wheel_cannot_leave_its_folder(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.whl", "w") as archive:
        archive.writestr("../../out.py", "")
        archive.writestr("/etc/out.py", "")
    (tmp_path / "deep/site").mkdir(parents=True)
    unpack_wheels([tmp_path / "x.whl"], tmp_path / "deep/site")
    assert [path for path in tmp_path.rglob("out.py") if "site" not in path.parts] == []


def test_what_is_no_wheel_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"no")
    with pytest.raises(ArchiveError, match=r"not a wheel: x\.whl"):
        unpack_wheels([tmp_path / "x.whl"], tmp_path)


@pytest.mark.parametrize(
    ("host", "packages", "what"),
    [
        ("cdn-lfs.huggingface.co", (), "Hugging Face"),
        ("openaipublic.blob.core.windows.net", ("tiktoken",), "tiktoken"),
        ("raw.githubusercontent.com", ("nltk",), "NLTK"),
        ("raw.githubusercontent.com", ("litellm",), "LiteLLM"),
        ("marketplace.pretend.example", (), "plugins"),
        ("anything.example", ("pip",), "installed at run time"),
        ("169.254.169.254", ("botocore",), "metadata"),
    ],
)
def test_known_downloads(host: str, packages: tuple[str, ...], what: str) -> None:
    found = known_download(host, packages)
    assert found is not None
    assert what in found.what
    assert found.fix


def test_others_are_not_guessed() -> None:
    assert known_download("raw.githubusercontent.com", ()) is None
    assert known_download("models.example", ("requests",)) is None
    assert len({one.what for one in KNOWN}) == len(KNOWN)
