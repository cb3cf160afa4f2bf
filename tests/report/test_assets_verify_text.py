"""The text of ``lightship assets verify``, and its Markdown."""

from lightship.assets.verify.site import Asset, Reply, Site
from lightship.findings import Finding
from lightship.flows.assets.verify_report import AssetsVerifyOutcome, CheckSummary, assets_verify_report
from lightship.report.assets_verify_text import render_assets_verify, render_assets_verify_markdown

ROOT = "https://app.example/"


def finding(location: str, *, severity: str = "warning", message: str = "no header", code: str = "header") -> Finding:
    return Finding(code=code, severity=severity, title="a title", message=message, location=location, fix="send it")  # type: ignore[arg-type]


def outcome(*findings: Finding) -> AssetsVerifyOutcome:
    asset = Asset(url=ROOT, page=True, replies={"identity": Reply(status=200)})
    return AssetsVerifyOutcome(
        target=ROOT,
        mode="site",
        site=Site(root=ROOT, assets=(asset,)),
        checks=(CheckSummary(name="sniffing", findings=len(findings)),),
        findings=findings,
        notes=("another host",),
        requests=12,
    )


def test_one_fault_in_many_places_is_told_once() -> None:
    many = tuple(finding(f"{ROOT}{number}.js") for number in range(5))
    report = assets_verify_report(outcome(*many, finding("https://cdn.example/x.js", severity="error", message="gone")))
    text = render_assets_verify(report)
    assert text.index("error: gone (https://cdn.example/x.js) [header]") < text.index("warning: no header: 5 times")
    assert "  /0.js\n  /1.js\n  /2.js\n  and 2 more\n  fix: send it\n" in text
    assert text.endswith("note: another host\nthe site is not good: 1 error, 5 warnings\n")
    assert "  /4.js\n" in render_assets_verify(report, verbose=True)
    assert "sniffing" in render_assets_verify(report, verbose=True)


def test_a_good_site_is_three_lines() -> None:
    text = render_assets_verify(assets_verify_report(outcome()))
    assert text.splitlines() == [
        ROOT, "1 pages, 0 assets; 12 requests, 0 B; 0.00 s", "", "note: another host", "the site is good",
    ]  # fmt: skip


def test_foreign_text_steers_neither_terminal_nor_markdown() -> None:
    odd = finding(f"{ROOT}<img>@all\n# head", message="`x` | [y](z)")
    assert "\n# head" not in render_assets_verify(assets_verify_report(outcome(odd)))
    markdown = render_assets_verify_markdown(assets_verify_report(outcome(odd)))
    assert "\\<img\\>\\@all \\# head" in markdown
    assert "\n# head" not in markdown
