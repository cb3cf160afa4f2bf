"""What the module in the image does to an interpreter, each time in one of its own."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lightship.coldstart.inside import lazy_source, start_source
from lightship.coldstart.page_cache import drop_cached
from lightship.flows.start_layer import ahead_list

SHOWN = 'import sys; sys.path.insert(0, "site"); import _lightship_start\n'


def _run(tmp_path: Path, plan: str, code: str, *, env: dict[str, str] | None = None) -> str:
    site = tmp_path / "site"
    site.mkdir(exist_ok=True)
    (site / "_lightship_start.py").write_bytes(start_source())
    (site / "_lightship_lazy.py").write_bytes(lazy_source())
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


def _package(tmp_path: Path, name: str, *points: str) -> None:
    _module(tmp_path, f"{name}-1.dist-info/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n")
    _module(
        tmp_path, f"{name}-1.dist-info/entry_points.txt", "[plug]\n" + "".join(f"{one} = {one}:f\n" for one in points)
    )


READS = """
import importlib.metadata as m
reads = []
real = m.PathDistribution.read_text
m.PathDistribution.read_text = lambda self, name: name[:5] == "entry" and reads.append(name) or real(self, name)
def names(): return [(p.name, p.value, p.dist.name) for p in m.entry_points(group="plug")]
"""


def test_entry_points_are_read_once_and_are_the_same(tmp_path: Path) -> None:
    _package(tmp_path, "one", "a", "b")
    _package(tmp_path, "two", "c")
    show = READS + "first = names()\nonce = len(reads)\nprint(names() == first, first, len(reads) == once)\n"
    plain = _run(tmp_path, "", show)
    kept = _run(tmp_path, "entry-points\n", show)
    assert plain.endswith("False")
    assert kept == plain.removesuffix("False") + "True"
    assert _run(tmp_path, "entry-points\n", show, env={"LIGHTSHIP_START": "0"}) == plain


def test_packages_that_come_later_are_seen(tmp_path: Path) -> None:
    """In a directory of ``sys.path``, by another one, and by a finder that is not of files."""
    _package(tmp_path, "one", "a")
    code = READS + "import os\nprint([n[0] for n in names()])\n"
    code += "os.mkdir('site/two-1.dist-info'); os.utime('site', (1, 1))\n"
    code += "open('site/two-1.dist-info/entry_points.txt', 'w').write('[plug]\\nb = b:f\\n')\n"
    code += "open('site/two-1.dist-info/METADATA', 'w').write('Name: two\\nVersion: 1\\n')\n"
    code += "print(sorted(n[0] for n in names()))\nos.makedirs('more/three-1.dist-info')\n"
    code += "open('more/three-1.dist-info/entry_points.txt', 'w').write('[plug]\\nc = c:f\\n')\n"
    code += "open('more/three-1.dist-info/METADATA', 'w').write('Name: three\\nVersion: 1\\n')\n"
    code += "sys.path.append('more')\nprint(sorted(n[0] for n in names()))\n"
    code += "class Odd(m.DistributionFinder):\n    def find_distributions(self, context=None): return []\n"
    code += "    def find_spec(self, *_): return None\n"
    code += "sys.meta_path.append(Odd())\nbefore = len(reads)\nnames()\nprint(len(reads) > before)"
    assert _run(tmp_path, "entry-points\n", code).splitlines() == ["['a']", "['a', 'b']", "['a', 'b', 'c']", "True"]


def test_the_backport_remembers_too(tmp_path: Path) -> None:
    """`importlib_metadata` of the index: what OpenTelemetry asks."""
    text = "from importlib.metadata import EntryPoints\ncalls = []\n"
    text += "def entry_points(**params):\n    calls.append(params)\n    return EntryPoints([])\n"
    _module(tmp_path, "importlib_metadata/__init__.py", text)
    code = "from importlib_metadata import calls, entry_points\n"
    code += (
        "found = [list(entry_points(group=name)) for name in 'aab']\nprint(found, calls)\nentry_points()\nprint(calls)"
    )
    assert _run(tmp_path, "entry-points\n", code).splitlines() == ["[[], [], []] [{}]", "[{}, {}]"]


def test_the_module_of_metadata_looks_as_ever(tmp_path: Path) -> None:
    show = "import importlib.metadata as m, inspect\nf = m.entry_points\n"
    show += "print(type(m.__loader__), m.__spec__, m.__file__, m.__cached__, m.__path__)\n"
    show += "print(m.__loader__ is m.__spec__.loader)\n"
    show += "print(f.__module__, f.__qualname__, f.__doc__, inspect.signature(f))\n"
    show += "print(type(m.entry_points()), type(f(group='x')))\n"
    show += "print(m.files, sorted(vars(m)))"

    def known(text: str) -> str:
        return re.sub(r" at 0x[0-9a-f]+", "", text)

    assert known(_run(tmp_path, "entry-points\n", show)) == known(_run(tmp_path, "", show))


WATCHED = """
import os, posix, sys, time
asked = []
posix.posix_fadvise = lambda fd, at, size, how: asked.append((os.readlink(f"/proc/self/fd/{fd}"), at, size, how))
ticks = iter([0.0, TICK])
time.perf_counter = lambda: next(ticks, TICK)
sys.path.insert(0, "site")
import _lightship_start
"""


def _asked(tmp_path: Path, names: list[str], after: str = "", *, tick: float = 1.0, env: str = "") -> list[str]:
    """What the kernel is asked for where a clock shows ``tick`` seconds for the first read."""
    site = tmp_path / "site"
    site.mkdir(exist_ok=True)
    (site / "_lightship_start.py").write_bytes(start_source())
    (site / "_lightship_start.txt").write_text(f"read-ahead\n{tmp_path}/one\n")
    (site / "_lightship_start.ahead").write_text(ahead_list([f"{tmp_path}/{name}".lstrip("/") for name in names]))
    show = "for path, *rest in asked: print(os.path.basename(path), *rest)\n"
    code = WATCHED.replace("TICK", str(tick)) + after + show
    told = {"LIGHTSHIP_START": env} if env else {}
    done = subprocess.run(
        [sys.executable, "-I", "-c", code], cwd=tmp_path, env=told, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def _files(tmp_path: Path) -> list[str]:
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "größer").write_bytes(bytes(300_000))
    (tmp_path / "empty").touch()
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "pipe")
    return ["größer", "absent", "directory", "pipe", "empty", "one"]


def test_a_cold_machine_is_asked_for_files_in_their_order_and_in_steps(tmp_path: Path) -> None:
    """Advice 3 is WILLNEED (linux/fadvise.h). What is not there or no file is left out."""
    steps = ["größer 0 262144 3", "größer 262144 37856 3", "one 0 1 3"]
    assert _asked(tmp_path, _files(tmp_path)) == steps


def test_a_warm_machine_is_asked_for_nothing(tmp_path: Path) -> None:
    names = _files(tmp_path)
    assert _asked(tmp_path, names, tick=1e-6) == []
    assert _asked(tmp_path, names, env="0") == []
    (tmp_path / "one").unlink()
    assert _asked(tmp_path, names) == []


def test_reading_ahead_has_a_limit(tmp_path: Path) -> None:
    names = ["one", *(f"big{number}" for number in range(6))]
    (tmp_path / "one").write_bytes(b"1")
    for name in names[1:]:
        with (tmp_path / name).open("wb") as stream:
            stream.truncate(1 << 30)
    sizes = [int(line.split()[2]) for line in _asked(tmp_path, names)]
    assert sizes == [1, *([256 << 10] * (3 * (64 << 20) // (256 << 10)))]


def test_files_are_asked_for_as_the_start_goes_on(tmp_path: Path) -> None:
    """A disk with a quota makes everything else wait for what was asked for."""
    names = [f"{number:03}" for number in range(300)]
    for name in (*names, "one"):
        (tmp_path / name).write_bytes(b"1")
    after = "print(len(asked))\nimport wave\nprint(len(asked) > 256)\nfor number in range(40):\n"
    after += "    try: __import__(f'absent_{number}')\n    except ImportError: pass\n"
    first, more, *lines = _asked(tmp_path, names, after)
    assert (first, more) == ("256", "True")
    assert [line.split()[0] for line in lines] == names


def test_the_first_fork_goes_on_with_the_list_and_no_other_does(tmp_path: Path) -> None:
    names = [f"{number:03}" for number in range(300)]
    for name in (*names, "one"):
        (tmp_path / name).write_bytes(b"1")
    after = """
for number in range(2):
    before = len(asked)
    child = os.fork()
    if child == 0:
        try: import absent
        except ImportError: pass
        os._exit(len(asked) - before)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert _asked(tmp_path, names, after)[:2] == ["2", "0"]


def test_reading_ahead_leaves_no_thread_no_child_no_open_file_and_is_not_repeated(tmp_path: Path) -> None:
    after = """
assert len(os.listdir("/proc/self/task")) == 1
assert len(os.listdir("/proc/self/fd")) == 4, "a directory is listed through a descriptor of its own"
try:
    os.waitpid(-1, 0)
except ChildProcessError:
    pass
else:
    raise AssertionError("there is a child")
before = len(asked)
child = os.fork()
if child == 0:
    os._exit(len(asked) - before)
assert os.waitpid(child, 0)[1] == 0
"""
    assert _asked(tmp_path, _files(tmp_path), after)[-1] == "one 0 1 3"


def test_a_list_that_is_damaged_is_no_reason_to_fail(tmp_path: Path) -> None:
    _asked(tmp_path, ["one"])
    (tmp_path / "one").write_bytes(b"1")
    (tmp_path / "site/_lightship_start.ahead").write_bytes(b"zz/tmp\n\xff\n")
    code = WATCHED.replace("TICK", "1.0") + "print(asked)"
    done = subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _in_memory(path: Path) -> bool:
    with path.open("rb") as stream:
        try:
            os.preadv(stream.fileno(), [bytearray(1)], path.stat().st_size - 1, os.RWF_NOWAIT)
        except BlockingIOError:
            return False
    return True


def test_the_kernel_does_read_what_it_is_asked_for(tmp_path: Path) -> None:
    big = tmp_path / "data/big"
    big.parent.mkdir()
    big.write_bytes(os.urandom(3 << 20))
    drop_cached(big.parent)
    try:
        if _in_memory(big):
            pytest.skip("this file system keeps its files in memory")
    except OSError as error:
        pytest.skip(f"this file system does not tell what is in memory: {error}")
    (tmp_path / "site").mkdir()
    (tmp_path / "site/_lightship_start.ahead").write_text(ahead_list([str(big).lstrip("/")]))
    slow = "import time\nticks = iter([0, 1])\ntime.perf_counter = lambda: next(ticks, 1)\n"
    (tmp_path / "site/slow.py").write_text(slow)
    code = 'import sys; sys.path.insert(0, "site"); import slow, _lightship_start'
    (tmp_path / "site/_lightship_start.py").write_bytes(start_source())
    (tmp_path / "site/_lightship_start.txt").write_text(f"read-ahead\n{tmp_path}/site/slow.py\n")
    subprocess.run([sys.executable, "-I", "-c", code], cwd=tmp_path, check=True)
    deadline = time.monotonic() + 60
    while not _in_memory(big) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert _in_memory(big)
