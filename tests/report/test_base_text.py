"""The report of ``lightship base`` as text and Markdown."""

import datetime
from pathlib import Path

import pytest
from tests.flows.fit_lock import AARCH, MANY, MUSL, PURE, write_project

from lightship.config import Options
from lightship.findings import Report
from lightship.flows.base_fit import FitRequest, fit_base
from lightship.flows.base_fit_report import base_report
from lightship.flows.request import BuildRequest
from lightship.oci.platform import Platform
from lightship.progress import SILENT
from lightship.report.base_text import render_base, render_base_markdown
from lightship.store.cache import Cache

PACKAGES = {
    "pure-lib": [PURE],
    "both-lib": [MANY, MUSL, AARCH],
    "glibc-lib": [MANY, AARCH],
    "lost-lib": [MANY],
    "a-package-with-a-name-that-is-longer-than-others-are": [],
}


@pytest.fixture
def report(tmp_path: Path) -> Report:
    project = write_project(
        tmp_path / "shop", PACKAGES, sdists=["glibc-lib", "a-package-with-a-name-that-is-longer-than-others-are"]
    )
    request = FitRequest(
        build=BuildRequest(project=project, options=Options(python="3.11")),
        platform=Platform(os="linux", architecture="amd64"),
        now=datetime.datetime(2026, 11, 24, tzinfo=datetime.UTC),
        measure=False,
        against=("python:3.11-alpine", "python:3.11-slim", "example/unknown:1"),
    )
    return base_report(fit_base(request, Cache(tmp_path / "cache"), SILENT))


@pytest.mark.parametrize("verbose", [False, True])
def test_the_text_fits_80_columns(report: Report, verbose: bool) -> None:
    text = render_base(report, verbose=verbose)
    wide = [line for line in text.splitlines() if len(line) > 80 and "http" not in line]
    assert wide == []


def test_the_verdict_comes_first_then_the_table_then_why_not_the_others(report: Report) -> None:
    text = render_base(report)
    assert text.startswith("Alpine is closed: 2 of 5 packages have no musllinux wheel")
    parts = ("no musllinux wheel", "closure is the smallest", "C library", "why not the others", "what the lock offers")
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    assert "python:3.11-alpine does not fit:" in text
    assert "python:3.11-slim fits:" in text
    assert "example/unknown:1 is not known:" in text
    assert "lost-lib*" in text
    assert "by their tags: glibc 2.17" in text
    assert "--measure asks" in text


def test_a_closed_base_has_no_sum(report: Report) -> None:
    (line,) = (
        line for line in render_base(report).splitlines() if line.startswith("python:3.11-alpine ") and "closed" in line
    )
    assert line.split()[3:5] == ["-", "-"]


def test_verbose_tells_sources(report: Report) -> None:
    assert "wiki.musl-libc.org" not in render_base(report)
    text = render_base(report, verbose=True)
    assert "wiki.musl-libc.org" in text
    assert "where the figures are from" in text


def test_markdown_is_a_table_with_its_reasons(report: Report) -> None:
    text = render_base_markdown(report)
    assert text.startswith("**Alpine is closed: ")
    assert text.count("| --- |") == 1
    assert "* python:3.11-alpine" in text
