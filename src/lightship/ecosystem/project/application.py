"""What of a project is served, and by what: found in the syntax trees of its sources, of which nothing is run.

`application` looks for ``app = FastAPI()``, ``app = Flask(…)``, factories such as ``create_app``, Django's
``wsgi.py`` and ``asgi.py``, Streamlit and Gradio scripts, and Celery. The documents of the frameworks say what each
looks like; where two fit, the shallower file with the more usual name is it.
"""

import ast
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.python import PythonProject

__all__ = ["Application", "Framework", "ServerProtocol", "find_application", "find_worker"]

Framework = Literal["fastapi", "starlette", "litestar", "flask", "django", "streamlit", "gradio", "celery", "script"]
ServerProtocol = Literal["asgi", "wsgi", "none"]

_CLASSES: dict[str, tuple[Framework, ServerProtocol]] = {
    "FastAPI": ("fastapi", "asgi"),
    "Starlette": ("starlette", "asgi"),
    "Litestar": ("litestar", "asgi"),
    "Flask": ("flask", "wsgi"),
    "get_wsgi_application": ("django", "wsgi"),
    "get_asgi_application": ("django", "asgi"),
}
_FACTORY = re.compile(r"(?:create|make|build|get|init)_(?:\w+_)?(?:app|application|server|api)")
_NAMES = ("app", "application", "main", "wsgi", "asgi", "server", "api", "run")
_HINT = re.compile(
    rb"FastAPI|Starlette|Litestar|Flask|get_[aw]sgi_application|(?:create|make|build|get|init)_\w{0,80}(?:app|application|api)"
    rb"|streamlit|gradio"
)
_CELERY = re.compile(rb"\bCelery\(|\.extensions\[.celery.\]")
_MOST_TREES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """``module:attribute`` is served; ``factory`` says that the attribute is a function that makes it. ``directory``
    is where Python must start to find the module and its siblings, relative to the project, empty for its root.
    ``path`` is the source it was found in, ``settings`` Django's module of settings."""

    framework: Framework
    protocol: ServerProtocol
    module: str
    attribute: str = "app"
    factory: bool = False
    directory: str = ""
    path: str
    settings: str = ""

    @property
    def target(self) -> str:
        """``package.module:app``."""
        return f"{self.module}:{self.attribute}"


def find_application(files: ProjectFiles, project: PythonProject) -> Application | None:
    """What the project serves; None where nothing looks like it."""
    found = sorted(_candidates(files, project), key=lambda each: _rank(each, project))
    return _placed(found[0], files) if found else _script(files, project)


def find_worker(files: ProjectFiles, project: PythonProject) -> Application | None:
    """The Celery application that a worker starts, None where there is none."""
    if not project.has("celery"):
        return None
    found: list[Application] = []
    for path in _hinted(files, _CELERY):
        tree = files.tree(path)
        for name, value in _assignments(tree.body if tree else []):
            called = _called(value)
            extension = re.search(r"extensions\[.celery.\]", ast.unparse(value)) is not None
            if called == "Celery" or extension:
                found.append(
                    Application(framework="celery", protocol="none", module=_module(path), attribute=name, path=path)
                )
    found.sort(key=lambda each: (each.path.count("/"), "celery" not in each.path, each.path))
    return _placed(found[0], files) if found else None


def _candidates(files: ProjectFiles, project: PythonProject) -> Iterator[Application]:
    likely = _by_imports(files, project)
    for path in _hinted(files, _HINT):
        tree = files.tree(path)
        if tree is None:
            continue
        yield from _served(tree, path, likely)
        if project.has("streamlit", "gradio"):
            yield from _interactive(tree, path, project)


def _served(tree: ast.Module, path: str, fallback: tuple[Framework, ServerProtocol] | None) -> Iterator[Application]:
    """``app = FastAPI()`` and its kin at the top of a module, and functions that make one; ``fallback`` is what a
    factory makes whose class is not known."""
    for name, value in _assignments(tree.body):
        called = _called(value)
        framework, protocol = _CLASSES.get(called, (None, None))
        if framework is None and fallback and _FACTORY.fullmatch(called):
            framework, protocol = fallback
        if framework and protocol:
            yield Application(
                framework=framework, protocol=protocol, module=_module(path), attribute=name, path=path,
                settings=_settings_of(tree),
            )  # fmt: skip
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _FACTORY.fullmatch(node.name) and not _required(node.args):
            inside = [_CLASSES[name] for name in map(_called, ast.walk(node)) if name in _CLASSES]
            if inside:
                framework, protocol = inside[0]
                yield Application(
                    framework=framework, protocol=protocol, module=_module(path), attribute=node.name, factory=True,
                    path=path,
                )  # fmt: skip


def _interactive(tree: ast.Module, path: str, project: PythonProject) -> Iterator[Application]:
    """Scripts that a framework runs or that run themselves."""
    modules = {
        alias.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    modules |= {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    if "streamlit" in modules and project.has("streamlit") and "/pages/" not in f"/{path}":
        yield Application(framework="streamlit", protocol="none", module=_module(path), path=path)
    elif "gradio" in modules and project.has("gradio") and any(_called(node) == "launch" for node in ast.walk(tree)):
        yield Application(framework="gradio", protocol="none", module=_module(path), path=path)


def _script(files: ProjectFiles, project: PythonProject) -> Application | None:
    """A command of the project, a package that can be started, or a main module."""
    if project.installs_itself and len(project.scripts) == 1:
        name = next(iter(project.scripts))
        return Application(framework="script", protocol="none", module=name, attribute="", path="pyproject.toml")
    packages = [
        path for path in files.sources() if path.endswith("/__main__.py") and path.removeprefix("src/").count("/") == 1
    ]
    for path in [*packages, "main.py", "app.py", "run.py", "server.py"]:
        if path in files:
            return Application(
                framework="script",
                protocol="none",
                module=_module(path).removesuffix(".__main__"),
                attribute="",
                path=path,
            )
    return None


def _hinted(files: ProjectFiles, hint: re.Pattern[bytes]) -> list[str]:
    """Sources that hold the words; parsing costs a hundred times what looking does."""
    return [path for path in files.sources() if hint.search(files.bytes_of(path))][:_MOST_TREES]


def _assignments(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names and values at the top of a module, also where a condition or ``try`` stands around them."""
    for node in body:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from reversed(
                list(_assignments([each for each in ast.iter_child_nodes(node) if isinstance(each, ast.stmt)]))
            )


def _called(node: ast.AST) -> str:
    """The last name of what is called, through wrappers such as ``ASGIApp(app)`` no further."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return (
        function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    )


def _required(arguments: ast.arguments) -> bool:
    positional = len(arguments.posonlyargs) + len(arguments.args) - len(arguments.defaults)
    return positional > 0 or any(default is None for default in arguments.kw_defaults)


def _by_imports(files: ProjectFiles, project: PythonProject) -> tuple[Framework, ServerProtocol] | None:
    """What a factory of an unknown class most likely makes: the framework that most sources import."""
    kinds = [(name, kind) for name, kind in _CLASSES.items() if project.has(kind[0]) and kind[0] != "django"]
    if len(kinds) < 2:
        return kinds[0][1] if kinds else None
    counts = {kind: 0 for _, kind in kinds}
    for path in itertools.islice(files.sources(), _MOST_TREES):
        content = files.bytes_of(path)
        for kind in counts:
            counts[kind] += f"from {kind[0]}".encode() in content or f"import {kind[0]}".encode() in content
    return max(counts, key=lambda kind: counts[kind])


def _settings_of(tree: ast.Module) -> str:
    """``os.environ.setdefault("DJANGO_SETTINGS_MODULE", "site.settings")``."""
    for node in ast.walk(tree):
        if _called(node) == "setdefault" and isinstance(node, ast.Call) and len(node.args) == 2:
            key, value = (each.value if isinstance(each, ast.Constant) else "" for each in node.args)
            if key == "DJANGO_SETTINGS_MODULE" and isinstance(value, str):
                return value
    return ""


def _module(path: str) -> str:
    return path.removesuffix(".py").removeprefix("src/").removesuffix("/__init__").replace("/", ".")


def _rank(found: Application, project: PythonProject) -> tuple[object, ...]:
    """Best first: where a framework is a direct sign, an object before a factory, then names that people use."""
    stem = found.path.rpartition("/")[2].removesuffix(".py")
    asgi_wanted = project.has("uvicorn", "hypercorn", "daphne", "granian") and not project.has("gunicorn")
    wrong = found.framework == "django" and (found.protocol == "asgi") != asgi_wanted
    usual = _NAMES.index(stem) if stem in _NAMES else len(_NAMES)
    named = found.attribute not in ("app", "application")
    return (wrong, found.factory, found.path.count("/"), usual, named, found.path)


def _placed(found: Application, files: ProjectFiles) -> Application:
    """Start in the module's own folder where it imports siblings that the project's root does not have."""
    folder, _, _ = found.path.rpartition("/")
    if not folder or found.path.startswith("src/") or f"{folder}/__init__.py" in files:
        return found
    tree = files.tree(found.path)
    names = {
        alias.name.split(".")[0]
        for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    names |= {
        (node.module or "").split(".")[0]
        for node in ast.walk(tree or ast.Module([], []))
        if isinstance(node, ast.ImportFrom) and not node.level
    }
    tops = {path.split("/")[0].removesuffix(".py") for path in files.paths if path.endswith(".py")}
    siblings = {
        path[len(folder) + 1 :].split("/")[0].removesuffix(".py")
        for path in files.paths
        if path.startswith(f"{folder}/") and path.endswith(".py")
    }
    if names & siblings - tops - {""}:
        return replace(found, directory=folder, module=found.module.rpartition(".")[2])
    return found
