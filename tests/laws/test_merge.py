"""image-spec 1.1, layer.md, "Whiteouts": "Whiteout files MUST only apply to resources in lower/parent layers.
Files that are present in the same layer as a whiteout file can only be hidden by whiteout files in subsequent layers."
"""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from lightship.rootfs.merge import Member, merge

NAMES = st.sampled_from("abc")
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
WHITEOUTS = st.tuples(PATHS, st.sampled_from([".wh.{}", "{}/.wh..wh..opq"])).map(
    lambda pair: "/".join([*pair[0].split("/")[:-1], pair[1].format(pair[0].split("/")[-1])])
)
LAYERS = st.lists(st.tuples(st.sets(PATHS, max_size=5), st.sets(WHITEOUTS, max_size=3)), max_size=4)


def _layer(files: set[str], whiteouts: set[str], shuffle: bool) -> list[Member]:
    """Files at the leaves, so that no file lies below another: a layer that an engine can apply."""
    leaves = sorted(path for path in files if not any(other.startswith(f"{path}/") for other in files))
    names = [*leaves, *sorted(whiteouts)]
    ordered = reversed(names) if shuffle else names
    return [Member(number, name, "file", 0o644, 0, 0, 0, 1, "") for number, name in enumerate(ordered)]


def _by_the_book(layers: list[list[Member]]) -> dict[str, int] | None:
    """Files and the layer that has them: first a layer's whiteouts, then its files. None: it cannot be applied."""
    state: dict[str, int] = {}
    for number, members in enumerate(layers):
        names = [member.path for member in members]
        for name in names:
            directory, _, last = name.rpartition("/")
            if last == ".wh..wh..opq":
                state = {path: by for path, by in state.items() if not path.startswith(f"{directory}/")}
            elif last.startswith(".wh."):
                gone = f"{directory}/{last[4:]}".lstrip("/")
                state = {path: by for path, by in state.items() if path != gone and not path.startswith(f"{gone}/")}
        for name in (name for name in names if ".wh." not in name):
            if any(name.startswith(f"{path}/") for path in state):
                return None
            state = {path: by for path, by in state.items() if not path.startswith(f"{name}/")} | {name: number}
    return state


@given(LAYERS, st.booleans())
def test_a_merge_is_the_layers_applied_in_turn(layers: list[tuple[set[str], set[str]]], shuffle: bool) -> None:
    members = [_layer(files, whiteouts, shuffle) for files, whiteouts in layers]
    expected = _by_the_book(members)
    if expected is None:
        return
    tree = merge(members)
    assert {node.path: node.layer for node in tree.walk() if node.type == "file"} == expected
    # nothing is lost from the account: what a layer brought can be seen, or is shadowed once
    brought = sum(".wh." not in member.path for member in itertools.chain.from_iterable(members))
    assert brought == len(expected) + len(tree.shadowed)
