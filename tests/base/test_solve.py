"""Dependencies: alternatives, virtual packages, versions, and what only installing needs."""

import pytest

from lightship.base.index import PackageRecord
from lightship.base.solve import Selection, solve
from lightship.ecosystem.dpkg import Relation, parse_relations
from lightship.errors import InputError


class DictCatalog:
    """A catalogue of packages written down in the test: name to (version, depends, provides)."""

    def __init__(self, packages: dict[str, tuple[str, str, str]], locked: set[str] | None = None) -> None:
        self._packages = {
            name: PackageRecord(
                name=name, version=version, architecture="amd64", source=name, filename=f"pool/{name}.deb",
                size_bytes=1, sha256="0" * 64, depends=depends, provides=provides,
            )
            for name, (version, depends, provides) in packages.items()
        }  # fmt: skip
        self._locked = locked or set()

    def find(self, name: str, relation: Relation | None = None) -> PackageRecord | None:
        record = self._packages.get(name)
        return record if record and (relation is None or relation.accepts(record.version)) else None

    def providers(self, name: str) -> tuple[str, ...]:
        return tuple(
            sorted(
                record.name
                for record in self._packages.values()
                if any(group[0].name == name for group in parse_relations(record.provides))
            )
        )

    def is_locked(self, name: str) -> bool:
        return name in self._locked


def _solve(catalog: DictCatalog, *wanted: str) -> Selection:
    selection = Selection()
    solve(selection, [(name, "asked") for name in wanted], catalog, architecture="amd64")
    return selection


def test_depends_are_followed_with_their_reason() -> None:
    catalog = DictCatalog({"a": ("1", "b (>= 2)", ""), "b": ("2", "c", ""), "c": ("1", "a", "")})
    chosen = _solve(catalog, "a").chosen
    assert {name: item.why for name, item in chosen.items()} == {
        "a": "asked", "b": "required by a", "c": "required by b",
    }  # fmt: skip


def test_a_chosen_alternative_wins() -> None:
    catalog = DictCatalog({"a": ("1", "x | y", ""), "x": ("1", "", ""), "y": ("1", "", "")})
    assert set(_solve(catalog, "a").chosen) == {"a", "x"}
    selection = _solve(catalog, "y")
    solve(selection, [("a", "asked")], catalog, architecture="amd64")
    assert set(selection.chosen) == {"a", "y"}


def test_the_first_alternative_that_exists_in_a_good_version() -> None:
    catalog = DictCatalog({"a": ("1", "gone | x (>= 2) | y", ""), "x": ("1", "", ""), "y": ("1", "", "")})
    assert set(_solve(catalog, "a").chosen) == {"a", "y"}


def test_virtual_packages() -> None:
    catalog = DictCatalog({"a": ("1", "mail", ""), "exim": ("4", "", "mail"), "postfix": ("3", "", "mail")})
    assert set(_solve(catalog, "a").chosen) == {"a", "exim"}


def test_a_versioned_relation_wants_a_versioned_provides() -> None:
    packages = {"a": ("1", "libx (>= 2)", ""), "liby": ("9", "", "libx"), "libz": ("9", "", "libx (= 3)")}
    assert set(_solve(DictCatalog(packages), "a").chosen) == {"a", "libz"}


def test_a_locked_alternative_comes_before_the_first() -> None:
    catalog = DictCatalog({"a": ("1", "x | y", ""), "x": ("1", "", ""), "y": ("1", "", "")}, locked={"y"})
    assert set(_solve(catalog, "a").chosen) == {"a", "y"}


def test_what_only_installing_needs_stays_out_and_is_told() -> None:
    catalog = DictCatalog({"a": ("1", "debconf (>= 0.5) | debconf-2.0, dpkg", ""), "dpkg": ("1", "", "")})
    selection = _solve(catalog, "a")
    assert set(selection.chosen) == {"a"}
    assert "asks questions" in selection.skipped["debconf"]
    assert set(_solve(catalog, "dpkg").chosen) == {"dpkg"}


@pytest.mark.parametrize(
    ("packages", "message"),
    [({}, "package not in the archive: a"), ({"a": ("1", "gone (>= 1)", "")}, r"a 1 wants gone \(>= 1\)")],
)
def test_what_cannot_be_fulfilled(packages: dict[str, tuple[str, str, str]], message: str) -> None:
    with pytest.raises(InputError, match=message):
        _solve(DictCatalog(packages), "a")
