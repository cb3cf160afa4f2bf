"""Every check has its page; where one lists files, what stands under Bad fires and what stands under Good does not."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.flows.world import MINOR

from lightship.findings import Finding
from lightship.launch.command import LaunchOptions
from lightship.oci.config import Runtime
from lightship.oci.platform import Platform
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.verify.check import Check
from lightship.verify.checks import CHECKS
from lightship.verify.inside_runner import Inside
from lightship.verify.interpreter import PythonFacts, ask_python
from lightship.verify.start import START_KINDS
from lightship.verify.subject import Subject

LISTED = [check for check in CHECKS if "::\n" in check.doc]


def section(check: Check, heading: str) -> str:
    found = re.search(rf"^{heading}\n=+\n(.*?)(?=^\w[\w ]*\n=+\n|\Z)", check.doc, re.DOTALL | re.MULTILINE)
    assert found is not None, f"{check.name} has no {heading}"
    return found[1]


def listing(check: Check, heading: str) -> dict[str, bytes]:
    """The files that a block lists: ``path | content``."""
    files = {}
    for line in section(check, heading).partition("::\n")[2].splitlines():
        match = re.fullmatch(r"    (\S+)(?: \|(?: (.*))?)?", line)
        if match is None:
            assert not line
            continue
        files[match[1]] = (match[2] or "").encode("latin-1").decode("unicode_escape").encode("latin-1")
    return files


@pytest.fixture
def subject(python_root: Path, sandbox: Bubblewrap, tmp_path: Path) -> Subject:
    """A root with an interpreter, in whose ``/site`` and ``/bin`` the files of a page are put."""
    import os
    import shutil

    root = tmp_path / "rootfs"
    shutil.copytree(python_root, root, symlinks=True, copy_function=os.link)
    (root / "tmp").mkdir(exist_ok=True)
    (root / "site").mkdir()
    runtime = Runtime(env=("PATH=/usr/bin:/bin", "PYTHONPATH=/site"), user="1001:1002")
    inside = Inside(sandbox=sandbox, rootfs=root, runtime=runtime, options=LaunchOptions())
    return Subject(
        rootfs=root,
        platform=Platform("linux", "amd64"),
        runtime=runtime,
        inside=inside,
        python=ask_python(inside, "/usr/bin/python3"),
    )


def findings(check: Check, subject: Subject, files: dict[str, bytes]) -> list[Finding]:
    for path, content in files.items():
        place = subject.rootfs / (path if path.startswith(("bin/", "usr/")) else f"site/{path}")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        place.chmod(0o755 if content.startswith((b"#!", b"\x7fELF")) else 0o644)
    names = {kind.code for kind in check.kinds}
    found = [
        one for one in check.run(subject) if one.location.startswith(("/site", "pkg", "/bin")) or "pkg" in one.message
    ]
    assert {one.code for one in found} <= names
    return found


@pytest.mark.parametrize("check", LISTED, ids=lambda check: check.name)
def test_bad_fires(check: Check, subject: Subject) -> None:
    assert findings(check, subject, listing(check, "Bad"))


@pytest.mark.parametrize("check", LISTED, ids=lambda check: check.name)
def test_good_does_not(check: Check, subject: Subject) -> None:
    assert findings(check, subject, listing(check, "Good")) == []


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
def test_a_page_has_every_section(check: Check) -> None:
    headings = re.findall(r"^([A-Z][\w ]+)\n=+$", check.doc, re.MULTILINE)
    assert headings == ["What it does", "Why", "Bad", "Good", "References"]


def codes() -> Iterator[str]:
    yield from (kind.code for check in CHECKS for kind in check.kinds)
    yield from (kind.code for kind in START_KINDS)


def test_codes_are_one_checks_alone_and_each_check_has_its_file() -> None:
    assert len(list(codes())) == len(set(codes()))
    folder = Path(__file__).parents[2] / "src/lightship/verify"
    assert {check.name for check in CHECKS} <= {path.stem for path in folder.glob("*.py")}


def test_the_interpreter_tells_what_it_is(subject: Subject) -> None:
    facts = subject.python
    assert isinstance(facts, PythonFacts)
    assert facts.minor == MINOR
    assert facts.markers["python_full_version"] == facts.version
    assert "/site" in facts.path
    assert facts.stdlib == f"/{subject.resolve(facts.stdlib)}"
    assert "json" in facts.stdlib_names
