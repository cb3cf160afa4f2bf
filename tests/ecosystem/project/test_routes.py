"""Probes and ports are read from the sources."""

import pytest

from lightship.ecosystem.project.application import Application, Framework
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.routes import Health, find_health, find_port


def _app(framework: Framework = "flask", path: str = "app.py") -> Application:
    return Application(framework=framework, protocol="wsgi", module="app", path=path)


def _health(source: str, framework: Framework = "flask") -> tuple[str, str]:
    found = find_health(ProjectFiles.of({"app.py": source}), _app(framework))
    return found.live, found.ready


@pytest.mark.parametrize(
    ("source", "live", "ready"),
    [
        ('@app.get("/health")\ndef h(): ...\n', "/health", "/health"),
        ('@app.route("/healthz")\ndef h(): ...\n', "/healthz", "/healthz"),
        ('@app.get("/livez")\ndef a(): ...\n@app.get("/readyz")\ndef b(): ...\n', "/livez", "/readyz"),
        ('@app.get("/health")\ndef a(): ...\n@app.get("/health/ready")\ndef b(): ...\n', "/health", "/health/ready"),
        ('r = APIRouter(prefix="/api")\n@r.get("/health")\ndef a(): ...\n', "/api/health", "/api/health"),
        (
            'r = Blueprint("r", __name__, url_prefix="/v1/")\n@r.get("/health")\ndef a(): ...\n',
            "/v1/health",
            "/v1/health",
        ),
        ('app.add_url_rule("/ping", view_func=x)\n', "/ping", "/ping"),
        ('routes = [Route("/up", endpoint=x)]\n', "/up", "/up"),
        ('@app.get("/users/{id}/health")\ndef a(): ...\n', "", ""),
        ('client.get("https://other/health")\n', "", ""),
        ('@app.get("/users")\ndef a(): ...\n', "", ""),
    ],
)
def test_health_routes(source: str, live: str, ready: str) -> None:
    assert _health(source) == (live, ready)


def test_django_routes_have_no_slash_before_them() -> None:
    assert _health('urlpatterns = [path("health/", view)]\n', "django") == ("/health/", "/health/")


def test_the_shallow_route_goes_before_the_deep() -> None:
    source = '@app.get("/console/api/ping")\ndef a(): ...\n@app.get("/health")\ndef b(): ...\n'
    assert _health(source) == ("/health", "/health")


def test_frameworks_with_a_route_of_their_own() -> None:
    assert _health("", "streamlit") == ("/_stcore/health", "/_stcore/health")
    assert _health("", "gradio") == ("/", "/")
    assert find_health(ProjectFiles.of({}), None) == Health()


@pytest.mark.parametrize(
    ("contents", "port", "source"),
    [
        ({"gunicorn.conf.py": 'bind = "0.0.0.0:5001"\n'}, 5001, "gunicorn.conf.py"),
        ({"gunicorn.conf.py": 'bind = os.environ.get("B", "127.0.0.1:5002")\n'}, 5002, "gunicorn.conf.py"),
        ({"app.py": 'if __name__ == "__main__":\n    app.run(host="0.0.0.0", port=5003)\n'}, 5003, "app.py"),
        ({"app.py": 'uvicorn.run(app, port=int(os.getenv("PORT", 5004)))\n'}, 5004, "app.py"),
        ({"Dockerfile": "FROM x\nexpose 5005/tcp\n"}, 5005, "Dockerfile"),
        ({"app.py": "app.run(port=99999)\n"}, 8000, "the default"),
        ({}, 8000, "the default"),
    ],
)
def test_ports(contents: dict[str, str], port: int, source: str) -> None:
    assert find_port(ProjectFiles.of(contents), _app()) == (port, source)


def test_the_frameworks_own_port() -> None:
    assert find_port(ProjectFiles.of({}), _app("streamlit")) == (8501, "the default")


def test_a_source_made_to_be_slow_is_read_in_linear_time() -> None:
    assert _health(f'x = "{"health" * 100_000}\n') == ("", "")


@pytest.mark.parametrize(
    ("dockerfile", "port"),
    [
        ('EXPOSE 80\nCMD ["gunicorn", "-b", "0.0.0.0:5001", "app:app"]', 5001),
        ("CMD gunicorn --bind=0.0.0.0:5002 app:app", 5002),
        ('CMD ["uvicorn", "app:app", \\\n  "--host", "0.0.0.0", \\\n  "--port", "5003"]\nEXPOSE 9', 5003),
        ("CMD uvicorn app:app --port ${PORT:-5004}", 5004),
        ("CMD python manage.py runserver 0.0.0.0:5005", 5005),
        ('ENTRYPOINT ["waitress-serve", "--listen=*:5006"]\nCMD ["app:app"]', 5006),
        ('CMD ["a", "--port", "1000"]\nCMD ["a", "--port", "5007"]', 5007),
        ("EXPOSE 5008\nCMD uvicorn app:app --port $PORT", 5008),
        ("EXPOSE 5009\nRUN a --port 1234\nCMD a --port 99999", 5009),
    ],
)
def test_the_port_of_an_old_command(dockerfile: str, port: int) -> None:
    assert find_port(ProjectFiles.of({"Dockerfile": dockerfile}), None) == (port, "Dockerfile")
