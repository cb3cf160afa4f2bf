"""The text of ``lightship assets compress``."""

from pathlib import Path

from lightship.assets.model import AssetResult, CompressOptions, SidecarResult
from lightship.flows.assets.compress import AssetsOutcome, assets_report
from lightship.report.assets_text import render_assets


def outcome(*results: AssetResult, dry_run: bool = False) -> AssetsOutcome:
    return AssetsOutcome(
        root=Path("web"),
        options=CompressOptions(dry_run=dry_run),
        results=results,
        links=(),
        lone=(),
        before_bytes=10_000,
        after_bytes=12_500,
        seconds=1.0,
    )


def test_a_line_for_each_encoding() -> None:
    sidecars = (
        SidecarResult(encoding="gzip", state="made", compressed_bytes=2500, stale=True),
        SidecarResult(encoding="br", state="unworthy"),
    )
    done = AssetResult(path="a.js", plain_bytes=10_000, compressible=True, sidecars=sidecars)
    text = render_assets(assets_report(outcome(done)))
    gzip_row = next(line for line in text.splitlines() if line.startswith("gzip")).split()
    assert gzip_row == ["gzip", "10.0", "kB", "2.50", "kB", "1", "0", "0", "0", "1", "0"]
    assert "1 files: 10.0 kB before, 12.5 kB after\n" in text
    assert "a.js" not in text
    assert "a.js: 10.0 kB; gzip made 2.50 kB, br unworthy" in render_assets(assets_report(outcome(done)), verbose=True)


def test_nothing_to_do_and_a_dry_run_say_so() -> None:
    text = render_assets(assets_report(outcome(dry_run=True)))
    assert text.startswith("nothing to compress\n")
    assert "(dry run)" in text


def test_many_faults_are_cut_short() -> None:
    faults = [AssetResult(path=f"{number}.js", fault="Permission denied") for number in range(30)]
    text = render_assets(assets_report(outcome(*faults)))
    assert text.count("not done: ") == 21
    assert "not done: 10 more, with -v" in text
    assert render_assets(assets_report(outcome(*faults)), verbose=True).count("not done: ") == 30
