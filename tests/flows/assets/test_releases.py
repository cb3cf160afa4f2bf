"""The releases in a store: what each has, what is gone, and what is under way."""

from pathlib import Path

import pytest
from tests.flows.assets.test_push import HASHED, Desk, fails_at

from lightship.assets.push.plan import DEAD_S
from lightship.assets.push.release import RELEASES
from lightship.assets.push.target import Target
from lightship.errors import InputError, NetworkError
from lightship.flows.assets.releases import ReleasesOutcome, list_releases, releases_report
from lightship.report.assets_releases_text import render_releases

NEXT = "assets/app-1a1b2c3d.js"


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    made = Desk(tmp_path)
    made.write(app_0a1b2c3d="one();", index="<script src=assets/app-0a1b2c3d.js>")
    made.push()
    (made.web / HASHED).unlink()
    made.write(app_1a1b2c3d="second();", index="<script src=assets/app-1a1b2c3d.js>")
    made.push()
    return made


def listed(desk: Desk) -> ReleasesOutcome:
    target = Target(scheme="s3", bucket="bucket", prefix="site")
    before = list(desk.bucket.changes)
    outcome = list_releases(desk.bucket, target, "", desk.bucket.time.clock())
    assert desk.bucket.changes == before
    return outcome


def test_releases_are_told_newest_first_with_what_is_theirs_alone(desk: Desk) -> None:
    desk.bucket.put("site/of-another-tool.txt", b"12345")
    outcome = listed(desk)
    assert [row.manifest.name for row in outcome.releases] == sorted(desk.names(RELEASES), reverse=True)
    latest, first = outcome.releases
    assert (latest.alone_bytes, first.alone_bytes) == (len(b"second();"), len(b"one();"))
    assert (latest.replaced, first.replaced) == (0, 1)
    assert (outcome.foreign, outcome.foreign_bytes) == (1, 5)
    assert outcome.good
    text = render_releases(releases_report(outcome))
    assert text.splitlines()[1].startswith(latest.manifest.name.removesuffix(".json"))
    assert "of others: 1 objects, 5 B" in text


def test_what_is_missing_is_named(desk: Desk) -> None:
    del desk.bucket.objects[f"site/{HASHED}"]
    desk.bucket.put(f"site/{NEXT}", b"not what was there")
    outcome = listed(desk)
    assert [row.missing for row in outcome.releases] == [(NEXT,), (HASHED,)]
    assert not outcome.good
    assert f"missing in {outcome.releases[1].manifest.name}: {HASHED}" in render_releases(releases_report(outcome))


def test_a_push_that_was_aborted_is_told_and_so_is_what_is_not_understood(desk: Desk) -> None:
    desk.bucket.before = fails_at("write site/index.html")
    desk.write(index="third")
    with pytest.raises(NetworkError):
        desk.push()
    desk.bucket.before = lambda _: None
    assert "push under way: " in render_releases(releases_report(listed(desk)))
    desk.bucket.time.seconds += DEAD_S
    desk.bucket.put(f"site/{RELEASES}/20200101T000000Z-0123456789abcdef.json", b"[]")
    outcome = listed(desk)
    text = render_releases(releases_report(outcome))
    assert "push aborted: " in text
    assert "not understood: 20200101T000000Z" in text
    assert not outcome.good


@pytest.mark.parametrize(
    ("prefix", "base", "told"),
    [
        ("sites", "", "s3://bucket/sites: there is no release of lightship, and nothing else either"),
        ("site", "next", "s3://bucket/site/next: there is no release of lightship, and nothing else either"),
        ("", "", "s3://bucket: there is no release of lightship, and 5 objects of others"),
    ],
)
def test_where_no_push_went_is_an_error_with_the_places_nearby(desk: Desk, prefix: str, base: str, told: str) -> None:
    target = Target(scheme="s3", bucket="bucket", prefix=prefix)
    with pytest.raises(InputError) as error:
        list_releases(desk.bucket, target, base, desk.bucket.time.clock())
    assert str(error.value) == told
    near = "; there are releases below /site" if prefix != "sites" else ""
    assert error.value.hint == f"prefix and --base are those of the push{near}"


def test_keys_that_open_one_prefix_alone_hide_no_error(desk: Desk) -> None:
    desk.bucket.before = fails_at("list .lightship/")
    target = Target(scheme="s3", bucket="bucket", prefix="site")
    with pytest.raises(InputError, match="there is no release") as error:
        list_releases(desk.bucket, target, "next", desk.bucket.time.clock())
    assert error.value.hint == "prefix and --base are those of the push; there are releases below /site"


def test_where_the_first_push_was_aborted_there_is_no_release_yet(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    desk.write(index="one")
    desk.bucket.before = fails_at("write site/index.html")
    with pytest.raises(NetworkError):
        desk.push()
    desk.bucket.before = lambda _: None
    outcome = listed(desk)
    assert outcome.good
    text = render_releases(releases_report(outcome))
    assert text.startswith("s3://bucket/site: there is no release of lightship\npush under way: ")
