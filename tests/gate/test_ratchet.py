"""The ratchet changes one value a line, and gives up rather than touch anything else."""

import pytest

from lightship.errors import InputError
from lightship.gate.budgets import budgets_of_flags
from lightship.gate.judge import judge
from lightship.gate.measures import LayerSize, Measures
from lightship.gate.model import Row, Source
from lightship.gate.ratchet import Lowered, header_lines, lower, lowered

FILE = """\
# what we ship\r
[image]
max = "not a budget"   # a trap

[[budget]]            # the whole
metric = "compressed"
  max   =  "200 MB"    # agreed in March
max-growth = "2 %"

[[budget]]
max = '64MiB'
metric = "layer"
[[ budget ]]
metric = "findings"
max = 7
[probe]
http = "http://127.0.0.1/"
"""


def change(order: int, after: str) -> Lowered:
    return Lowered(metric="x", order=order, before="", after=after)


def test_values_change_and_nothing_else() -> None:
    made = lowered(FILE, [change(0, "187.7 MB"), change(1, "60MiB"), change(2, "3")])
    expected = FILE.replace('"200 MB"', '"187.7 MB"').replace("'64MiB'", '"60MiB"').replace("max = 7", "max = 3")
    assert made == expected


def test_headers_are_found_below_a_prefix_too() -> None:
    text = 'x = 1\n[[tool.lightship.budget]]\nmetric = "layer"\nmax = "2 MB"\n'
    assert header_lines(text, "budget") == []
    assert header_lines(text, "budget", "tool.lightship") == [2]
    assert lowered(text, [change(0, "1 MB")], "tool.lightship") == text.replace("2 MB", "1 MB")
    assert header_lines(FILE, "budget") == [5, 10, 13]


@pytest.mark.parametrize(
    "text",
    [
        'budget = [{ metric = "layer", max = "2 MB" }]\n',
        '[[budget]]\nmetric = "layer"\n"max" = """2 MB"""\n',
        '[[budget]]\nmetric = "layer"\nmax-growth = "2 %"\n',
        's = """\n[[budget]]\nmax = "1 MB"\n"""\n[[budget]]\nmetric = "layer"\nmax = "2 MB"\n',
        '[[budget]]\nnote = """\nmax = "9 MB"\n"""\nmax = "2 MB"\n',
    ],
)
def test_a_layout_that_is_not_understood_is_left(text: str) -> None:
    with pytest.raises(InputError, match="the ratchet cannot change the file"):
        lowered(text, [change(0, "1 MB")])


def row(value: float, limit: float, *, metric: str = "compressed", order: int | None = 0) -> Row:
    return Row(
        metric=metric,  # type: ignore[arg-type]
        rule="max",
        limit=limit,
        value=value,
        baseline=None,
        passed=value <= limit,
        source=Source(name="x"),
        order=order,
    )


@pytest.mark.parametrize(
    ("value", "limit", "written", "after"),
    [
        (187_654_321, 200_000_000, "200 MB", "187.7 MB"),
        (187_600_000, 200_000_000, "200MB", "187.6MB"),
        (1_234_567_891, 2_000_000_000, "2 GB", "1.235 GB"),
        (60 * 2**20, 64 * 2**20, "64MiB", "60MiB"),
        (999, 2000, "2000", "999"),
        (0, 1_000_000, "1 MB", "0 MB"),
        (1, 2_000_000_000_000, "2 TB", "0.001 TB"),
    ],
)
def test_a_limit_follows_rounded_up_in_its_own_unit(value: int, limit: int, written: str, after: str) -> None:
    (found,) = lower([row(value, limit)], {0: written})
    assert (found.before, found.after) == (written, after)


def test_what_is_not_lowered() -> None:
    assert lower([row(199_999_999, 200_000_000)], {0: "200 MB"}) == ()  # rounded up, it is the same
    assert lower([row(5, 4)], {0: "4 B"}) == ()  # broken
    assert lower([row(1, 4, order=None)], {0: "4 B"}) == ()  # a flag's
    assert lower([row(1.0, 4.0, metric="cold-start")], {0: "4 s"}) == ()
    assert [each.after for each in lower([row(1, 4, metric="findings")], {0: 4})] == ["1"]


def test_a_lowered_limit_still_holds_the_image() -> None:
    for size in (1, 999, 1_000_001, 187_654_321, 1_999_999_999):
        image = Measures(reference="x", layers=(LayerSize(digest="a", compressed_bytes=size),))
        (found,) = lower([row(size, 10**13)], {0: "10 TB"}) or lower([row(size, 10**13)], {0: "10000000 MB"})
        assert judge(budgets_of_flags([f"compressed={found.after}"], []), image, None)[0].passed
