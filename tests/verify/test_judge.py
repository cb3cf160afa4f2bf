"""What an exception says of the image, with and without a plain side."""

from pathlib import Path

import pytest

from lightship.oci.config import Runtime
from lightship.oci.platform import Platform
from lightship.verify.installed import Installed, RecordRow
from lightship.verify.interpreter import PythonFacts
from lightship.verify.judge import judge
from lightship.verify.subject import Subject
from lightship.verify.trials import Failure, Trials

SITE = "opt/venv/lib/python3.12/site-packages"
PYTHON = PythonFacts(
    executable="/usr/bin/python3", version="3.12.1", cache_tag="cpython-312", magic="", prefix="/opt/venv",
    stdlib="/usr/lib/python3.12", path=(f"/{SITE}",), suffixes=(".so",),
    stdlib_names=frozenset({"asyncio", "json", "tkinter"}), markers={},
)  # fmt: skip


def subject(tmp_path: Path, plain: dict[str, Failure] | None = None) -> Subject:
    made = Subject(rootfs=tmp_path, platform=Platform("linux", "amd64"), runtime=Runtime(), python=PYTHON)
    (tmp_path / SITE).mkdir(parents=True)
    made.__dict__["trials"] = Trials(wanted=(), again=lambda: plain)
    record = tuple(RecordRow(path, "", "") for path in ("pkg/__init__.py", "google/cloud/storage/__init__.py"))
    made.__dict__["distributions"] = (
        Installed(name="pkg-dist", version="1", site=SITE, folder=f"{SITE}/pkg_dist-1.dist-info", record=record),
    )
    return made


def failure(kind: str, message: str, **more: str) -> Failure:
    kinds = {"ModuleNotFoundError": ("ModuleNotFoundError", "ImportError")}.get(kind, (kind,))
    return Failure(trial="x", kinds=kinds, message=message, **more)


@pytest.mark.parametrize(
    ("what", "severity"),
    [
        (failure("ModuleNotFoundError", "No module named 'pkg.part'", name="pkg.part"), "error"),
        (failure("ModuleNotFoundError", "No module named 'google.iam'", name="google.iam"), "note"),
        (failure("ModuleNotFoundError", "No module named 'django'", name="django"), "note"),
        (failure("ModuleNotFoundError", "Missing packages: ['minio']"), "note"),
        (failure("ModuleNotFoundError", "No module named 'json'", name="json"), "error"),
        (failure("ModuleNotFoundError", "No module named 'tkinter'", name="tkinter"), "warning"),
        (failure("ImportError", "libz.so.1: cannot open shared object file: No such file or directory"), "error"),
        (failure("ImportError", "libcuda.so.1: cannot open shared object file: No such file"), "note"),
        (failure("ImportError", "/x.so: undefined symbol: PyFoo"), "error"),
        (failure("ImportError", "/lib/libm.so.6: version `GLIBC_2.38' not found (required by /x.so)"), "error"),
        (failure("ImportError", "cannot import name 'a' from 'pkg' (/x/pkg/__init__.py)"), "error"),
        (failure("ImportError", "cannot import name 'iam' from 'google.cloud' (unknown location)"), "note"),
        (failure("ImportError", "cannot import name 'x' from 'asyncio' (/usr/lib/…)"), "note"),
        (failure("ImportError", "Failed to initialize: Bad git executable"), "note"),
        (failure("FileNotFoundError", "gone", filename=f"/{SITE}/pkg/words.txt"), "error"),
        (failure("FileNotFoundError", "gone", filename="/etc/pretend.conf"), "note"),
        (failure("LookupError", "unknown encoding: gb18030"), "error"),
        (failure("AttributeError", "module 'pkg' has no attribute 'part'"), "error"),
        (failure("AttributeError", "module 'asyncio' has no attribute 'coroutine'"), "note"),
        (failure("AttributeError", "'NoneType' object has no attribute 'x'"), "note"),
        (failure("Crash", "signal 11"), "error"),
        (failure("Hangs", "not done after 90 s"), "warning"),
        (failure("RuntimeError", "set PRETEND_KEY"), "note"),
    ],
    ids=lambda value: value.message if isinstance(value, Failure) else value,
)
def test_alone_the_exception_tells(tmp_path: Path, what: Failure, severity: str) -> None:
    assert judge(subject(tmp_path), what).severity == severity


def test_the_plain_side_has_the_last_word(tmp_path: Path) -> None:
    what = failure("RuntimeError", "anything")
    assert judge(subject(tmp_path / "a", {}), what).severity == "error"
    assert judge(subject(tmp_path / "b", {"x": what}), what).severity == "note"
