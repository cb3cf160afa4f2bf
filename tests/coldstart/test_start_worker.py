"""What the module in the image does to an interpreter, each time in one of its own."""

import subprocess
import sys
from pathlib import Path

import pytest

from lightship.coldstart.inside import start_source

SHOWN = 'import sys; sys.path.insert(0, "site"); import _lightship_start\n'


def _run(tmp_path: Path, plan: str, code: str, *, env: dict[str, str] | None = None) -> str:
    site = tmp_path / "site"
    site.mkdir(exist_ok=True)
    (site / "_lightship_start.py").write_bytes(start_source())
    (site / "_lightship_start.txt").write_text(plan)
    done = subprocess.run(
        [sys.executable, "-I", "-c", SHOWN + code],
        cwd=tmp_path,
        env=env or {},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _module(tmp_path: Path, name: str, text: str) -> None:
    path = tmp_path / "site" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


MAKES_MANY = "import gc\nseen = gc.get_threshold()\nkept = [[number] for number in range(50_000)]\n"


def test_collections_wait_while_a_module_is_imported(tmp_path: Path) -> None:
    _module(tmp_path, "many.py", MAKES_MANY)
    code = "import gc\nbefore, full = gc.get_threshold(), gc.get_stats()[0]['collections']\nimport many\n"
    code += "print(many.seen[0] > before[0], gc.get_threshold() == before, gc.get_stats()[0]['collections'] - full)\n"
    code += "print(gc.get_freeze_count() > 50_000)"
    assert _run(tmp_path, "pause-gc\n", code) == "True True 0\nTrue"
    assert _run(tmp_path, "pause-gc\n", code, env={"LIGHTSHIP_START": "0"}) != "True True 0\nTrue"


@pytest.mark.parametrize("own", ["gc.disable()", "gc.set_threshold(5, 6, 7)", "gc.set_threshold(0)"])
def test_an_application_that_collects_by_itself_is_left_alone(tmp_path: Path, own: str) -> None:
    """Whether it says so before an import or within it."""
    _module(tmp_path, "own.py", f"import gc\n{own}\n")
    show = "print(gc.get_threshold(), gc.isenabled())"
    plain = _run(tmp_path, "", f"import gc\n{own}\n{show}")
    assert _run(tmp_path, "pause-gc\n", f"import gc\nimport own\n{show}") == plain
    assert _run(tmp_path, "pause-gc\n", f"import gc\n{own}\nimport json\n{show}") == plain


def test_an_import_that_fails_resumes_too_and_its_traceback_is_the_same(tmp_path: Path) -> None:
    _module(tmp_path, "broken.py", "1 / 0\n")
    code = "import gc, traceback\nbefore = gc.get_threshold()\n"
    code += "try:\n    import broken\nexcept ZeroDivisionError:\n    print(traceback.format_exc())\n"
    code += "assert gc.get_threshold() == before"
    assert _run(tmp_path, "pause-gc\n", code) == _run(tmp_path, "", code)


LAZY = "lazy\nheavy\npack\n\nno-warm-up\n"


def _heavy(tmp_path: Path, text: str = "VALUE = 1\n") -> None:
    _module(tmp_path, "heavy.py", "print('loaded', __name__, __spec__.loader is __loader__)\n" + text)


def test_a_module_is_loaded_when_something_is_read_of_it(tmp_path: Path) -> None:
    _heavy(tmp_path)
    code = "import heavy\nprint('before')\nprint(heavy.VALUE, type(heavy) is type(sys), 'later' in str(vars(heavy)))"
    assert _run(tmp_path, LAZY, code).split("\n") == ["before", "loaded heavy True", "1 True False"]
    assert _run(tmp_path, LAZY, code, env={"LIGHTSHIP_START": "0"}).split("\n")[:2] == ["loaded heavy True", "before"]


@pytest.mark.parametrize(
    "use",
    [
        "from heavy import VALUE",
        "import heavy; heavy.OTHER = 2",
        "import heavy; dir(heavy)",
        "import heavy; hasattr(heavy, 'x')",
    ],
)
def test_every_use_loads_it_once(tmp_path: Path, use: str) -> None:
    _heavy(tmp_path)
    assert _run(tmp_path, LAZY, f"{use}\nimport heavy\nheavy.VALUE") == "loaded heavy True"


def test_a_patch_survives(tmp_path: Path) -> None:
    """Monkey patching a module that waits loads it first: the load would undo the patch."""
    _heavy(tmp_path)
    assert _run(tmp_path, LAZY, "import heavy\nheavy.VALUE = 5\nprint(heavy.VALUE)").endswith("\n5")


def test_a_package_runs_before_what_is_inside(tmp_path: Path) -> None:
    _module(tmp_path, "pack/__init__.py", "print('package')\nORDER = []\n")
    _module(tmp_path, "pack/inner.py", "import pack\nprint('inner')\npack.ORDER.append(1)\n")
    code = "import pack\nprint('before')\nimport pack.inner\nprint(pack.ORDER, pack.inner.__name__)"
    assert _run(tmp_path, LAZY, code).split("\n") == ["before", "package", "inner", "[1] pack.inner"]


def test_a_module_that_fails_says_so_where_it_is_used_and_can_be_tried_again(tmp_path: Path) -> None:
    _heavy(tmp_path, "1 / 0\n")
    code = "import heavy\n"
    code += "try:\n    heavy.VALUE\nexcept ZeroDivisionError:\n    print('failed', 'heavy' in sys.modules)\n"
    code += "try:\n    import heavy\n    heavy.VALUE\nexcept ZeroDivisionError:\n    print('again')"
    assert _run(tmp_path, LAZY, code).split("\n") == ["loaded heavy True", "failed False", "loaded heavy True", "again"]


def test_an_absent_module_is_absent_at_once(tmp_path: Path) -> None:
    assert (
        _run(tmp_path, LAZY, "try:\n    import heavy\nexcept ModuleNotFoundError as error:\n    print(error.name)")
        == "heavy"
    )


def test_two_threads_load_it_once_and_both_see_all_of_it(tmp_path: Path) -> None:
    _heavy(tmp_path, "import time\ntime.sleep(0.2)\nVALUE = 1\n")
    code = "import heavy, threading\nseen = []\n"
    code += "threads = [threading.Thread(target=lambda: seen.append(heavy.VALUE)) for _ in range(4)]\n"
    code += "[thread.start() for thread in threads]; [thread.join() for thread in threads]\nprint(seen)"
    assert _run(tmp_path, LAZY, code).split("\n") == ["loaded heavy True", "[1, 1, 1, 1]"]


def test_an_idle_process_warms_up_and_so_does_its_child(tmp_path: Path) -> None:
    _heavy(tmp_path, "import os\nopen('loaded-%d' % os.getpid(), 'w').close()\n")
    code = """
import heavy, os, time
child = os.fork()
mine = "loaded-%d" % os.getpid()
deadline = time.monotonic() + 60
while not os.path.exists(mine) and time.monotonic() < deadline:
    time.sleep(0.02)
assert os.path.exists(mine)
if child == 0:
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
"""
    _run(tmp_path, "lazy\nheavy\n", code)
    assert len(list(tmp_path.glob("loaded-*"))) == 2
