"""Which entries of an index stay, and under which ref names images go in."""

from hypothesis import given
from hypothesis import strategies as st

from lightship.oci.descriptor import CONTAINERD_NAME, REF_NAME
from lightship.oci.reference import ImageName
from lightship.store.settle import settle
from lightship.store.tags import Tag


def tag(ref_name: str, name: str = "", *, asked: bool = False) -> Tag:
    return Tag(ref_name, ImageName.parse(name).tagged() if name else None, asked=asked)


def entry(ref_name: str, name: str = "", **more: object) -> dict[str, object]:
    annotations = {REF_NAME: ref_name} | ({CONTAINERD_NAME: name} if name else {})
    return {"digest": f"{ref_name} {name}", "annotations": annotations, **more}


def annotations(entry: dict[str, object]) -> dict[str, str]:
    found = entry["annotations"]
    assert isinstance(found, dict)
    return found


def refs(entries: list[dict[str, object]]) -> list[str]:
    return [annotations(entry).get(REF_NAME, "") for entry in entries]


FIRST = entry("1", "docker.io/library/first:1")


def test_an_image_of_another_name_stays_and_keeps_its_tag() -> None:
    kept, (second,) = settle([FIRST], [tag("1", "second:1")])
    assert kept == [FIRST]
    assert second == Tag("docker.io/library/second:1", ImageName.parse("second:1"))
    again, (third,) = settle([*kept, entry(second.ref_name, str(second.name))], [tag("1", "second:1")])
    assert (again, third) == (kept, second)


def test_the_same_name_is_replaced_under_whatever_tag_it_stood() -> None:
    assert settle([FIRST], [tag("1", "first:1")]) == ([], [tag("1", "first:1")])
    whole = entry("docker.io/library/first:1", "first:1")
    assert settle([whole], [tag("1", "first:1")]) == ([], [tag("1", "first:1")])


def test_what_has_no_name_is_replaced_by_its_tag() -> None:
    assert settle([entry("1"), entry("2")], [tag("1", "first:1")]) == ([entry("2")], [tag("1", "first:1")])
    assert settle([entry("1"), entry("2")], [tag("1")]) == ([entry("2")], [tag("1")])
    assert settle([{"digest": "x"}], [tag("1")]) == ([{"digest": "x"}], [tag("1")])


def test_a_tag_that_was_asked_for_is_given_and_its_holder_moves() -> None:
    for arriving in (tag("1", "second:1", asked=True), tag("1", asked=True), tag("1")):
        kept, settled = settle([FIRST], [arriving])
        assert (refs(kept), settled) == (["docker.io/library/first:1"], [arriving])
        assert {**kept[0], "annotations": {}} == {**FIRST, "annotations": {}}


def test_what_is_called_as_it_is_named_is_replaced_by_that_call() -> None:
    whole = entry("docker.io/library/first:1", "docker.io/library/first:1")
    assert settle([whole], [tag("docker.io/library/first:1", asked=True)])[0] == []


NAMES = st.sampled_from(["", "a:1", "b:1", "c:2"])
REFS = st.sampled_from(["1", "2", "docker.io/library/a:1", "docker.io/library/b:1"])


@given(
    former=st.lists(st.tuples(REFS, NAMES), unique_by=lambda pair: pair[0], max_size=4),
    arriving=st.lists(st.tuples(st.booleans(), NAMES.filter(bool)), unique_by=lambda pair: pair[1], max_size=3),
)
def test_no_ref_name_is_ambiguous_and_no_name_is_lost(
    former: list[tuple[str, str]], arriving: list[tuple[bool, str]]
) -> None:
    entries = [entry(ref_name, name) for ref_name, name in former]
    tags: list[Tag] = []
    for asked, name in arriving:
        full = ImageName.parse(f"docker.io/library/{name}")
        free = full.tag not in [made.ref_name for made in tags]
        tags.append(Tag(full.tag if free else str(full), full, asked=asked and free))
    kept, settled = settle(entries, tags)
    found = [*filter(None, refs(kept)), *(made.ref_name for made in settled)]
    assert len(set(found)) == len(found)
    held = {name for _, name in former if name} - {name for _, name in arriving}
    assert held == {annotations(entry)[CONTAINERD_NAME] for entry in kept if CONTAINERD_NAME in annotations(entry)}
