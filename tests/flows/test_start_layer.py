"""What the layer of the levers tells the module in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.archive.content import Inline
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Scheme
from lightship.errors import UsageError
from lightship.flows.start_layer import ahead_list, start_recipe

SCHEME = Scheme(prefix="opt/venv", minor="3.12")
PROBE = "http://127.0.0.1:1/"


def _texts(options: Options, files: tuple[str, ...] = (), deferred: tuple[str, ...] = ()) -> dict[str, str]:
    recipe = start_recipe(options, SCHEME, deferred, None, first_files=files)
    assert recipe is not None
    entries = recipe.make().entries
    return {
        entry.path.rpartition("_lightship_start")[2]: entry.content.content.decode()
        for entry in entries
        if isinstance(entry.content, Inline)
    }


def test_no_lever_no_layer() -> None:
    assert start_recipe(Options(), SCHEME, (), None) is None
    assert start_recipe(Options(read_ahead=True, probe_http=PROBE), SCHEME, (), None) is None


def test_a_list_goes_with_reading_ahead_alone() -> None:
    files = tuple(f"opt/x/m{number}.pyc" for number in range(17))
    texts = _texts(Options(pause_gc=True, read_ahead=True, probe_http=PROBE), files)
    paused, ahead = texts[".txt"].split("\n\n")
    assert paused == "pause-gc"
    samples = ahead.splitlines()
    assert (samples[0], samples[1], len(samples)) == ("read-ahead", "/opt/x/m0.pyc", 7)
    assert len(texts[".ahead"].splitlines()) == 17
    assert sorted(_texts(Options(pause_gc=True, probe_http=PROBE), files)) == [".pth", ".py", ".txt"]


def test_the_layer_is_another_when_the_list_is() -> None:
    options = Options(read_ahead=True, probe_http=PROBE)
    keys = [start_recipe(options, SCHEME, (), None, first_files=(f"a/{name}.pyc", "b")) for name in "xxy"]
    assert [key.key == keys[0].key for key in keys if key is not None and keys[0] is not None] == [True, True, False]


def test_reading_ahead_is_refused_without_a_traced_start() -> None:
    with pytest.raises(UsageError, match="reading ahead needs a traced start"):
        Options(read_ahead=True)


PATHS = st.lists(st.text(st.sampled_from("aé/€\U0001f600"), min_size=1, max_size=200), max_size=12)


@given(PATHS)
def test_the_list_is_read_back_as_the_module_does(paths: list[str]) -> None:
    """Each line: two hexadecimal digits, the bytes shared with the path before, and the rest."""
    found, path = [], b""
    for line in ahead_list(paths).encode().splitlines():
        path = path[: int(line[:2], 16)] + line[2:]
        found.append(path.decode())
    assert found == [f"/{name}" for name in paths]
