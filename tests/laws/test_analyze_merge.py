"""image-spec 1.1, layer.md, "Applying Changesets": "Layer Changesets of media type … are applied, rather than simply
extracted as tar archives." Both mergers of this house apply them to the same tree."""

from hypothesis import given
from hypothesis import strategies as st

from lightship.analyze.entries import DIRECTORY, FILE, HARD_LINK, OPAQUE, SYMLINK, WHITEOUT, Entries
from lightship.analyze.merge import merge_rows
from lightship.archive.whiteout import parse_whiteout
from lightship.errors import LightshipError
from lightship.rootfs.merge import Member, MemberType, merge

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
KINDS: tuple[MemberType, ...] = ("file", "dir", "symlink", "hardlink")
ORDINARY = st.tuples(PATHS, st.sampled_from(KINDS), PATHS)
WHITEOUTS = st.tuples(PATHS, st.sampled_from([".wh.{}", "{}/.wh..wh..opq"])).map(
    lambda pair: ("/".join([*pair[0].split("/")[:-1], pair[1].format(pair[0].split("/")[-1])]), "file", "")
)
LAYERS = st.lists(st.lists(st.one_of(ORDINARY, ORDINARY, WHITEOUTS), max_size=6), max_size=4)
CODES = {"file": FILE, "dir": DIRECTORY, "symlink": SYMLINK, "hardlink": HARD_LINK}


def members(layer: list[tuple[str, MemberType, str]]) -> list[Member]:
    return [
        Member(number, path, kind, 0o644, 0, 0, 0, 1 if kind == "file" else 0, target if "link" in kind else "")
        for number, (path, kind, target) in enumerate(layer)
    ]


def rows(layers: list[list[Member]]) -> tuple[Entries, list[range]]:
    entries, ranges = Entries(), []
    for number, layer in enumerate(layers):
        part = Entries()
        for member in layer:
            whiteout = parse_whiteout(member.path)
            if whiteout is not None:
                part.add(whiteout.path, OPAQUE if whiteout.opaque else WHITEOUT)
            else:
                row = part.add(member.path, CODES[member.type], size=member.unpacked_bytes)
                if member.link_target:
                    part.link_targets[row] = member.link_target
            part.compressed.append(1)
        ranges.append(entries.extend(part, number))
    return entries, ranges


@given(LAYERS)
def test_both_mergers_make_the_same_tree(layers: list[list[tuple[str, MemberType, str]]]) -> None:
    stacked = [members(layer) for layer in layers]
    entries, ranges = rows(stacked)
    tree = merge_rows(entries, ranges)
    listed = sorted(path for paths in tree.children.values() for path in paths)
    assert listed == sorted(path for path in tree.rows if path or not stacked)
    try:
        expected = merge(stacked)
    except LightshipError:
        assert tree.problems
        return
    assert not tree.problems
    visible = sum(unpacked for _, _, unpacked, _ in tree.shares(entries))
    hidden = sum(entries.sizes[shadow.row] for shadow in tree.shadows())
    assert visible + hidden == sum(entries.sizes)  # nothing is lost from the account
    starts = [found.start for found in ranges]
    for node in expected.nodes.values():
        if not node.path and not stacked:
            continue
        row = tree.source(tree.rows[node.path])
        assert entries.layers[tree.rows[node.path]] == node.layer
        layer, number = node.source
        if number >= 0 and node.type != "dir":
            assert row == starts[layer] + number
        assert (entries.kinds[row] == DIRECTORY) == (node.type == "dir")
    assert tree.rows.keys() == expected.nodes.keys() or not stacked
