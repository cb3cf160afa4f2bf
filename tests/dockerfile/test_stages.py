"""Which stage is built from which, copies from which, and ships."""

import pytest

from lightship.dockerfile.parse import parse
from lightship.dockerfile.stages import MOST_STAGES, Stages, stages_of
from lightship.errors import InputError, UsageError


def stages(text: str, target: str | None = None) -> Stages:
    return stages_of(parse(text), target=target)


def test_bases_sources_and_what_ships() -> None:
    found = stages(
        "FROM python AS Base\nRUN a\nFROM base AS build\nRUN b\nFROM node AS web\nFROM base\n"
        "COPY --from=BUILD x y\nRUN --mount=from=web,target=/w c\nFROM unused\nFROM base AS last\nCOPY --from=3 a b\n"
    )
    assert [each.name for each in found.stages] == ["base", "build", "web", None, None, "last"]
    assert [each.base for each in found.stages] == ["python", "base", "node", "base", "unused", "base"]
    assert [each.base_stage for each in found.stages] == [None, 0, None, 0, None, 0]
    assert [each.sources for each in found.stages] == [set(), set(), set(), {1, 2}, set(), {3}]
    assert [each.index for each in found.shipped] == [0, 5]
    assert found.needed == {0, 1, 2, 3, 5}
    assert [found.ships(each) for each in found.stages] == [True, False, False, False, False, True]
    assert found.label(found.stages[3]) == "stage 3"
    assert found.label(found.stages[2]) == "web"
    last = stages("FROM a AS b\nFROM c")
    assert [last.label(each) for each in last.stages] == ["b", "final stage"]
    assert [len(each.instructions) for each in found.stages] == [1, 1, 0, 2, 0, 1]


def test_the_target_is_the_last_or_the_chosen() -> None:
    text = "FROM x AS a\nFROM a AS b\nFROM y"
    assert stages(text).target == 2
    assert stages(text, target="B").target == 1
    assert [each.index for each in stages(text, target="b").shipped] == [0, 1]
    with pytest.raises(UsageError, match="no stage 'c'") as caught:
        stages(text, target="c")
    assert caught.value.hint == "its stages: a, b"


def test_arguments_before_from_count_in_it() -> None:
    text = "ARG V=3.12\nARG W=$V-slim\nARG X\nFROM python:${W}\nFROM --platform=$BUILDPLATFORM a:$X\nFROM b:${Y:-c}"
    found = stages(text)
    assert [each.base for each in found.stages] == ["python:3.12-slim", "a:$X", "b:c"]
    assert found.stages[1].platform == "$BUILDPLATFORM"
    assert found.outside["W"] == "3.12-slim"
    assert found.outside["X"] is None
    given = stages_of(parse(text), arguments={"V": "3.13", "X": "1", "BUILDPLATFORM": "linux/arm64"})
    assert [each.base for each in given.stages] == ["python:3.13-slim", "a:1", "b:c"]
    assert given.stages[1].platform == "linux/arm64"


def test_arguments_within_a_stage_do_not_count_in_the_next_from() -> None:
    assert stages("FROM a\nARG V=1\nFROM b:${V:-none}").stages[1].base == "b:none"


def test_a_base_is_the_stage_of_that_name_so_far_and_a_copys_the_last_of_all() -> None:
    found = stages("FROM x AS a\nFROM a AS a\nFROM a\nCOPY --from=a b c\nFROM y AS z\nCOPY --from=a b c\nFROM q AS a")
    assert [each.base_stage for each in found.stages] == [None, 0, 1, None, None]
    # The last stage of the name stands after both, so neither has a source that can be built before it.
    assert [each.sources for each in found.stages] == [set()] * 5


def test_a_base_in_capitals_is_an_image() -> None:
    assert stages("FROM x AS Base\nFROM Base").stages[1].base_stage is None


def test_a_mounts_number_is_an_image_and_a_copys_is_a_stage() -> None:
    found = stages("FROM x\nFROM y\nRUN --mount=from=0,target=/x a\nFROM z\nCOPY --from=0 a b\nCOPY --from=9 a b")
    assert [each.sources for each in found.stages] == [set(), set(), {0}]


def test_what_onbuild_hands_on_is_the_next_stages() -> None:
    found = stages("FROM x AS s\nFROM y AS a\nONBUILD COPY --from=s a b\nFROM a\nFROM y")
    assert [each.sources for each in found.stages] == [set(), set(), {0}, set()]


def test_where_an_instruction_stands() -> None:
    dockerfile = parse("ARG a\nFROM x\nRUN a\nFROM y\nRUN b")
    found = stages_of(dockerfile)
    where = [found.of(each) for each in dockerfile.instructions]
    assert [each and each.index for each in where] == [None, 0, 0, 1, 1]


def test_only_scratch_begins_empty() -> None:
    found = stages("FROM scratch AS a\nFROM a\nFROM b\nFROM scratch AS c")
    assert [found.begins_empty(each) for each in found.stages] == [True, True, False, True]


def test_a_file_without_from_or_of_too_many_is_refused() -> None:
    with pytest.raises(InputError, match="no FROM"):
        stages("ARG a=b")
    with pytest.raises(InputError, match=f"more than {MOST_STAGES} stages"):
        stages("FROM a\n" * (MOST_STAGES + 1))
    with pytest.raises(InputError, match="ONBUILD hands on more"):
        stages("FROM a AS a\n" + "ONBUILD USER b\n" * 300 + "FROM a\n" * 100)
    with pytest.raises(InputError, match="come to more than 16 MB"):
        stages("FROM a\nENV A=" + "a" * 60_000 + "\n" + "ENV B=$A$A\n" * 200)
