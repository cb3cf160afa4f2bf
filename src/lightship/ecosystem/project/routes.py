"""Which routes say that the application is well, and which port it listens on: read from the syntax trees.

Routes of Flask (``@app.route``, ``add_url_rule``, Flask-RESTX's ``add_resource``), of FastAPI and Starlette
(``@app.get``, ``Route("/…")``, ``add_api_route``) and of Django (``path("…")``; ``re_path`` is left
alone). The prefix of a blueprint or router counts where the same file says it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lightship.ecosystem.project.application import Application
from lightship.ecosystem.project.files import ProjectFiles

__all__ = ["Health", "find_health", "find_port"]

_WORDS = re.compile(
    rb"""["'][/\w-]{0,200}(?:health|livez?|liveness|readyz?|readiness|alive|ping|up|status)[/\w-]{0,200}["']"""
)
"""Repetitions are bounded: a source may be written to make them slow."""

_LIVE = re.compile(r"/(?:livez?|liveness|alive|healthz?/live(?:ness)?)/?")
_READY = re.compile(r"/(?:readyz?|readiness|healthz?/ready|ready-?check)/?")
_GENERAL = (
    "/healthz",
    "/health",
    "/health-check",
    "/healthcheck",
    "/health_check",
    "/up",
    "/status",
    "/_health",
    "/ping",
)
_METHODS = ("get", "route", "api_route")
_ROUTES = ("Route", "path", "add_url_rule", "add_api_route", "add_resource", "add_route")
_MOST_FILES = 300

_DEFAULT_PORTS = {"streamlit": 8501, "gradio": 7860}
_USUAL_PORT = 8000


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """Paths to ask, empty where the application has none; ``live`` must not look at databases, ``ready`` may."""

    live: str = ""
    ready: str = ""
    path: str = ""
    """The source in which ``ready`` was found."""


def find_health(files: ProjectFiles, application: Application | None) -> Health:
    """The routes to probe. A general one (``/health``) serves as both."""
    if application is None or application.framework == "script":
        return Health()
    if application.framework == "streamlit":
        return Health(live="/_stcore/health", ready="/_stcore/health")
    if application.framework == "gradio":
        return Health(live="/", ready="/")
    found: dict[str, str] = {}
    for path in [each for each in files.sources() if _WORDS.search(files.bytes_of(each))][:_MOST_FILES]:
        tree = files.tree(path)
        for route in _routes(tree, django=application.framework == "django") if tree else ():
            found.setdefault(route, path)
    general = sorted((each for each in found if _is_general(each)), key=_worth)
    live = next((each for each in sorted(found, key=_worth) if _LIVE.fullmatch(each)), "")
    ready = next((each for each in sorted(found, key=_worth) if _READY.fullmatch(each)), "")
    best = general[0] if general else ""
    live, ready = live or best or ready, ready or best or live
    return Health(live=live, ready=ready, path=found.get(ready, ""))


def _is_general(route: str) -> bool:
    return any(route.rstrip("/").endswith(each) for each in _GENERAL) and "{" not in route and "<" not in route


def _worth(route: str) -> tuple[int, int, str]:
    """The shallow before the deep, in the order of `_GENERAL`."""
    place = next((place for place, each in enumerate(_GENERAL) if route.rstrip("/").endswith(each)), len(_GENERAL))
    return route.rstrip("/").count("/"), place, route


def _routes(tree: ast.Module, *, django: bool) -> Iterator[str]:
    prefixes = dict(_prefixes(tree))
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if (name not in _METHODS and name not in _ROUTES) or (name == "path") != django:
            continue
        owner = (
            node.func.value.id if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name) else ""
        )
        for word in [*node.args, *(each.value for each in node.keywords if each.arg in ("rule", "path"))]:
            if (
                isinstance(word, ast.Constant)
                and isinstance(word.value, str)
                and (django or word.value.startswith("/"))
            ):
                yield prefixes.get(owner, "") + "/" + word.value.lstrip("/")


def _prefixes(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """``router = APIRouter(prefix="/api")``, ``routes = Blueprint("x", __name__, url_prefix="/api")``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            for keyword in node.value.keywords:
                value = keyword.value.value if isinstance(keyword.value, ast.Constant) else None
                if keyword.arg in ("prefix", "url_prefix") and isinstance(value, str):
                    yield from ((each.id, value.rstrip("/")) for each in node.targets if isinstance(each, ast.Name))


_COMMAND = re.compile(r"^[ \t]*(?:CMD|ENTRYPOINT)[ \t]((?:[^\\\n]|\\.|\\\r?\n)*+)", re.MULTILINE | re.IGNORECASE)
_ADDRESS = re.compile(
    r" (?:-b|--bind|--listen|--http|runserver)[ =][^ ]{0,200}?:(?:\$\{\w{1,80}:-)?(\d{2,5})\b|"
    r" (?:-p|--port|--server\.port)[ =](?:\$\{\w{1,80}:-)?(\d{2,5})\b"
)


def find_port(files: ProjectFiles, application: Application | None) -> tuple[int, str]:
    """The port, and whence it is known: gunicorn's configuration, ``run(port=…)``, a Dockerfile's command or its
    EXPOSE, a default."""
    for path in ("gunicorn.conf.py", "gunicorn_conf.py", "gunicorn.py"):
        port = _bound(files, path)
        if port:
            return port, path
    if application is not None:
        tree = files.tree(application.path)
        for node in ast.walk(tree) if tree else ():
            port = _run_with(node)
            if port:
                return port, application.path
    port = _commanded(files.text("Dockerfile"))
    if port:
        return port, "Dockerfile"
    match = re.search(r"^\s*EXPOSE\s+(\d{2,5})", files.text("Dockerfile"), re.MULTILINE | re.IGNORECASE)
    if match and 0 < int(match[1]) < 65536:
        return int(match[1]), "Dockerfile"
    framework = application.framework if application is not None else ""
    return _DEFAULT_PORTS.get(framework, _USUAL_PORT), "the default"


def _commanded(dockerfile: str) -> int | None:
    """``-b 0.0.0.0:5001`` or ``--port 5001`` of the last CMD or ENTRYPOINT that has one, in either form."""
    found = None
    for command in _COMMAND.findall(dockerfile):
        words = re.sub(r"[\"',\\\s]+", " ", command)
        for match in _ADDRESS.finditer(words):
            port = int(match[1] or match[2])
            found = port if 0 < port < 65536 else found
    return found


def _bound(files: ProjectFiles, path: str) -> int | None:
    """``bind = "0.0.0.0:5001"``, also as a default of ``os.environ.get``."""
    tree = files.tree(path)
    for node in tree.body if tree else ():
        if isinstance(node, ast.Assign) and any(
            isinstance(each, ast.Name) and each.id == "bind" for each in node.targets
        ):
            match = re.search(r":(\d{2,5})\b", ast.unparse(node.value))
            return int(match[1]) if match and int(match[1]) < 65536 else None
    return None


def _run_with(node: ast.AST) -> int | None:
    """``app.run(port=5001)``, ``uvicorn.run(…, port=8080)``."""
    if not (
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in ("run", "launch")
    ):
        return None
    for keyword in node.keywords:
        if keyword.arg in ("port", "server_port"):
            match = re.search(r"\b(\d{2,5})\b", ast.unparse(keyword.value))
            return int(match[1]) if match and int(match[1]) < 65536 else None
    return None
