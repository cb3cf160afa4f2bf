"""Redirects to http and mixed content, on a site with https."""

from lightship.assets.verify.checks.transport import CHECK
from lightship.assets.verify.site import Asset, Reply, Site, Use

ROOT = "https://app.example/"


def site(*uses: Use, hops: tuple[str, ...] = (), root: str = ROOT) -> Site:
    reply = Reply(status=200, hops=hops)
    return Site(root=root, assets=(Asset(url=f"{root}docs", replies={"identity": reply}),), uses=uses)


def test_a_redirect_down_is_found_wherever_it_stands() -> None:
    assert [one.code for one in CHECK.run(site(hops=("http://app.example/docs/",)))] == ["redirect-insecure"]
    there_and_back = ("https://app.example/a", "http://app.example/b", "https://app.example/b")
    assert [one.code for one in CHECK.run(site(hops=there_and_back))] == ["redirect-insecure"]
    assert list(CHECK.run(site(hops=("https://app.example/docs/",)))) == []
    assert list(CHECK.run(site(hops=("https://app.example/",), root="http://app.example/"))) == []


def test_mixed_content_is_what_a_browser_blocks() -> None:
    script = Use(url="http://static.example/a.js", by=ROOT, kind="script")
    page = Use(url="http://other.example/", by=ROOT, kind="page")
    guess = Use(url="http://static.example/b.js", by=ROOT, kind="script", certain=False)
    found = list(CHECK.run(site(script, page, guess)))
    assert [(one.code, one.location) for one in found] == [("mixed-content", script.url)]
    assert list(CHECK.run(site(script, root="http://app.example/"))) == []
