"""What is kept, what is broken, and that nothing passes which was not measured."""

import datetime
from dataclasses import replace

import pytest

from lightship.findings import Finding
from lightship.gate.budgets import budgets_of_flags
from lightship.gate.judge import apply_ignores, expired, judge
from lightship.gate.measures import LayerSize, Measures, PackageSize
from lightship.gate.model import METRICS, Ignore, Row, Source, Verdict

TODAY = datetime.date(2026, 11, 24)


def package(name: str, size: int, *, ecosystem: str = "python") -> PackageSize:
    return PackageSize(ecosystem=ecosystem, name=name, version="1", unpacked_bytes=size)


def finding(code: str, severity: str = "warning", location: str = "") -> Finding:
    return Finding(code=code, severity=severity, title=code, message=code, location=location)  # type: ignore[arg-type]


IMAGE = Measures(
    reference="oci:out",
    digest="sha256:1",
    platform="linux/amd64",
    layers=(
        LayerSize(digest="sha256:a", compressed_bytes=60, created_by="RUN a"),
        LayerSize(digest="sha256:b", compressed_bytes=40),
        LayerSize(digest="sha256:b", compressed_bytes=40),
    ),
    unpacked_bytes=1000,
    packages=(package("torch", 500), package("numpy", 100), package("numpy", 50, ecosystem="deb")),
    wasted_bytes=10,
    findings=(finding("a", "error"), finding("b"), finding("c", "note")),
    cold_start_s=2.5,
)
EMPTY = Measures(reference="oci:out")


def rows(
    *maxima: str, growth: tuple[str, ...] = (), image: Measures | None = IMAGE, base: Measures | None = None
) -> tuple[Row, ...]:
    return judge(budgets_of_flags(maxima, growth), image, base)


@pytest.mark.parametrize(
    ("metric", "value"),
    [
        ("compressed", 100),  # a blob that is there twice travels once
        ("layer", 60),
        ("unpacked", 1000),
        ("waste", 10),
        ("package", 500),
        ("package:numpy", 150),
        ("package:python:numpy", 100),
        ("package:deb:numpy", 50),
        ("findings", 1),
        ("findings:warning", 2),
        ("findings:note", 3),
    ],
)
def test_a_budget_is_kept_up_to_its_limit(metric: str, value: int) -> None:
    unit = "" if metric.startswith("findings") else "B"
    (kept,), (broken,) = rows(f"{metric}={value}{unit}"), rows(f"{metric}={value - 1}{unit}")
    assert (kept.passed, kept.value, kept.limit) == (True, value, value)
    assert (broken.passed, broken.value, broken.reason) == (False, value, "")


def test_seconds_are_compared_too() -> None:
    assert [row.passed for row in (*rows("cold-start=2500ms"), *rows("cold-start=2.4s"))] == [True, False]


@pytest.mark.parametrize("metric", METRICS)
def test_what_is_not_known_is_not_kept(metric: str) -> None:
    unit = {"findings": "", "cold-start": "s"}.get(metric, "GB")
    for image in (EMPTY, None):
        row, growth = rows(f"{metric}=999{unit}", growth=(f"{metric}=999{unit}",), image=image, base=IMAGE)
        assert (row.passed, row.value) == (False, None)
        assert row.reason
        assert not growth.passed
    (growth,) = rows(growth=(f"{metric}=999{unit}",), base=EMPTY)
    assert (growth.passed, growth.limit) == (False, None)
    assert "baseline" in growth.reason
    (alone,) = rows(growth=(f"{metric}=999{unit}",))
    assert (alone.passed, alone.limit) == (False, None)
    assert "--baseline" in alone.reason


def test_growth_is_held_against_the_baseline() -> None:
    old = replace(IMAGE, layers=(LayerSize(digest="sha256:o", compressed_bytes=98),))
    (kept,), (broken,) = rows(growth=("2.1%",), base=old), rows(growth=("2%",), base=old)
    assert (kept.limit, kept.value, kept.baseline, kept.passed) == (100, 100, 98, True)
    assert (broken.limit, broken.value, broken.baseline, broken.passed) == (99, 100, 98, False)


def test_a_limit_and_growth_are_two_rows_and_the_limit_tells_the_baseline_too() -> None:
    row, growth = rows("compressed=1kB", growth=("0%",), base=IMAGE)
    assert (row.rule, row.baseline, growth.rule, growth.limit) == ("max", 100, "max-growth", 100)


def test_plain_layers_are_not_compared_with_compressed_ones() -> None:
    plain = replace(IMAGE, compressed=False)
    for image, base in ((IMAGE, plain), (plain, IMAGE)):
        for growth in ("999%", "layer=999%"):
            (row,) = rows(growth=(growth,), image=image, base=base)
            assert (row.passed, row.limit) == (False, None)
            assert "not compressed" in row.reason
    (row,) = rows(growth=("unpacked=0%",), image=plain, base=IMAGE)
    assert row.passed


def test_a_budget_for_a_package_that_is_nowhere_is_a_mistake_unless_it_is_banned() -> None:
    (row,) = rows("package:tourch=1GB")
    assert not row.passed
    assert "typing mistake" in row.reason
    (banned,) = rows("package:tensorflow=0B")
    assert banned.passed
    assert [row.passed for row in rows("package:torch=0B")] == [False]
    (growth,) = rows(growth=("package:tourch=1GB",), base=IMAGE)
    assert not growth.passed
    (gone,) = rows(growth=("package:torch=0%",), image=replace(IMAGE, packages=()), base=IMAGE)
    assert gone.passed


def test_a_verdict_without_rows_or_with_a_failure_is_no_pass() -> None:
    kept = rows("compressed=1kB")
    assert Verdict(rows=kept).passed
    assert not Verdict().passed
    old = Ignore(code="x", reason="y", expires=TODAY - datetime.timedelta(days=1), source=Source(name="ignore[0]"))
    assert not Verdict(rows=kept, failures=expired([old], TODAY)).passed


def test_ignored_findings_do_not_count_and_expired_entries_ignore_nothing() -> None:
    where = Source(name="lightship.toml: ignore[0]")
    image = Measures(
        reference="x",
        packages=(package("numpy", 1),),
        findings=(
            finding("shadowed-bytes", location="opt/venv/lib"),
            finding("tests", location="opt/venv/numpy/tests"),
            finding("twins", location="python:numpy"),
            finding("other"),
        ),
        owners={"opt/venv/numpy/tests": "python:numpy"},
    )
    entries = (
        Ignore(code="shadowed-*", path="opt/*", reason="base", source=where),
        Ignore(code="*", package="numpy", reason="needed", expires=TODAY, source=where),
        Ignore(code="other", reason="late", expires=TODAY - datetime.timedelta(days=1), source=where),
        Ignore(code="other", path="etc/*", reason="elsewhere", source=where),
    )
    counting, ignored, unused = apply_ignores(image, entries, TODAY)
    assert [each.code for each in counting] == ["other"]
    assert [(each.finding.code, each.entry.reason) for each in ignored] == [
        ("shadowed-bytes", "base"),
        ("tests", "needed"),
        ("twins", "needed"),
    ]
    assert [each.reason for each in unused] == ["elsewhere"]
    assert [each.code for each in expired(entries, TODAY)] == ["ignore-expired"]
