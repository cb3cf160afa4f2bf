import tarfile

from tests.analyze.making import Made, layer_tar

from lightship.analyze.entries import Entries
from lightship.analyze.merge import merge_rows
from lightship.analyze.read import read_layer
from lightship.analyze.view import MergedFiles
from lightship.analyze.wanted import Interest
from lightship.ecosystem.recognisers import RECOGNISERS
from lightship.image.synthetic import synthetic_layer

STATUS = "var/lib/dpkg/status"


def link(path: str, target: str) -> Made:
    return Made(path, kind=tarfile.SYMTYPE, target=target)


def view(*layers: list[Made]) -> MergedFiles:
    entries, ranges, kept = Entries(), [], {}
    for number, members in enumerate(layers):
        found = read_layer(synthetic_layer(layer_tar(members)), Interest(RECOGNISERS))
        ranges.append(entries.extend(found.entries, number))
        kept.update({ranges[-1].start + row: content for row, content in found.kept.items()})
    return MergedFiles(entries, merge_rows(entries, ranges), kept, {})


def test_only_what_is_visible_is_kept_and_in_order() -> None:
    files = view(
        [
            Made("b/x-1.dist-info/RECORD", b"old"),
            Made("a/y-1.dist-info/RECORD", b"y"),
            Made("c/z-1.dist-info/RECORD", b"z"),
        ],
        [Made("b/x-1.dist-info/RECORD", b"new"), Made("c/.wh.z-1.dist-info")],
    )
    assert list(files.kept("RECORD")) == [("a/y-1.dist-info/RECORD", b"y"), ("b/x-1.dist-info/RECORD", b"new")]


def test_names_suffixes_and_directories_are_told_apart() -> None:
    files = view([Made(f"{STATUS}.d/one", b"1"), Made("var/lib/dpkg/info/one.list", b"l"), Made(STATUS, b"s")])
    assert list(files.kept(f"{STATUS}.d/")) == [(f"{STATUS}.d/one", b"1")]
    assert list(files.kept(".list")) == [("var/lib/dpkg/info/one.list", b"l")]
    assert list(files.kept("status", ".list")) == [("var/lib/dpkg/info/one.list", b"l"), (STATUS, b"s")]


def test_links_are_followed_and_loops_lead_nowhere() -> None:
    files = view([Made(STATUS, b"s"), link("var/db", "lib"), link("loop", "loop"), link("here", f"/{STATUS}")])
    assert files.read("var/db/dpkg/status") == files.read("here") == b"s"
    assert files.read("loop/x") is None
    assert not files.exists("loop")
    assert files.exists("var/db")


def test_the_place_of_an_entry_follows_all_links_but_the_last() -> None:
    files = view([Made("usr/lib/x", b"1"), link("lib", "usr/lib"), link("usr/lib/y", "x")])
    assert files.place("lib/x") == "usr/lib/x"
    assert files.place("lib/y") == "usr/lib/y"
    assert files.place("lib") == "lib"
    assert files.place("lib/not/there") == "usr/lib/not/there"
