"""What is served is found in the syntax trees, whatever shape the project has."""

import pytest

from lightship.ecosystem.project.application import Application, find_application, find_worker
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.python import PythonProject, detect_python

DJANGO = {
    "site/wsgi.py": "application = get_wsgi_application()\n",
    "site/asgi.py": "application = get_asgi_application()\n",
}


def _project(contents: dict[str, str], *packages: str) -> tuple[ProjectFiles, PythonProject]:
    lock = "".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in packages)
    files = ProjectFiles.of({"requirements.txt": lock, **contents})
    project = detect_python(files)
    assert project is not None
    return files, project


def _found(contents: dict[str, str], *packages: str) -> Application:
    found = find_application(*_project(contents, *packages))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("contents", "packages", "framework", "target"),
    [
        ({"main.py": "from fastapi import FastAPI\napp = FastAPI()\n"}, ["fastapi"], "fastapi", "main:app"),
        ({"svc/main.py": "import fastapi\napi: object = fastapi.FastAPI()\n"}, ["fastapi"], "fastapi", "svc.main:api"),
        ({"src/shop/web.py": "app = Flask(__name__)\n"}, ["flask"], "flask", "shop.web:app"),
        ({"shop/__init__.py": "def create_app():\n    return Flask()\n"}, ["flask"], "flask", "shop:create_app"),
        ({"app.py": "try:\n    app = create_app()\nexcept OSError:\n    raise\n"}, ["flask"], "flask", "app:app"),
        (
            {"app.py": "if first():\n    app = create_migrations_app()\nelse:\n    app = create_app()\n"},
            ["flask", "gunicorn"], "flask", "app:app",
        ),
        (DJANGO, ["django", "gunicorn"], "django", "site.wsgi:application"),
        (DJANGO, ["django", "uvicorn"], "django", "site.asgi:application"),
        ({"ui.py": "import streamlit as st\nst.write(1)\n"}, ["streamlit"], "streamlit", "ui:app"),
        ({"ui.py": "import gradio as gr\ngr.Interface(f).launch()\n"}, ["gradio"], "gradio", "ui:app"),
    ],
)  # fmt: skip
def test_finds_what_is_served(contents: dict[str, str], packages: list[str], framework: str, target: str) -> None:
    found = _found(contents, *packages)
    assert (found.framework, found.target) == (framework, target)


def test_an_object_goes_before_a_factory() -> None:
    contents = {"shop/factory.py": "def create_app():\n    return Flask('x')\n", "shop/wsgi.py": "app = create_app()\n"}
    found = _found(contents, "flask")
    assert (found.target, found.factory) == ("shop.wsgi:app", False)


def test_a_factory_that_wants_arguments_is_none() -> None:
    files, project = _project({"a.py": "def create_app(config):\n    return Flask('x')\n"}, "flask")
    assert find_application(files, project) is None


def test_a_factory_of_an_unknown_class_is_of_the_framework_that_sources_import() -> None:
    contents = {
        "app.py": "from factory import create_app\napp = create_app()\n",
        "factory.py": "from own import App\ndef create_app() -> App: ...\n",
        "views.py": "from flask import request\n",
    }
    assert _found(contents, "fastapi", "flask").framework == "flask"


def test_tests_and_installed_packages_are_not_looked_at() -> None:
    contents = {
        "tests/app.py": "app = Flask('x')\n",
        "node_modules/a/app.py": "app = Flask('x')\n",
        ".venv/app.py": "app = Flask('x')\n",
        "shop/deep/app.py": "app = Flask('x')\n",
    }
    assert _found(contents, "flask").target == "shop.deep.app:app"


def test_a_module_with_siblings_starts_in_their_folder() -> None:
    contents = {"backend/main.py": "from routes import r\napp = FastAPI()\n", "backend/routes.py": "r = 1\n"}
    found = _found(contents, "fastapi")
    assert (found.directory, found.module) == ("backend", "main")


def test_a_module_that_imports_by_the_whole_name_starts_at_the_root() -> None:
    contents = {"backend/main.py": "from backend.routes import r\napp = FastAPI()\n", "backend/routes.py": "r = 1\n"}
    found = _found(contents, "fastapi")
    assert (found.directory, found.module) == ("", "backend.main")


def test_django_names_its_settings() -> None:
    source = "os.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site.settings')\napplication = get_wsgi_application()\n"
    assert _found({"site/wsgi.py": source}, "django").settings == "site.settings"


@pytest.mark.parametrize(
    "source",
    [
        "celery = Celery('x')\n",
        "celery = cast('Celery', app.extensions['celery'])\n",
        "import c\ncelery = c.Celery()\n",
    ],
)
def test_finds_the_worker(source: str) -> None:
    found = find_worker(*_project({"work.py": source}, "celery"))
    assert found is not None
    assert found.target == "work:celery"


def test_without_celery_there_is_no_worker() -> None:
    assert find_worker(*_project({"work.py": "celery = Celery('x')\n"})) is None


def test_a_file_that_is_no_python_is_passed_over() -> None:
    contents = {"app.py": "app = Flask(\n", "b.py": "app = Flask('x')\x00", "main.py": "app = Flask('x')\n"}
    assert _found(contents, "flask").target == "main:app"


def test_a_project_that_is_a_command() -> None:
    files = ProjectFiles.of({
        "pyproject.toml": '[project]\nname="a"\n[project.scripts]\nserve-a = "a:main"\n[build-system]\nrequires=[]\n',
        "src/a/__init__.py": "def main(): ...\n",
    })  # fmt: skip
    project = detect_python(files)
    assert project is not None
    found = find_application(files, project)
    assert found is not None
    assert (found.framework, found.module) == ("script", "serve-a")


def test_a_source_made_to_be_slow_is_read_in_linear_time() -> None:
    assert _found({"main.py": f"x = '{'create_' * 200_000}'"}).framework == "script"
