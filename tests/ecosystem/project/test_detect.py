"""Everything together, and what else hangs on it: libraries, migrations, servers, front ends that are served."""

import json
import re

import pytest

from lightship.ecosystem.project.detect import ProjectFacts, detect
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.system_libraries import NO_LINUX_WHEELS, TABLE

FLASK = {"app.py": "app = Flask(__name__)\n@app.get('/health')\ndef h(): ...\n"}


def _facts(contents: dict[str, str], *packages: str) -> ProjectFacts:
    lock = "".join(f"{name}==1.0 --hash=sha256:{'0' * 64}\n" for name in packages)
    return detect(ProjectFiles.of({"requirements.txt": lock, **contents}))


def test_a_folder_out_of_the_front_end_is_told() -> None:
    package = json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "6"}})
    config = 'export default { build: { outDir: "../static" } }'
    facts = _facts({**FLASK, "web/package.json": package, "web/vite.config.ts": config}, "flask")
    assert [note for note in facts.notes if "web is configured to be built into ../static" in note]


def _command(facts: ProjectFacts) -> tuple[str, ...]:
    assert facts.server is not None
    return facts.server.command


@pytest.mark.parametrize(
    ("packages", "command"),
    [
        (["flask", "gunicorn"], "gunicorn -b 0.0.0.0:8000 --worker-tmp-dir /dev/shm app:app"),
        (["flask", "waitress"], "waitress-serve --listen=0.0.0.0:8000 app:app"),
        (["flask"], "flask --app app:app run --host 0.0.0.0 --port 8000"),
    ],
)
def test_the_server_that_is_locked_serves(packages: list[str], command: str) -> None:
    assert " ".join(_command(_facts(FLASK, *packages))) == command


def test_a_development_server_is_remarked_on() -> None:
    assert any("add gunicorn" in note for note in _facts(FLASK, "flask").notes)
    assert not any("add gunicorn" in note for note in _facts(FLASK, "flask", "gunicorn").notes)


def test_gunicorn_takes_workers_that_its_hooks_speak_of() -> None:
    conf = {"gunicorn.conf.py": "from gevent import x\nbind = '127.0.0.1:5001'\n"}
    assert "-k gevent" in " ".join(_command(_facts({**FLASK, **conf}, "flask", "gunicorn", "gevent")))
    conf["gunicorn.conf.py"] += "worker_class = 'gevent'\nworker_tmp_dir = '/tmp'\n"
    command = _command(_facts({**FLASK, **conf}, "flask", "gunicorn", "gevent"))
    assert command == ("gunicorn", "-b", "0.0.0.0:5001", "app:app")


def test_asgi_in_a_folder() -> None:
    contents = {"backend/main.py": "from routes import r\napp = FastAPI()\n", "backend/routes.py": "r = 1\n"}
    command = " ".join(_command(_facts(contents, "fastapi", "uvicorn")))
    assert command == "uvicorn main:app --app-dir backend --host 0.0.0.0 --port 8000"


def test_libraries_that_are_loaded_by_name() -> None:
    facts = _facts(FLASK, "flask", "python-magic", "psycopg2", "psycopg2-binary", "lxml")
    assert {each.package: each.runtime for each in facts.system} == {
        "python-magic": ("libmagic1",),
        "psycopg2": ("libpq5",),
    }
    assert {each.package: each.build for each in facts.build} == {"psycopg2": ("libpq-dev",)}
    assert facts.compiled == ("psycopg2",)


def test_programs_come_along_where_sources_import_what_starts_them() -> None:
    used = _facts({**FLASK, "scan.py": "from pdf2image import convert\n"}, "pdf2image", "pytesseract")
    assert [each.package for each in used.system] == ["pdf2image"]
    assert [each.package for each in used.idle] == ["pytesseract"]
    lazy = _facts({**FLASK, "scan.py": "def f():\n    import pdf2image\n"}, "pdf2image")
    assert [each.package for each in lazy.idle] == ["pdf2image"]


@pytest.mark.parametrize(
    ("contents", "packages", "command"),
    [
        ({"alembic.ini": "", "alembic/env.py": ""}, ["alembic"], "alembic upgrade head"),
        ({"db/alembic.ini": ""}, ["alembic"], "alembic -c db/alembic.ini upgrade head"),
        (
            {"migrations/env.py": "", "migrations/alembic.ini": ""},
            ["flask", "flask-migrate", "alembic"], "flask --app app:app db upgrade",
        ),
        ({"manage.py": ""}, ["django"], "python manage.py migrate --noinput"),
    ],
)  # fmt: skip
def test_migrations(contents: dict[str, str], packages: list[str], command: str) -> None:
    found = _facts({**FLASK, **contents}, *packages).migration
    assert found is not None
    assert " ".join(found.command) == command


def test_a_project_without_migrations_has_none() -> None:
    assert _facts({**FLASK, "alembic.ini": ""}, "flask").migration is None


def test_a_front_end_that_the_application_serves() -> None:
    package = {"web/package.json": json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "1"}})}
    served = _facts({**FLASK, **package, "static.py": 'FOLDER = "web/dist"\n'}, "flask")
    assert [each.directory for each in served.served_front_ends] == ["web"]
    assert _facts({**FLASK, **package}, "flask").served_front_ends == ()


def test_a_lock_without_hashes_and_no_lock_are_remarked_on() -> None:
    loose = detect(ProjectFiles.of({"requirements.txt": "flask==3\n", **FLASK}))
    assert any("no hashes" in note for note in loose.notes)
    none = detect(ProjectFiles.of({"pyproject.toml": "[project]\nname='a'\ndependencies=['flask']\n", **FLASK}))
    assert any("no lock" in note for note in none.notes)
    assert none.python is not None
    assert none.python.has("flask")


def test_a_front_end_alone() -> None:
    package = json.dumps({"scripts": {"build": "next build"}, "dependencies": {"next": "1"}})
    facts = detect(ProjectFiles.of({"package.json": package}))
    assert (facts.python, facts.server, len(facts.front_ends)) == (None, None, 1)


@pytest.mark.parametrize("folder", ["my app", "web\nRUN id", "$(id)", "a,b"])
def test_a_front_end_in_a_folder_that_is_no_plain_word_is_left_out_and_told(folder: str) -> None:
    package = json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "1"}})
    for more in ({}, FLASK):
        facts = _facts({f"{folder}/package.json": package, **more}, *(["flask"] if more else []))
        assert facts.front_ends == ()
        assert any(note.startswith("the front end in ") and "\n" not in note for note in facts.notes)
    alone = detect(ProjectFiles.of({f"{folder}/package.json": package}))
    assert (alone.python, alone.front_ends, len(alone.notes)) == (None, (), 1)


def test_each_row_of_the_table_can_be_looked_up() -> None:
    names = [each.package for each in TABLE]
    assert len(names) == len(set(names))
    assert NO_LINUX_WHEELS - {"uwsgi"} <= set(names)
    for each in TABLE:
        assert each.source.startswith(("https://", "http://"))
        assert each.runtime or each.build
        assert all(re.fullmatch(r"[a-z0-9][a-z0-9.+-]+", package) for package in (*each.runtime, *each.build))
