"""A lock that was tampered with gives a selection or one clear sentence, never a traceback."""

import random
import re
from pathlib import Path

import pytest
from tests.ecosystem.python.world import target

from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.errors import LightshipError

SHA = "0" * 64

UV = f"""version = 1
revision = 3
requires-python = ">=3.11"
resolution-markers = ["python_version < '3.12'", "python_version >= '3.12'"]
supported-markers = ["sys_platform == 'linux'"]
conflicts = [[{{ package = "app", extra = "x" }}, {{ package = "app", group = "g" }}]]
[manifest]
members = ["app", "lib"]
[[package]]
name = "app"
version = "1"
source = {{ virtual = "." }}
dependencies = [{{ name = "a", extra = ["y"], marker = "python_full_version < '4'" }}, {{ name = "lib" }}]
[package.optional-dependencies]
x = [{{ name = "b" }}]
[package.dev-dependencies]
g = [{{ name = "b", marker = "extra == 'extra-3-app-x'" }}]
[package.metadata]
provides-extras = ["x"]
requires-dist = [{{ name = "a", extras = ["y"], specifier = ">=1" }}]
[[package]]
name = "lib"
source = {{ editable = "lib" }}
[[package]]
name = "a"
version = "1"
source = {{ registry = "https://index.example/simple" }}
wheels = [{{ url = "https://f.example/a-1-py3-none-any.whl", hash = "sha256:{SHA}", size = 3 }}]
[package.optional-dependencies]
y = [{{ name = "b", version = "1", source = {{ url = "https://f.example/b-1.zip" }} }}]
[[package]]
name = "b"
version = "1"
source = {{ url = "https://f.example/b-1.zip" }}
sdist = {{ hash = "sha256:{SHA}", size = 9 }}
"""

PYLOCK = f"""lock-version = "1.0"
created-by = "x"
requires-python = ">=3.11"
environments = ["sys_platform == 'linux'"]
extras = ["x"]
dependency-groups = ["g"]
default-groups = ["g"]
[[packages]]
name = "a"
version = "1"
marker = "'x' in extras or 'g' in dependency_groups"
index = "https://index.example/simple"
dependencies = [{{ name = "b" }}]
wheels = [{{ name = "a-1-py3-none-any.whl", url = "https://f.example/a", size = 3, hashes = {{ sha256 = "{SHA}" }} }}]
[[packages]]
name = "b"
archive = {{ url = "https://f.example/b-1.zip", hashes = {{ sha256 = "{SHA}" }} }}
[[packages]]
name = "c"
vcs = {{ type = "git", url = "https://git.example/c", commit-id = "12" }}
"""

POETRY = f"""[[package]]
name = "a"
version = "1"
optional = true
groups = ["main", "g"]
markers = {{main = "extra == 'x'", g = "python_version > '3'"}}
files = [{{file = "a-1-py3-none-any.whl", hash = "sha256:{SHA}"}}]
[package.dependencies]
b = ">=1"
[[package]]
name = "b"
version = "1"
groups = ["main"]
markers = "python_full_version >= '3.11'"
files = []
[package.source]
type = "git"
url = "https://git.example/b"
resolved_reference = "12"
[extras]
x = ["a"]
[metadata]
lock-version = "2.1"
python-versions = ">=3.11"
"""

REQUIREMENTS = f"""--index-url https://index.example/simple
-c limits.txt
a[x]==1 ; python_version > '3' \\
    --hash=sha256:{SHA}
    # via -r requirements.in
b @ https://f.example/b-1.zip --hash=sha256:{SHA}
"""

ODD = [
    "3", "true", "[]", "{}", "1979-05-27", '""', '"\\u0000"', '"../.."', '"/"', "[[[1]]]", '[{}]', "'[' * 9", "nan",
    '"((((("', '"==="', '"extra =="', '"http://["', '"file:///etc/passwd"', "{ a = 1 }", '["", 3]', '"a"', "-1",
    '"' + "9" * 5000 + '"', '"1"', "99999999999999999999",
]  # fmt: skip
_VALUE = re.compile(r"(?<== )(\"[^\"\n]*\"|\[[^\]\n]*\]|\{[^}\n]*\}|[0-9]+|true)")


def _outcome(folder: Path, name: str, text: str) -> str:
    """The sentence that the lock ends in, "" when it can be used. Anything but a LightshipError fails the test."""
    (folder / name).write_text(text)
    project = Project.discover(folder)
    try:
        for package in select(project, target(), Wanted(all_extras=name == "uv.lock")).packages:
            if package.kind in ("index", "url", "path"):
                choose(package, target())
    except LightshipError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("name", "text"),
    [("uv.lock", UV), ("pylock.toml", PYLOCK), ("poetry.lock", POETRY)],
    ids=["uv", "pylock", "poetry"],
)
def test_every_value_replaced_by_odd_ones(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    assert select(Project.discover(tmp_path), target()).packages
    for found in _VALUE.finditer(text):
        for odd in ODD:
            said = _outcome(tmp_path, name, text[: found.start()] + odd + text[found.end() :])
            assert "\n" not in said
            assert len(said) < 1500


@pytest.mark.parametrize(
    ("name", "text"),
    [("uv.lock", UV), ("pylock.toml", PYLOCK), ("poetry.lock", POETRY), ("requirements.txt", REQUIREMENTS)],
    ids=["uv", "pylock", "poetry", "requirements"],
)
def test_lines_lost_doubled_and_cut(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "limits.txt").write_text("a<2\n")
    dice = random.Random(1)  # noqa: S311 - a test's choice, nothing secret
    lines = text.splitlines(keepends=True)
    for place, line in enumerate(lines):
        for instead in ("", line * 2, line[: dice.randrange(len(line))] + "\n"):
            assert "\n" not in _outcome(tmp_path, name, "".join([*lines[:place], instead, *lines[place + 1 :]]))
