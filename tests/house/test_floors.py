"""The house keeps its floors: imports point down, siblings do not know each other (docs/architecture.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import lightship

SOURCE = Path(lightship.__file__).parent

FLOORS = {
    "errors": 0, "units": 0, "paths": 0, "findings": 0, "progress": 0, "proc": 0, "facts": 0, "values": 0,
    "oci": 1,
    "archive": 2,
    "image": 3,
    "rootfs": 4,
    "store": 5, "ecosystem": 5, "dockerfile": 5,
    "plan": 6, "sandbox": 6,
    "launch": 7,
    "base": 8, "build": 8, "verify": 8, "coldstart": 8, "bench": 8, "analyze": 8, "gate": 8,
    "lint": 8, "init": 8, "assets": 8,
    "report": 9,
    "settings": 10, "config": 10, "flows": 10,
    "cli": 11,
}  # fmt: skip

GROUND = {name for name, floor in FLOORS.items() if floor == 0}
SAME_FLOOR_ALLOWED = {("config", "settings"), ("flows", "config")}
CODECS = {"isal", "deflate", "backports", "compression"}
NETWORK = {"httpx2", "socket", "http.client", "urllib.request"}
NETWORK_ALLOWED = (
    "store/docker_daemon", "store/registry/", "build/index", "base/", "launch/probe", "bench/", "verify/inside/",
    "init/inside/", "assets/push/upload", "assets/push/purge", "assets/verify/fetch",
)  # fmt: skip


def modules() -> Iterator[tuple[str, Path, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        relative = path.relative_to(SOURCE)
        name = relative.parts[0].removesuffix(".py")
        if relative.as_posix() not in ("__init__.py", "__main__.py"):
            yield name, path, ast.parse(path.read_text(encoding="utf-8"))


def imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            if node.module == "lightship":
                yield from (f"lightship.{alias.name}" for alias in node.names)


def test_every_package_has_a_floor() -> None:
    assert sorted({name for name, _, _ in modules()} - set(FLOORS)) == []


def test_imports_point_down() -> None:
    wrong = []
    for name, path, tree in modules():
        for module in imported(tree):
            parts = module.split(".")
            if parts[0] != "lightship" or len(parts) < 2 or parts[1] not in FLOORS:
                continue
            other = parts[1]
            if other == name or (name, other) in SAME_FLOOR_ALLOWED or {name, other} <= GROUND:
                continue
            if FLOORS[other] >= FLOORS[name]:
                wrong.append(f"{path.relative_to(SOURCE)} imports {module}")
    assert wrong == []


def test_low_floors_import_the_standard_library_and_codecs_only() -> None:
    import sys

    wrong = []
    for name, path, tree in modules():
        if FLOORS[name] > 3:
            continue
        for module in imported(tree):
            top = module.split(".")[0]
            if top not in sys.stdlib_module_names and top not in CODECS and top != "lightship":
                wrong.append(f"{path.relative_to(SOURCE)} imports {module}")
    assert wrong == []


def test_network_and_subprocesses_have_their_places() -> None:
    wrong = []
    for _, path, tree in modules():
        relative = path.relative_to(SOURCE).as_posix()
        names = set(imported(tree))
        if names & NETWORK and not relative.startswith(NETWORK_ALLOWED):
            wrong.append(f"{relative} reaches the network: {sorted(names & NETWORK)}")
        if "subprocess" in names and relative != "proc.py" and "_worker" not in relative:
            wrong.append(f"{relative} starts programs beside lightship.proc")
    assert wrong == []


def test_only_the_command_line_prints_exits_and_reads_the_environment() -> None:
    wrong = []
    for name, path, tree in modules():
        if name in ("cli", "config") or "_worker" in path.name:
            continue
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id == "print":
                wrong.append(f"{path.relative_to(SOURCE)}:{node.lineno} prints")  # type: ignore[attr-defined]
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                dotted = f"{node.value.id}.{node.attr}"
                if dotted in ("os.environ", "os.getenv", "sys.exit", "sys.stdout", "sys.stderr"):
                    wrong.append(f"{path.relative_to(SOURCE)}:{node.lineno} uses {dotted}")
    assert wrong == []
