"""The command that serves an application: by the server that is in the lock, never by one that is for development.

gunicorn 23 (https://docs.gunicorn.org/en/stable/settings.html), uvicorn (https://www.uvicorn.org/settings/), hypercorn,
granian, waitress, daphne, Streamlit and Gradio, each as its documents say (read November 2026).
"""

import re
from dataclasses import dataclass

from lightship.ecosystem.project.application import Application
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.python import PythonProject

__all__ = ["Server", "serve", "work"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """``command`` in exec form; ``env`` what it needs; ``note`` what a person should know of it."""

    command: tuple[str, ...]
    env: tuple[tuple[str, str], ...] = ()
    note: str = ""


def serve(application: Application, project: PythonProject, files: ProjectFiles, port: int) -> Server:
    """How ``application`` is served on ``port`` of every address of its container."""
    match application.framework:
        case "streamlit":
            options = (f"--server.port={port}", "--server.address=0.0.0.0", "--server.headless=true")
            return Server(command=("streamlit", "run", application.path, *options))
        case "gradio":
            env = (("GRADIO_SERVER_NAME", "0.0.0.0"), ("GRADIO_SERVER_PORT", str(port)))  # noqa: S104 - a container's
            return Server(command=("python", application.path), env=env)
        case "script":
            return _script(application)
    if application.protocol == "asgi":
        return _asgi(application, project, port)
    return _wsgi(application, project, files, port)


def work(application: Application) -> Server:
    """A Celery worker."""
    folder = ("--workdir", application.directory) if application.directory else ()
    return Server(command=("celery", "-A", application.target, *folder, "worker", "--loglevel", "INFO"))


def _script(application: Application) -> Server:
    if application.path == "pyproject.toml":
        return Server(command=(application.module,))
    if application.path.endswith("/__main__.py"):
        return Server(command=("python", "-m", application.module))
    return Server(command=("python", application.path))


def _asgi(application: Application, project: PythonProject, port: int) -> Server:
    folder, target, factory = application.directory, application.target, application.factory
    if project.has("uvicorn"):
        inside = ("--app-dir", folder) if folder else ()
        made = ("--factory",) if factory else ()
        return Server(command=("uvicorn", target, *made, *inside, "--host", "0.0.0.0", "--port", str(port)))  # noqa: S104
    if project.has("hypercorn"):
        return Server(command=("hypercorn", f"{target}()" if factory else target, "--bind", f"0.0.0.0:{port}"))
    if project.has("granian"):
        made = ("--factory",) if factory else ()
        return Server(
            command=("granian", "--interface", "asgi", "--host", "0.0.0.0", "--port", str(port), *made, target)  # noqa: S104
        )
    if project.has("daphne"):
        return Server(command=("daphne", "-b", "0.0.0.0", "-p", str(port), target))  # noqa: S104
    return Server(
        command=("uvicorn", target, "--host", "0.0.0.0", "--port", str(port)),  # noqa: S104
        note="no ASGI server is in the lock: add uvicorn to the dependencies",
    )


def _wsgi(application: Application, project: PythonProject, files: ProjectFiles, port: int) -> Server:
    target = f"{application.target}()" if application.factory else application.target
    if project.has("gunicorn"):
        folder = ("--chdir", application.directory) if application.directory else ()
        return Server(command=("gunicorn", "-b", f"0.0.0.0:{port}", *_gunicorn(project, files), *folder, target))
    if project.has("waitress"):
        made = ("--call", application.target) if application.factory else (target,)
        return Server(command=("waitress-serve", f"--listen=0.0.0.0:{port}", *made))
    if project.has("uwsgi"):
        return Server(
            command=("uwsgi", "--http", f"0.0.0.0:{port}", "--master", "--need-app", "--module", target),
        )
    if application.framework == "flask":
        return Server(
            command=("flask", "--app", application.target, "run", "--host", "0.0.0.0", "--port", str(port)),  # noqa: S104
            note="only Flask's development server is in the lock: add gunicorn to the dependencies",
        )
    return Server(
        command=("python", "manage.py", "runserver", "--noreload", f"0.0.0.0:{port}"),
        note="only Django's development server is in the lock: add gunicorn to the dependencies",
    )


def _gunicorn(project: PythonProject, files: ProjectFiles) -> tuple[str, ...]:
    """gunicorn reads ``gunicorn.conf.py`` of its directory unasked. Its heartbeat's file must lie in memory: on a disk
    a worker can hang on it (https://docs.gunicorn.org/en/stable/faq.html), and /dev/shm is in every container. A hook
    that patches for gevent says which workers were meant."""
    conf = files.text("gunicorn.conf.py")
    words: list[str] = []
    if not re.search(r"^\s*worker_class\s*=", conf, re.MULTILINE) and project.has("gevent") and "gevent" in conf:
        words += ["-k", "gevent"]
    if not re.search(r"^\s*worker_tmp_dir\s*=", conf, re.MULTILINE):
        words += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    return tuple(words)
