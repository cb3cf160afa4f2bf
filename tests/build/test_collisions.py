"""Which wheel wins a path that two of them own."""

from pathlib import Path

import pytest
from tests.build.wheels import make_wheel

from lightship.build.collisions import Collision, collision_findings, find_collisions, install_order, losers
from lightship.build.install import InstalledWheel, install_wheel
from lightship.ecosystem.python.interpreter import Scheme
from lightship.errors import InputError

SCHEME = Scheme(prefix="opt/venv", minor="3.12")
SITE = "opt/venv/lib/python3.12/site-packages"


def installed(folder: Path, name: str, files: dict[str, str]) -> InstalledWheel:
    wheel = make_wheel(folder, name, files)
    return install_wheel(wheel, filename=wheel.name, sha256="0" * 64, scheme=SCHEME)


@pytest.mark.parametrize(
    ("required_by", "order"),
    [
        ({"b": (), "a": (), "c": ()}, ("a", "b", "c")),
        ({"a": (), "z": ("a",)}, ("z", "a")),
        (
            {"base": ("mid",), "mid": ("top", "project"), "top": ("project",), "aside": ()},
            ("aside", "base", "mid", "top"),
        ),
        ({"a": ("b",), "b": ("a",), "c": ("a",)}, ("c", "a", "b")),
        ({"a": ("b",), "b": ("a",)}, ("a", "b")),
        ({"a": ("a",)}, ("a",)),
        ({}, ()),
    ],
)
def test_dependencies_come_first(required_by: dict[str, tuple[str, ...]], order: tuple[str, ...]) -> None:
    assert install_order(required_by) == order
    assert install_order(dict(reversed(required_by.items()))) == order


def test_the_last_wheel_wins_every_path_it_shares(tmp_path: Path) -> None:
    one = installed(tmp_path, "one", {"shared/__init__.py": "1", "shared/a.py": "same", "one.py": ""})
    two = installed(tmp_path, "two", {"shared/__init__.py": "2", "shared/a.py": "same", "two.py": ""})
    found = find_collisions((one, two))
    assert found == (
        Collision(path=f"{SITE}/shared/__init__.py", winner="two", loser="one", identical=False),
        Collision(path=f"{SITE}/shared/a.py", winner="two", loser="one", identical=True),
    )
    assert losers(found) == {"one": found}
    assert find_collisions((two, one))[0].winner == "one"


def test_findings_warn_of_what_differs_and_note_the_rest() -> None:
    def pair(path: str, loser: str, identical: bool) -> Collision:
        return Collision(path=path, winner="two", loser=loser, identical=identical)

    noted, warned = collision_findings(
        [pair("b", "one", True), pair("c", "one", False), pair("d", "one", False), pair("e", "alone", True)]
    )
    assert (noted.severity, noted.message) == ("note", "alone and two both have e, the same")
    assert (warned.severity, warned.message) == ("warning", "one and two differ in c and 1 more, and two wins")
    assert (warned.location, warned.fix) == ("c", "require only one of one and two")


def test_three_wheels_have_one_winner(tmp_path: Path) -> None:
    wheels = [installed(tmp_path, name, {"tests/__init__.py": name}) for name in ("a", "b", "c")]
    assert [(each.winner, each.loser) for each in find_collisions(wheels)] == [("c", "a"), ("c", "b")]


def test_generated_scripts_collide_too(tmp_path: Path) -> None:
    points = {"one": "[console_scripts]\nrun = one:main\n", "two": "[console_scripts]\nrun = two:main\n"}
    wheels = [
        installed(tmp_path, name, {f"{name}.py": "", f"{name}-1.0.dist-info/entry_points.txt": text})
        for name, text in points.items()
    ]
    assert find_collisions(wheels) == (Collision(path="opt/venv/bin/run", winner="two", loser="one", identical=False),)


def test_a_file_where_another_wheel_needs_a_directory_is_refused(tmp_path: Path) -> None:
    one = installed(tmp_path, "one", {"multipart": ""})
    two = installed(tmp_path, "two", {"multipart/deep/x.py": ""})
    with pytest.raises(InputError, match=r"multipart is a file in wheel:one==1.0 and a directory in wheel:two==1.0"):
        find_collisions((one, two))


def test_wheels_that_share_nothing_have_no_collision(tmp_path: Path) -> None:
    assert find_collisions([installed(tmp_path, name, {f"{name}.py": ""}) for name in ("a", "b")]) == ()
