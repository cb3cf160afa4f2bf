"""Budgets as they are written: everything that is not understood is refused by the name of its key."""

import datetime
import tomllib
from fractions import Fraction

import pytest

from lightship.ecosystem.toml_view import Table
from lightship.errors import InputError, LightshipError, UsageError
from lightship.gate.budgets import budgets_of_flags, merged_budgets, parse_growth, read_budgets, read_ignores
from lightship.gate.model import Budget, Ignore


def tables(text: str, name: str = "budget") -> list[Table]:
    return Table(tomllib.loads(text), "lightship.toml", "", InputError).tables(name)


def budgets(text: str) -> tuple[Budget, ...]:
    return read_budgets(tables(text), file="lightship.toml")


def ignores(text: str) -> tuple[Ignore, ...]:
    return read_ignores(tables(text, "ignore"), file="lightship.toml")


def test_the_example_of_the_contract() -> None:
    (budget,) = budgets('[[budget]]\nmetric = "compressed"\nmax = "200 MB"\nmax-growth = "2 %"\n')
    assert (budget.metric, budget.max, budget.order) == ("compressed", 200_000_000, 0)
    assert budget.max_growth is not None
    assert budget.max_growth.share == Fraction(2, 100)
    assert budget.source.name == "lightship.toml: budget[0]"


def test_every_metric_has_its_unit_and_its_name() -> None:
    found = budgets(
        '[[budget]]\nmetric = "package"\npackage = "python:Py_Arrow"\nmax = "64MiB"\n'
        '[[budget]]\nmetric = "package"\nmax = "1 GB"\n'
        '[[budget]]\nmetric = "findings"\nmax = 3\nmax-growth = 0\n'
        '[[budget]]\nmetric = "findings"\nseverity = "warning"\nmax = "0"\n'
        '[[budget]]\nmetric = "cold-start"\nmax = "2500 ms"\nmax-growth = "500 ms"\n'
    )
    assert [(each.metric, each.name, each.max) for each in found] == [
        ("package", "python:py-arrow", 64 * 2**20),
        ("package", "", 10**9),
        ("findings", "error", 3),
        ("findings", "warning", 0),
        ("cold-start", "", 2.5),
    ]
    assert found[4].max_growth is not None
    assert found[4].max_growth.limit(2.0) == 2.5


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('metric = "compresed"\nmax = "1 MB"', r"budget\[0\].metric: want one of compressed, .*, got 'compresed'"),
        ('max = "1 MB"', r"budget\[0\].metric: want a string, got nothing"),
        ("metric = 3", r"budget\[0\].metric: want a string, got an integer"),
        ('metric = "compressed"', r"budget\[0\]: want max or max-growth, got neither"),
        ('metric = "compressed"\nmax = 200', r"budget\[0\].max: want a size such as"),
        ('metric = "compressed"\nmax = "200 XB"', r"budget\[0\].max: size not understood"),
        ('metric = "compressed"\nmax = "-1 MB"', r"budget\[0\].max: size not understood"),
        ('metric = "compressed"\nmax = true', r"budget\[0\].max: want a size"),
        ('metric = "findings"\nmax = "1 MB"', r"budget\[0\].max: want a whole number"),
        ('metric = "findings"\nmax = -1', r"budget\[0\].max: want a whole number"),
        ('metric = "findings"\nmax = 1.5', r"budget\[0\].max: want a whole number"),
        ('metric = "findings"\nseverity = "bad"\nmax = 1', r"budget\[0\].severity: want one of error, warning, note"),
        ('metric = "cold-start"\nmax = "soon"', r"budget\[0\].max: duration not understood"),
        ('metric = "compressed"\nmax-growth = "-2 %"', r"budget\[0\].max-growth: want a share such as"),
        ('metric = "compressed"\nmax-growth = 2', r"budget\[0\].max-growth: want a share such as"),
        ('metric = "compressed"\nmax-growth = "nan %"', r"budget\[0\].max-growth: want a share such as"),
        ('metric = "compressed"\nmax_growth = "2 %"', r"budget\[0\].max_growth is not a setting"),
        (
            'metric = "compressed"\npackage = "x"\nmax = "1 MB"',
            r"budget\[0\].package: want it with metric package alone",
        ),
        ('metric = "layer"\nseverity = "note"\nmax = "1 MB"', r"budget\[0\].severity: want it with metric findings"),
        ('metric = "package"\npackage = ""\nmax = "1 MB"', r"budget\[0\].package: want a string that is not empty"),
    ],
)
def test_a_refusal_names_the_key(table: str, sentence: str) -> None:
    with pytest.raises(LightshipError, match=sentence) as caught:
        budgets(f"[[budget]]\n{table}\n")
    assert caught.value.exit_status == 2


def test_one_table_is_no_array_and_twins_are_refused() -> None:
    with pytest.raises(InputError, match="budget: want an array of tables, got a table"):
        budgets('[budget]\nmetric = "compressed"\n')
    twice = '[[budget]]\nmetric = "layer"\nmax = "1 MB"\n' * 2
    with pytest.raises(InputError, match=r"budget\[1\]: want each budget once, got the same as .*budget\[0\]"):
        budgets(twice)


def test_flags_make_budgets() -> None:
    found = budgets_of_flags(
        ["compressed=200MB", "package:torch=1GB", "findings:note=5", "findings=0"], ["2%", "layer=10 MB"]
    )
    assert [(each.metric, each.name, each.max) for each in found] == [
        ("compressed", "", 200_000_000),
        ("package", "torch", 10**9),
        ("findings", "note", 5),
        ("findings", "error", 0),
        ("layer", "", None),
    ]
    assert found[0].max_growth is not None
    assert found[4].max_growth is not None
    assert found[4].max_growth.limit(5) == 10_000_005


@pytest.mark.parametrize(
    ("maxima", "growths", "sentence"),
    [
        (["200MB"], [], "want METRIC=LIMIT"),
        (["compressed"], [], "want METRIC=LIMIT"),
        (["compressed="], [], "size not understood"),
        (["=1MB"], [], "want one of compressed"),
        (["all=1MB"], [], "want one of compressed"),
        (["layer:base=1MB"], [], "want layer without a name"),
        (["findings:fatal=1"], [], "want one of error, warning, note"),
        (["layer=1MB", "layer=2MB"], [], "want each limit once"),
        ([], ["2%", "compressed=3%"], "want each limit once"),
        ([], ["much"], "want a share"),
        ([], ["size=2%"], "want one of compressed"),
    ],
)
def test_flags_that_are_not_understood(maxima: list[str], growths: list[str], sentence: str) -> None:
    with pytest.raises(LightshipError, match=sentence) as caught:
        budgets_of_flags(maxima, growths)
    assert caught.value.exit_status == 2


def test_flags_go_before_the_file_limit_by_limit() -> None:
    file = budgets(
        '[[budget]]\nmetric = "compressed"\nmax = "200 MB"\nmax-growth = "2 %"\n'
        '[[budget]]\nmetric = "layer"\nmax = "1 MB"\n'
    )
    merged = merged_budgets(file, budgets_of_flags(["compressed=100MB", "unpacked=1GB"], ["layer=1%"]))
    assert [(each.metric, each.max, each.order) for each in merged] == [
        ("compressed", 100_000_000, None),  # not the file's: the ratchet leaves it
        ("layer", 10**6, 1),
        ("unpacked", 10**9, None),
    ]
    assert merged[0].max_growth == file[0].max_growth
    assert merged[1].max_growth is not None


def test_growth_is_exact_and_rounded_down() -> None:
    assert parse_growth("2%", "compressed", "x").limit(551) == 562
    assert parse_growth("0.1 %", "compressed", "x").limit(10**15) == 10**15 + 10**12
    assert parse_growth("0 %", "compressed", "x").limit(7) == 7
    assert parse_growth("1 kB", "compressed", "x").limit(7) == 1007
    with pytest.raises(UsageError, match="x: want a share"):
        parse_growth("1e3 %", "compressed", "x")


def test_an_ignore_entry_has_a_reason_and_may_expire() -> None:
    first, second = ignores(
        '[[ignore]]\ncode = "shadowed-*"\npath = "/opt/**"\nreason = "the base does it"\nexpires = 2027-01-31\n'
        '[[ignore]]\ncode = "x"\npackage = "numpy"\nreason = "y"\nexpires = "2027-02-01"\n'
    )
    assert (first.code, first.path, first.expires) == ("shadowed-*", "opt/**", datetime.date(2027, 1, 31))
    assert (second.package, second.expires) == ("numpy", datetime.date(2027, 2, 1))


@pytest.mark.parametrize(
    ("table", "sentence"),
    [
        ('code = "x"', r"ignore\[0\].reason: want a string, got nothing"),
        ('code = "x"\nreason = ""', r"ignore\[0\].reason: want a string that is not empty"),
        ('code = "x"\nreason = "  "', r"ignore\[0\].reason: want the reason in words"),
        ('reason = "x"', r"ignore\[0\].code: want a string, got nothing"),
        ('code = "x"\nreason = "x"\nexpires = "soon"', r"ignore\[0\].expires: want a day"),
        ('code = "x"\nreason = "x"\nexpires = 2027-01-31T00:00:00Z', r"ignore\[0\].expires: want a day"),
        ('code = "x"\nreason = "x"\nexpires = 2027', r"ignore\[0\].expires: want a day"),
        ('code = "x"\nreason = "x"\nuntil = 2027-01-31', r"ignore\[0\].until is not a setting"),
    ],
)
def test_an_ignore_entry_that_is_refused(table: str, sentence: str) -> None:
    with pytest.raises(InputError, match=sentence):
        ignores(f"[[ignore]]\n{table}\n")
