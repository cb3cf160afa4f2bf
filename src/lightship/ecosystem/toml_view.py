"""TOML from outside, read through typed getters whose errors name the place: ``uv.lock: package[3].name: …``.

TOML 1.0.0, https://toml.io/en/v1.0.0
"""

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from lightship.errors import InputError, LockError
from lightship.paths import open_regular, storage_errors
from lightship.values import dataclass

__all__ = ["Table", "read_capped", "read_toml"]

_MAX_BYTES = 64 * 2**20
"""The largest lock seen in public repositories is below 10 MB; what is past 64 MiB is no lock."""

_NAMES = {str: "a string", int: "an integer", float: "a number", bool: "a boolean", list: "an array", dict: "a table"}


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a TOML file: its values, the file's name, its path in the file and the error to raise."""

    values: Mapping[str, object]
    file: str
    path: str = ""
    error: type[InputError] = LockError

    def where(self, key: str = "") -> str:
        """``uv.lock: package[3].name``: how an error names this place."""
        path = ".".join(part for part in (self.path, key) if part)
        return f"{self.file}: {path}" if path else self.file

    def fail(self, key: str, want: str) -> InputError:
        """The error that says what was wanted at ``key`` and what there is."""
        got = _NAMES.get(type(self.values[key]), "a date or time") if key in self.values else "nothing"
        return self.error(f"{self.where(key)}: want {want}, got {got}")

    def maybe_text(self, key: str) -> str | None:
        """The string at ``key``, or None when there is none."""
        value = self.values.get(key)
        if value is None or isinstance(value, str):
            return value
        raise self.fail(key, "a string")

    def text(self, key: str) -> str:
        """The string at ``key``; it must be there and not be empty."""
        value = self.values.get(key)
        if isinstance(value, str) and value:
            return value
        raise self.fail(key, "a string that is not empty" if value == "" else "a string")

    def maybe_integer(self, key: str) -> int | None:
        """The integer at ``key``, or None when there is none."""
        value = self.values.get(key)
        if value is None or (isinstance(value, int) and not isinstance(value, bool)):
            return value
        raise self.fail(key, "an integer")

    def flag(self, key: str) -> bool:
        """The boolean at ``key``, False when there is none."""
        value = self.values.get(key, False)
        if isinstance(value, bool):
            return value
        raise self.fail(key, "a boolean")

    def texts(self, key: str) -> tuple[str, ...]:
        """The array of strings at ``key``, empty when there is none."""
        value = self.values.get(key, [])
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise self.fail(key, "an array of strings")

    def maybe_table(self, key: str) -> "Table | None":
        """The table at ``key``, or None when there is none."""
        value = self.values.get(key)
        if value is None:
            return None
        if isinstance(value, dict):
            return Table(value, self.file, f"{self.path}.{key}" if self.path else key, self.error)
        raise self.fail(key, "a table")

    def table(self, key: str) -> "Table":
        """The table at ``key``, an empty one when there is none."""
        return self.maybe_table(key) or Table({}, self.file, f"{self.path}.{key}" if self.path else key, self.error)

    def tables(self, key: str) -> "list[Table]":
        """The array of tables at ``key``, empty when there is none."""
        value = self.values.get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.fail(key, "an array of tables")
        path = f"{self.path}.{key}" if self.path else key
        for number, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.error(f"{self.file}: {path}[{number}]: want a table, got {_NAMES.get(type(item), 'a date')}")
        return [Table(item, self.file, f"{path}[{number}]", self.error) for number, item in enumerate(value)]

    def __iter__(self) -> Iterator[str]:
        return iter(self.values)

    def __contains__(self, key: object) -> bool:
        return key in self.values


def read_capped(path: Path, *, error: type[InputError] = LockError) -> bytes:
    """The bytes of a lock or project file; raise ``error`` when it is larger than any honest one (64 MiB)."""
    with storage_errors(f"read {path.name}"), open_regular(path) as stream:
        raw = stream.read(_MAX_BYTES + 1)
    if len(raw) > _MAX_BYTES:
        raise error(f"{path.name} is too large: want at most {_MAX_BYTES // 2**20} MiB")
    return raw


def read_toml(path: Path, *, error: type[InputError] = LockError) -> tuple[Table, str]:
    """Read a TOML file: its top table and the SHA-256 (hex) of its bytes. Raise ``error`` when it is not TOML."""
    raw = read_capped(path, error=error)
    try:
        values = tomllib.loads(raw.decode())
    except UnicodeDecodeError as problem:
        raise error(f"{path.name} is not UTF-8: byte {problem.start} cannot be read") from problem
    except tomllib.TOMLDecodeError as problem:
        raise error(f"{path.name} is not TOML: {problem}") from problem
    except RecursionError as problem:
        raise error(f"{path.name} is nested too deeply to be read") from problem
    return Table(values, path.name, "", error), hashlib.sha256(raw).hexdigest()
