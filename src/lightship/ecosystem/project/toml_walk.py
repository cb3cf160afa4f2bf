"""Lenient getters for documents of a project that is looked at, not judged: what has another type counts as absent."""

from collections.abc import Iterator, Mapping

__all__ = ["as_list", "as_table", "as_tables", "as_text", "as_texts", "inner"]


def as_table(value: object) -> Mapping[str, object]:
    """A table, empty where it is none."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    """An array, empty where it is none."""
    return value if isinstance(value, list) else []


def as_tables(value: object) -> Iterator[Mapping[str, object]]:
    """The tables of an array."""
    return (item for item in as_list(value) if isinstance(item, dict))


def as_texts(value: object) -> tuple[str, ...]:
    """The texts of an array."""
    return tuple(item for item in as_list(value) if isinstance(item, str))


def as_text(value: object) -> str:
    """A text, empty where it is none."""
    return value if isinstance(value, str) else ""


def inner(table: Mapping[str, object], *keys: str) -> Mapping[str, object]:
    """The table at a path of keys."""
    for key in keys:
        table = as_table(table.get(key))
    return table
