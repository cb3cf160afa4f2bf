"""`lightship.values.dataclass` is `dataclasses.dataclass`, only later."""

import copy
import dataclasses
import inspect
import pickle
import typing
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, field, fields, replace
from typing import Any

import pytest

from lightship import values


def pair(make: Callable[[Any], type]) -> tuple[Any, Any]:
    """The same class by the standard library and by us."""
    return make(dataclasses.dataclass), make(values.dataclass)


def point(decorator: Any) -> type:
    class Point:
        """A point."""

        x: int
        y: int = 2
        tags: dict[str, str] = field(default_factory=dict, hash=False)
        note: str = field(default="", compare=False, repr=False)

    return typing.cast("type", decorator(frozen=True, slots=True, kw_only=True)(Point))


def checked(decorator: Any) -> type:
    class Checked:
        """Two words and a check."""

        first: str
        second: str = "b"

        def __post_init__(self) -> None:
            if not self.first:
                raise ValueError("first is empty")

        def __repr__(self) -> str:
            return f"<{self.first}>"

        @property
        def both(self) -> str:
            return self.first + self.second

        @classmethod
        def of(cls, both: str) -> Any:
            return cls(*both.split())

    return typing.cast("type", decorator(frozen=True, slots=True)(Checked))


def empty(decorator: Any) -> type:
    class Empty:
        """Nothing."""

    return typing.cast("type", decorator(frozen=True, slots=True)(Empty))


@values.dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Found by its name."""

    path: str
    sizes: tuple[int, ...] = ()


CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {"x": 1}),
    ((), {"x": 1, "y": 3, "tags": {"a": "b"}, "note": "n"}),
]
WRONG_CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [((), {}), ((1,), {}), ((), {"x": 1, "z": 2})]


@pytest.mark.parametrize(("args", "named"), CALLS)
def test_a_call_gives_the_same_value(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    theirs, ours = pair(point)
    want, got = theirs(*args, **named), ours(*args, **named)
    assert repr(got) == repr(want)
    assert asdict(got) == asdict(want)
    assert replace(got, x=7).x == 7
    assert type(got).__match_args__ == type(want).__match_args__


@pytest.mark.parametrize(("args", "named"), WRONG_CALLS)
def test_a_wrong_call_gives_the_same_error(args: tuple[Any, ...], named: dict[str, Any]) -> None:
    said = []
    for cls in pair(point):
        with pytest.raises(TypeError) as caught:
            cls(*args, **named)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_equality_and_hash_look_at_the_same_fields() -> None:
    theirs, ours = pair(point)
    for cls in (theirs, ours):
        one, other = cls(x=1, tags={"a": "b"}, note="n"), cls(x=1, tags={"a": "b"}, note="m")
        assert one == other
        assert hash(one) == hash(other) == hash(cls(x=1, tags={}))
        assert one != cls(x=1)
        assert one != cls(x=2, tags={"a": "b"})
        assert one.__eq__(3) is NotImplemented
    assert theirs(x=1) != ours(x=1)
    assert empty(values.dataclass)() != empty(values.dataclass)()
    nothing = empty(values.dataclass)
    assert nothing() == nothing()
    assert {nothing(): 1}[nothing()] == 1


def test_a_value_cannot_be_changed() -> None:
    theirs, ours = pair(point)
    for cls in (theirs, ours):
        value = cls(x=1)
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
            value.x = 2
        with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
            del value.x
        assert not hasattr(value, "__dict__")
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'other'"):
        ours(x=1).other = 2


def test_what_a_class_defines_itself_stays() -> None:
    theirs, ours = pair(checked)
    assert repr(ours("a")) == repr(theirs("a")) == "<a>"
    assert ours.of("a c").both == "ac"
    with pytest.raises(ValueError, match="first is empty"):
        ours("")


def test_it_can_be_looked_into_before_it_is_called() -> None:
    theirs, ours = pair(point)
    assert [each.name for each in fields(ours)] == [each.name for each in fields(theirs)]
    want, got = inspect.signature(theirs).parameters, inspect.signature(ours).parameters
    assert [(p.name, p.kind) for p in got.values()] == [(p.name, p.kind) for p in want.values()]
    assert ours.__init__.__qualname__ == theirs.__init__.__qualname__
    assert dataclasses.is_dataclass(ours)


def test_a_value_can_be_copied_and_pickled() -> None:
    value = Kept(path="a", sizes=(1, 2))
    again = pickle.loads(pickle.dumps(value))  # noqa: S301 - its own
    assert copy.deepcopy(value) == copy.copy(value) == again == value


def test_what_is_not_frozen_with_slots_is_the_standard_librarys() -> None:
    @values.dataclass
    class Open:
        x: int = 0

    @values.dataclass(frozen=True, slots=True, order=True)
    class Ordered:
        x: int

    value = Open()
    value.x = 3
    assert value == Open(3)
    assert Ordered(1) < Ordered(2)


def test_a_field_that_is_not_given_is_refused() -> None:
    @values.dataclass(frozen=True, slots=True)
    class Made:
        """A field that nobody gives."""

        x: int = field(init=False, default=1)

    with pytest.raises(TypeError, match="x: a value has no field that is not given"):
        Made()
