"""The text of ``lightship assets standalone``: sizes, pages, and what differs, on lines that names cannot break."""

from typing import Any

from lightship.findings import Report
from lightship.report.assets_standalone_text import render_standalone

SIZES = {"files": 3, "unpacked_bytes": 5_000_000, "compressed_bytes": 1_000_000}


def report(**more: Any) -> Report:
    document = {
        "dropped": [], "before": SIZES, "after": SIZES, "further": [], "written": None, "set_aside": None, "pages": [],
        "notes": [], "left_out": [], **more,
    }  # fmt: skip
    return Report(schema="lightship/assets-standalone/1", document=document)


def page(verdict: str, path: str = "/", detail: str = "") -> dict[str, Any]:
    return {"path": path, "headers": {"RSC": "1"}, "status": 200, "bytes": 12, "verdict": verdict, "detail": detail}


def test_nothing_to_leave_out() -> None:
    assert render_standalone(report()).startswith("there is nothing to leave out\n")


def test_pages_that_differ_are_named_with_what_differs() -> None:
    pages = [page("same"), page("unstable"), *(page("differs", f"/{n}", "want 200, got 500") for n in range(30))]
    text = render_standalone(report(pages=pages))
    assert "32 requests: 1 with the same answer as before, 1 with the same status and another body each time" in text
    assert "30 with another answer: nothing is written" in text
    assert "  differs   200       12 B  /0 (RSC): want 200, got 500\n" in text
    assert "  10 more, with -v\n" in text
    assert text.count("want 200") == 20


def test_a_line_feed_in_a_name_makes_no_line() -> None:
    left = [{"path": "a\nb", "rule": "docs", "unpacked_bytes": 1}]
    assert "a\\nb: docs\n" in render_standalone(report(left_out=left), verbose=True)
