"""Columns of a tree: sums are those of its files however little of it is told."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.report.html.page import shown
from lightship.report.html.tree_data import DIRECTORY, FILE, FOLDED, MIXED, UNOPENED, Leaf, Names, tree_columns

NAMES = st.sampled_from(["a", "b", "lib", "x.py"])
LEAVES = st.lists(
    st.builds(
        Leaf,
        st.lists(NAMES, min_size=1, max_size=5).map("/".join),
        st.integers(0, 10**6),
        st.integers(0, 10**5),
        st.integers(0, 3),
        st.integers(-1, 3),
        st.lists(st.integers(0, 3), max_size=2, unique=True).map(tuple),
    ),
    max_size=30,
)


def told(leaves: list[Leaf], most_bytes: int = 10**9) -> tuple[dict[str, list[int]], list[str]]:
    names = Names(shown)
    return tree_columns(leaves, names, most_bytes=most_bytes), names.table


def inside(columns: dict[str, list[int]], place: int) -> range:
    return range(columns["first"][place], columns["first"][place] + columns["count"][place])


@given(LEAVES, st.integers(1, 2000))
def test_every_sum_is_that_of_what_is_in_it(leaves: list[Leaf], most_bytes: int) -> None:
    columns, names = told(leaves, most_bytes)
    assert columns["unpacked"][0] == sum(leaf.unpacked_bytes for leaf in leaves)
    assert columns["compressed"][0] == sum(leaf.compressed_bytes for leaf in leaves)
    assert columns["files"][0] == len(leaves)
    assert max(columns["name"]) < len(names)
    seen = [0]
    for place, kind in enumerate(columns["kind"]):
        below = inside(columns, place)
        seen += below
        assert not below or kind == DIRECTORY
        for key in ("unpacked", "compressed", "files") if below else ():
            assert columns[key][place] == sum(columns[key][each] for each in below)
        for key in ("owner", "layer"):
            kinds = {columns[key][each] for each in below}
            assert not kinds or columns[key][place] == (kinds.pop() if len(kinds) == 1 else MIXED)
    assert sorted(seen) == list(range(len(columns["name"])))  # each node is in one place


@given(LEAVES, st.integers(1, 2000))
def test_marks_are_at_the_nodes_that_have_them_below(leaves: list[Leaf], most_bytes: int) -> None:
    columns, names = told(leaves, most_bytes)
    above = {below: place for place in range(len(columns["name"])) for below in inside(columns, place)}
    marks = marks_of(columns)
    for mark in range(4):
        marked = [leaf for leaf in leaves if mark in leaf.marks]
        assert bool(marked) == (mark in marks)
        for node in marks.get(mark, ()):
            assert not columns["count"][node]
            steps: list[str] = []
            here = node
            while here:
                steps.insert(0, names[columns["name"][here]])
                here = above[here]
            path = "/".join(steps) if columns["kind"][node] != FOLDED else "/".join(steps[:-1])
            assert any(leaf.path == path or leaf.path.startswith(f"{path}/") or not path for leaf in marked)
    if most_bytes > 1000 and all(columns["count"][each] or columns["kind"][each] == FILE for each in range(len(above))):
        for mark, nodes in marks.items():
            assert len(nodes) == sum(mark in leaf.marks for leaf in leaves)


def marks_of(columns: dict[str, list[int]]) -> dict[int, list[int]]:
    told, marks = iter(columns["marks"]), {}
    for mark in told:
        nodes: list[int] = []
        end = 0
        for _ in range(next(told)):
            start = end + next(told)
            end = start + next(told)
            nodes += range(start, end)
        assert mark not in marks
        marks[mark] = nodes
    return marks


def test_the_smallest_of_a_large_directory_are_one_node() -> None:
    columns, _ = told([Leaf(f"d/{number}", number, 1, 0, number % 2) for number in range(5000)])
    (directory,) = inside(columns, 0)
    below = inside(columns, directory)
    assert len(below) == 1000
    assert columns["kind"][below[-1]] == FOLDED
    assert columns["files"][below[-1]] == 4001
    assert columns["unpacked"][below[-1]] == sum(range(4001))
    assert columns["owner"][below[-1]] == MIXED
    assert {columns["kind"][each] for each in below[:-1]} == {FILE}


def test_the_largest_directories_are_opened_first() -> None:
    leaves = [
        Leaf(f"{folder}/{number}", size, 1, 0, 0)
        for folder, size in (("small", 1), ("large", 9))
        for number in range(20)
    ]
    columns, names = told(leaves, most_bytes=1500)
    opened = {names[columns["name"][each]]: columns["kind"][each] for each in inside(columns, 0)}
    assert opened == {"large": DIRECTORY, "small": UNOPENED}


@pytest.mark.parametrize("path", ["/".join("x" * 3000), "a" * 100_000, "\u202e\x1b\udc80" * 900])
def test_no_path_is_too_much(path: str) -> None:
    columns, names = told([Leaf(path, 5, 1, 0, -1)], 100_000)
    assert columns["unpacked"][0] == 5
    assert all(name.isprintable() and len(name) <= 161 for name in names)


def test_what_is_told_stays_below_its_limit() -> None:
    leaves = [
        Leaf(f"{number % 700}/{number % 37}/file-number-{number}", number, number, 0, 0) for number in range(50_000)
    ]
    columns, names = told(leaves, most_bytes=400_000)
    assert 350_000 < len(json.dumps([columns, names], separators=(",", ":"))) < 401_000
    marked = [leaf._replace(marks=(number % 3, 7, 9)) for number, leaf in enumerate(leaves)]
    columns, names = told(marked, most_bytes=400_000)
    assert 250_000 < len(json.dumps([columns, names], separators=(",", ":"))) < 401_000


def test_no_files_are_a_root_alone() -> None:
    columns, names = told([])
    assert (columns["files"], columns["count"], names) == ([0], [0], [""])
