import tarfile

from tests.analyze.making import Made, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.merge import MOST_PROBLEMS
from lightship.analyze.model import Analysis


def link(path: str, target: str) -> Made:
    return Made(path, kind=tarfile.SYMTYPE, target=target)


def analysed(*layers: list[Made]) -> Analysis:
    return analyze(image_of(*layers))


def shown(analysis: Analysis) -> dict[str, int]:
    """Visible files and the layer that has them."""
    return {path: analysis.entries.layers[row] for path, row in analysis.walk() if path not in analysis.tree.children}


def hidden(analysis: Analysis) -> list[tuple[str, int, int, str]]:
    entries = analysis.entries
    return [(entries.paths[one.row], entries.layers[one.row], one.by, one.how) for one in analysis.tree.shadows()]


def test_higher_layers_replace_and_remove() -> None:
    analysis = analysed(
        [Made("a/x", b"1"), Made("a/y", b"22"), Made("b/z", b"333")],
        [Made("a/x", b"4444"), Made("a/.wh.y"), Made("b/.wh..wh..opq"), Made("b/new", b"5")],
    )
    assert shown(analysis) == {"a/x": 1, "b/new": 1}
    assert hidden(analysis) == [("a/y", 0, 1, "removed"), ("b/z", 0, 1, "removed"), ("a/x", 0, 1, "changed")]


def test_a_removed_directory_takes_what_is_below_and_can_come_back() -> None:
    analysis = analysed([Made("d/e/f", b"1"), Made("d/g", b"2")], [Made(".wh.d")], [Made("d/g", b"3")])
    assert shown(analysis) == {"d/g": 2}
    assert sorted(hidden(analysis)) == [("d/e/f", 0, 1, "removed"), ("d/g", 0, 1, "removed")]
    assert analysis.tree.children["d"] == ["d/g"]


def test_a_file_over_a_directory_and_back() -> None:
    analysis = analysed([Made("p/q", b"1")], [Made("p", b"22")], [Made("p/r", b"3")])
    assert shown(analysis) == {"p": 1}
    assert [finding.location for finding in analysis.findings if finding.code == "not-understood"] == ["p/r"]


def test_members_below_a_linked_directory_lie_where_the_link_leads() -> None:
    analysis = analysed([Made("usr/lib/a", b"1"), link("lib", "usr/lib")], [Made("lib/a", b"22")])
    assert shown(analysis) == {"usr/lib/a": 1, "lib": 0}
    assert analysis.totals.wasted_bytes == 1


def test_hard_links_have_their_bytes_once_also_across_layers() -> None:
    other = Made("b", kind=tarfile.LNKTYPE, target="a")
    analysis = analysed([Made("a", b"x" * 100)], [other], [Made(".wh.a")])
    assert analysis.totals.visible_bytes == 100
    assert analysis.totals.wasted_bytes == 0
    assert analysis.size("b") == 100
    gone = analysed([Made("a", b"x" * 100), other], [Made(".wh.a"), Made(".wh.b")])
    assert (gone.totals.visible_bytes, gone.totals.wasted_bytes) == (0, 100)


def test_what_cannot_be_applied_is_told_and_the_rest_goes_on() -> None:
    analysis = analysed(
        [
            link("loop", "loop"),
            Made("loop/x", b"1"),
            Made("nowhere", kind=tarfile.LNKTYPE, target="missing"),
            Made("file", b"1"),
            Made("file/below", b"1"),
            Made("good", b"1"),
        ]
    )
    assert [finding.location for finding in analysis.findings] == ["loop/x", "nowhere", "file/below"]
    assert all(finding.code == "not-understood" for finding in analysis.findings)
    assert "good" in shown(analysis)


def test_members_that_fit_nowhere_are_not_collected_without_end() -> None:
    members = [Made("f", b"1"), *(Made(f"f/{number}") for number in range(MOST_PROBLEMS + 5))]
    analysis = analysed(members)
    assert len(analysis.tree.problems) == MOST_PROBLEMS
    assert "or more other members" in analysis.findings[-1].message


def test_a_storm_of_whiteouts_hides_once() -> None:
    storm = [Made(f"d/.wh.{number}") for number in range(2000)]
    analysis = analysed([Made("d/7", b"1")], *([storm] * 3), [Made("d/.wh..wh..opq"), Made(".wh.d")])
    assert (shown(analysis), hidden(analysis)) == ({}, [("d/7", 0, 1, "removed")])


def test_the_same_path_twice_in_one_layer() -> None:
    analysis = analysed([Made("a", b"1"), Made("a", b"22")])
    assert hidden(analysis) == [("a", 0, 0, "changed")]
    assert analysis.totals.wasted_bytes == 1
