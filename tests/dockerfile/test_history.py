"""What counts at a place, asked of settings by what they set."""

from lightship.dockerfile.history import Environment, history_of
from lightship.dockerfile.settings import Setting

BASE = history_of(
    [
        Setting(kind="ENV", place=1, name="a", value="1", outline="1"),
        Setting(kind="ARG", place=2, name="b", value=None),
        Setting(kind="USER", place=3, value="app"),
    ]
)
OWN = history_of(
    [
        Setting(kind="ENV", place=10, name="a", value="2", outline="2"),
        Setting(kind="ENV", place=20, name="c", value="3", outline="3"),
        Setting(kind="USER", place=20, value="root"),
    ]
)


def test_the_last_setting_above_a_place_counts_and_else_the_base_stage_s() -> None:
    assert dict(Environment((OWN, BASE), 10)) == {"a": "1", "b": None}
    assert dict(Environment((OWN, BASE), 11)) == {"a": "2", "b": None}
    assert dict(Environment((OWN, BASE), 99)) == {"a": "2", "b": None, "c": "3"}
    assert len(Environment((OWN, BASE), 11)) == 2


def test_a_variable_that_only_a_build_knows_is_there() -> None:
    environment = Environment((BASE,), 5)
    assert "b" in environment
    assert "c" not in environment
    assert environment.get("b", "x") is None


def test_a_user_is_found_by_its_kind() -> None:
    before, after = Environment((OWN, BASE), 20).setting("USER"), Environment((OWN, BASE), 21).setting("USER")
    assert before is not None
    assert after is not None
    assert (before.value, after.value) == ("app", "root")
    assert Environment((OWN, BASE), 21).setting("WORKDIR") is None
