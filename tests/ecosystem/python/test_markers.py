import pytest
from tests.ecosystem.python.world import target

from lightship.ecosystem.python.markers import Markers, require_python
from lightship.ecosystem.python.names import normal_name
from lightship.errors import LockError


@pytest.mark.parametrize(
    ("marker", "applies"),
    [
        (None, True),
        ("", True),
        ("python_full_version < '3.11.3'", True),
        ("python_version >= '3.12'", False),
        ("sys_platform == 'linux' and platform_machine == 'x86_64'", True),
        ("platform_python_implementation == 'PyPy'", False),
        ("implementation_name == 'cpython' and os_name == 'posix'", True),
        ("'linux' in sys_platform", True),
        ("platform_release >= '20.9.0'", False),
        ("extra == 'web'", True),
        ("extra == 'Web_'", False),
        ("extra != 'web'", False),
        ("'web' == extra and extra == \"big-web\"", True),
        ("extra == 'Big.Web'", True),
        ("extra == 'other' or python_version < '3.12'", True),
        ("(extra != 'other') and extra == 'web'", True),
    ],
)
def test_markers_are_those_of_the_target(marker: str | None, applies: bool) -> None:
    assert Markers(target("3.11.2")).applies(marker, {"web", "big-web"}) is applies


def test_the_same_marker_depends_on_the_extras() -> None:
    markers = Markers(target())
    assert markers.applies("extra == 'a'", {"a"})
    assert not markers.applies("extra == 'a'", {"b"})
    assert not markers.applies("extra == 'a'")


@pytest.mark.parametrize("text", ["x", "os_name ==", "python_version < 3", "(" * 5000 + "os_name == 'a'", "extra"])
def test_what_is_no_marker_is_refused(text: str) -> None:
    with pytest.raises(LockError, match=r"^here: want an environment marker, got "):
        Markers(target()).applies(text, where="here")


def test_require_python() -> None:
    require_python(None, target(), where="x")
    require_python(">=3.11,<3.13", target("3.12.1"), where="x")
    with pytest.raises(LockError, match=r"x needs Python >=3\.12\.4, the image has 3\.12\.1"):
        require_python(">=3.12.4", target("3.12.1"), where="x")
    with pytest.raises(LockError, match="want a version specifier, got '3 or so'"):
        require_python("3 or so", target(), where="x")


def test_normal_name() -> None:
    assert normal_name("Flask_SQL..Alchemy-") == "flask-sql-alchemy-"
