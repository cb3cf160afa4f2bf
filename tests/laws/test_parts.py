"""A cut by names: "boundaries are determined by the content, so an insertion changes the chunks around it and no other"
(Muthitacharoen, Chen, Mazieres, "A Low-bandwidth Network File System", SOSP 2001, 3.1).
"""

from hypothesis import given
from hypothesis import strategies as st

from lightship.plan.parts import cut

NAMES = st.sets(st.integers(0, 5000).map(lambda number: f"app/m{number:04}.py"), max_size=600)


@given(NAMES)
def test_every_path_is_in_one_group_and_they_are_in_order(names: set[str]) -> None:
    groups = cut(names)
    assert [path for group in groups for path in group] == sorted(names)
    assert all(groups)


@given(NAMES, st.integers(0, 5000).map(lambda number: f"app/m{number:04}.py"))
def test_a_path_that_comes_changes_no_group_but_those_it_falls_between(names: set[str], further: str) -> None:
    before = {tuple(group) for group in cut(names)}
    after = {tuple(group) for group in cut(names | {further})}
    assert len(before - after) <= 1
    assert len(after - before) <= 2
