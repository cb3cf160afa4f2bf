"""What goes into files that others execute is a plain word, or refused."""

import pytest
from tests.init.shapes import planned

from lightship.errors import LightshipError
from lightship.init.choices import Choices


def test_a_project_without_a_name_has_its_folders() -> None:
    assert planned("pip-flask")[1].name == "my-project"
    assert planned("pdm-django")[1].name == "shop"


def test_django_gets_its_settings() -> None:
    assert planned("pdm-django")[1].env == {"DJANGO_SETTINGS_MODULE": "site.settings"}


@pytest.mark.parametrize("name", ["registry.example:5000/agent/api", "api", "a/b-c"])
def test_names_of_images(name: str) -> None:
    assert Choices(name=name).name == name


def test_a_name_for_kubernetes() -> None:
    assert Choices(name="registry.example/shop/my_api").short_name == "my-api"


@pytest.mark.parametrize(
    "given",
    [
        {"name": "api:1"},
        {"name": "API"},
        {"name": "a b"},
        {"python": "3.12\nRUN x"},
        {"workdir": "/app; rm"},
        {"prefix": "venv"},
        {"user": "root"},
        {"groups": ("a b",)},
        {"system_packages": ("libmagic1", "a; b")},
        {"health_ready": "health"},
        {"health_live": '/x"'},
        {"env": {"A B": "1"}},
        {"env": {"A": "1\nUSER root"}},
        {"command": ("a\nb",)},
    ],
)
def test_what_is_more_than_a_word_is_refused(given: dict[str, object]) -> None:
    with pytest.raises(LightshipError):
        Choices(**{"name": "api", **given})  # type: ignore[arg-type]
