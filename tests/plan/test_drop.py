"""Every rule's page is run: what stands under Bad with a dash goes, everything else stays."""

import re
from pathlib import Path

import pytest

from lightship.archive.content import Inline
from lightship.archive.inflate import Containers
from lightship.ecosystem.python.target import Target
from lightship.errors import UsageError
from lightship.oci.platform import Platform
from lightship.plan.drop import ASKED, RULES, Distribution, DropOptions, Rule, apply, is_protected
from lightship.plan.losses import losses
from lightship.plan.model import Dropped, Entry

TARGET = Target(
    python="3.12.1", platform=Platform(os="linux", architecture="amd64"), libc="glibc", libc_version=(2, 36)
)


def distribution(
    files: dict[str, str], *, name: str = "pkg", imports: tuple[str, ...] = (), required_by: tuple[str, ...] = ()
) -> Distribution:
    entries = {
        path: Entry(path=f"site/{path}", content=Inline(text.encode("latin-1")), owner=f"wheel:{name}==1.0")
        for path, text in files.items()
    }
    return Distribution(name, entries, Containers(), target=TARGET, imports=imports, required_by=required_by)


def listing(rule: Rule, heading: str) -> tuple[Distribution, set[str]]:
    """The distribution that a page's Bad or Good block lists, and the paths marked with a dash."""
    section = re.search(rf"^{heading}\n=+\n(.*?)(?=^\w+\n=+\n)", rule.doc, re.DOTALL | re.MULTILINE)
    assert section is not None
    before, _, block = section[1].partition("::\n")
    files: dict[str, str] = {}
    gone: set[str] = set()
    for line in block.splitlines():
        match = re.fullmatch(r"    (- |  )(\S+)(?: \| (.*))?", line)
        if match is None:
            assert not line
            continue
        mark, path, text = match.groups(default="")
        files[path] = text.encode("latin-1").decode("unicode_escape")
        gone |= {path} if mark == "- " else set()
    name = re.search(r"As distribution ``([\w-]+)``", before)
    asker = re.search(r"required by ``([\w-]+)``", before)
    required_by = (asker[1],) if asker else ()
    return distribution(files, name=name[1] if name else "pkg", required_by=required_by), gone


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_bad_is_dropped_and_its_neighbours_stay(rule: Rule) -> None:
    listed, gone = listing(rule, "Bad")
    assert gone
    kept, dropped = apply(listed, (rule,), DropOptions())
    assert {drop.path.removeprefix("site/") for drop in dropped} == gone
    assert set(kept) == set(listed.files) - gone


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_good_stays(rule: Rule) -> None:
    listed, gone = listing(rule, "Good")
    assert listed.files
    assert not gone
    assert apply(listed, (rule,), DropOptions())[1] == ()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_page_has_every_section(rule: Rule) -> None:
    headings = re.findall(r"^([A-Z][\w ]+)\n=+$", rule.doc, re.MULTILINE)
    assert headings == ["What it does", "Why", "Bad", "Good", "References"]


def test_each_rule_has_its_file_and_its_code_once() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    folder = Path(__file__).parents[2] / "src/lightship/plan/drop"
    assert {rule.code.replace("-", "_") for rule in RULES} <= {path.stem for path in folder.glob("*.py")}


def dropped_paths(listed: Distribution, options: DropOptions | None = None) -> set[str]:
    return {drop.path.removeprefix("site/") for drop in apply(listed, RULES, options or DropOptions())[1]}


@pytest.mark.parametrize(
    "source",
    [
        "from .tests import helper",
        "from . import tests",
        "from . import (\n    core,\n    tests,\n)",
        "from pkg.tests.helper import x",
        "import pkg.tests.helper as h",
        "import importlib\nimportlib.import_module('pkg.tests.helper')",
        "NAME = 'pkg.tests:main'",
        "PATH = 'tests/data/golden.csv'",
        "def broken(:\n    from pkg.tests import x",
    ],
)
def test_tests_that_the_package_needs_stay(source: str) -> None:
    files = {"pkg/__init__.py": source, "pkg/tests/__init__.py": "", "pkg/tests/test_a.py": ""}
    assert dropped_paths(distribution(files)) == set()


@pytest.mark.parametrize(
    "source",
    [
        "'''see pkg.tests for examples'''",
        "tests = 1",
        "from other.tests import x",
        "from .. import tests_of_faith",
        "import pkg.testsuite",
    ],
)
def test_words_that_only_look_like_an_import_keep_nothing(source: str) -> None:
    files = {"pkg/__init__.py": source, "pkg/tests/__init__.py": "", "pkg/tests/test_a.py": ""}
    assert dropped_paths(distribution(files)) == {"pkg/tests/__init__.py", "pkg/tests/test_a.py"}


def test_tests_needed_by_needed_tests_stay_too() -> None:
    files = {
        "pkg/__init__.py": "from pkg.a.tests import x",
        "pkg/a/tests/test_a.py": "",
        "pkg/a/tests/__init__.py": "from pkg.b.tests import y",
        "pkg/b/tests/test_b.py": "",
        "pkg/c/tests/test_c.py": "import pkg.a.tests",
    }
    assert dropped_paths(distribution(files)) == {"pkg/c/tests/test_c.py"}


def test_tests_named_by_an_entry_point_or_by_the_application_stay() -> None:
    files = {
        "pkg/tests/test_a.py": "",
        "pkg-1.0.dist-info/entry_points.txt": "[pytest11]\npkg = pkg.tests.plugin:run\n",
    }
    assert dropped_paths(distribution(files)) == set()
    assert dropped_paths(distribution({"pkg/tests/test_a.py": ""}, imports=("pkg.tests.test_a",))) == set()
    assert dropped_paths(distribution({"pkg/tests/test_a.py": ""}, imports=("pkg.testsuite",))) == {
        "pkg/tests/test_a.py"
    }


@pytest.mark.parametrize("source", ["CDLL('libnvrtc.so')", "from torch.utils import cpp_extension", "import pyximport"])
def test_a_package_that_compiles_at_run_time_keeps_what_a_compiler_reads(source: str) -> None:
    files = {"pkg/a.h": "", "pkg/b.a": "", "pkg/c.pxd": "", "pkg/driver.py": "", "pkg/tests/test_a.py": source}
    assert dropped_paths(distribution(files)) == {"pkg/a.h", "pkg/b.a", "pkg/c.pxd", "pkg/tests/test_a.py"}
    assert dropped_paths(distribution(files | {"pkg/driver.py": source})) == {"pkg/tests/test_a.py"}


def test_keep_wins_over_rules_and_over_drop() -> None:
    files = {"pkg/tests/test_a.py": "", "pkg/tests/data/x.csv": "", "pkg/big.bin": "12345", "pkg/core.py": ""}
    options = DropOptions(keep=("pkg/tests/**",), drop=("pkg/big.*", "**/test_a.py"))
    kept, dropped = apply(distribution(files), RULES, options)
    assert set(kept) == {"pkg/tests/test_a.py", "pkg/tests/data/x.csv", "pkg/core.py"}
    assert dropped == (
        Dropped(
            path="site/pkg/big.bin", owner="wheel:pkg==1.0", rule=ASKED, safety="closure",
            reason="the configuration asks for it", unpacked_bytes=5,
        ),
    )  # fmt: skip


def test_asking_never_removes_metadata_or_licences() -> None:
    files = {"pkg-1.0.dist-info/METADATA": "", "pkg/LICENSE.txt": "", "pkg-1.0.dist-info/licenses/a/MIT.txt": ""}
    assert dropped_paths(distribution(files), DropOptions(drop=("**",))) == set()


def test_a_rule_can_be_switched_off_and_a_wrong_name_is_refused() -> None:
    files = {"pkg/core.pyi": "", "pkg/core.py": ""}
    assert dropped_paths(distribution(files), DropOptions(off=("type-stubs",))) == set()
    with pytest.raises(UsageError, match="no such drop rule"):
        DropOptions(off=("stubs",)).active(RULES)


def test_max_safety_bounds_the_rules() -> None:
    files = {"pkg/core.pyi": "", "pkg/core.py": "", "pkg/__pycache__/core.cpython-39.pyc": ""}
    assert dropped_paths(distribution(files), DropOptions(max_safety="lossless")) == {
        "pkg/__pycache__/core.cpython-39.pyc"
    }
    assert all(rule.safety in ("lossless", "safe") for rule in DropOptions().active(RULES))


def test_options_key_changes_with_what_it_names() -> None:
    keys = {
        DropOptions().key(RULES),
        DropOptions(keep=("a",)).key(RULES),
        DropOptions(drop=("a",)).key(RULES),
        DropOptions(off=("tests",)).key(RULES),
        DropOptions(max_safety="lossless").key(RULES),
    }
    assert len(keys) == 5


def test_losses_are_counted_by_rule() -> None:
    files = {"pkg/a.pyi": "123", "pkg/b.pyi": "4567", "pkg/.DS_Store": "x", "pkg/a.py": ""}
    first, second = losses(apply(distribution(files), RULES, DropOptions())[1])
    assert (first.rule, first.files, first.unpacked_bytes) == ("type-stubs", 2, 7)
    assert (second.rule, second.files, second.unpacked_bytes) == ("editor-leftovers", 1, 1)


@pytest.mark.parametrize(
    ("path", "protected"),
    [
        ("pkg/LICENSE", True),
        ("pkg/vendor/licence.md", True),
        ("pkg-1.0.dist-info/licenses/MIT.txt", True),
        ("pkg-1.0.dist-info/sboms/auditwheel.cdx.json", True),
        ("pkg-1.0.dist-info/top_level.txt", True),
        ("pkg/license.py", False),
        ("pkg/tests/notices.csv", True),
        ("pkg/METADATA", False),
    ],
)
def test_protected_paths(path: str, protected: bool) -> None:
    assert is_protected(path) is protected
