"""Imports as a tree with self time: what each module costs without what it imports, and who asked for it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lightship.coldstart.events import ImportEvent, PythonProcess

__all__ = ["ImportNode", "PackageCost", "dearest", "import_tree", "package_costs", "union_s"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportNode:
    """One import in its place: nodes are in the order of their beginning, a child directly below its parent with
    ``depth`` one more. ``total_s`` holds the imports inside, ``self_s`` does not. ``at_s`` counts from the start."""

    module: str
    asked_by: str
    line: int
    pid: int
    depth: int
    at_s: float
    total_s: float
    self_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageCost:
    """What the modules of one top-level name cost together, without what else they import."""

    name: str
    modules: int
    self_s: float


def import_tree(processes: Iterable[PythonProcess], *, began: float, until: float) -> tuple[ImportNode, ...]:
    """The imports of ``processes`` that ended by ``until``, process by process and thread by thread."""
    nodes: list[ImportNode] = []
    for process in processes:
        threads: dict[int, list[ImportEvent]] = {}
        for event in process.imports:
            if event.at + event.seconds <= until:
                threads.setdefault(event.thread, []).append(event)
        for events in threads.values():
            nodes += _nested(events, process.pid, began)
    return tuple(nodes)


def _nested(events: Sequence[ImportEvent], pid: int, began: float) -> list[ImportNode]:
    ordered = sorted(events, key=lambda event: (event.at, -event.seconds))
    inside = [0.0] * len(ordered)
    depths = [0] * len(ordered)
    open_: list[int] = []
    for number, event in enumerate(ordered):
        # a microsecond is what the agent writes; nested spans may touch
        while open_ and ordered[open_[-1]].at + ordered[open_[-1]].seconds <= event.at + 1e-6:
            open_.pop()
        if open_:
            inside[open_[-1]] += event.seconds
        depths[number] = len(open_)
        open_.append(number)
    return [
        ImportNode(
            module=event.module,
            asked_by=event.asked_by,
            line=event.line,
            pid=pid,
            depth=depth,
            at_s=event.at - began,
            total_s=event.seconds,
            self_s=max(0.0, event.seconds - children),
            cpu_s=event.cpu_s,
        )
        for event, depth, children in zip(ordered, depths, inside, strict=True)
    ]


def dearest(nodes: Iterable[ImportNode], count: int = 20) -> tuple[ImportNode, ...]:
    """The ``count`` nodes of most self time, dearest first."""
    return tuple(sorted(nodes, key=lambda node: (-node.self_s, node.module, node.pid))[:count])


def package_costs(nodes: Iterable[ImportNode]) -> tuple[PackageCost, ...]:
    """Self time by top-level name, dearest first."""
    costs: dict[str, tuple[int, float]] = {}
    for node in nodes:
        name = node.module.partition(".")[0]
        modules, seconds = costs.get(name, (0, 0.0))
        costs[name] = (modules + 1, seconds + node.self_s)
    found = (PackageCost(name=name, modules=modules, self_s=seconds) for name, (modules, seconds) in costs.items())
    return tuple(sorted(found, key=lambda cost: (-cost.self_s, cost.name)))


def union_s(nodes: Iterable[ImportNode]) -> float:
    """Seconds in which at least one of ``nodes`` was under way: processes and threads import side by side."""
    total, end = 0.0, float("-inf")
    for began, ended in sorted((node.at_s, node.at_s + node.total_s) for node in nodes if node.depth == 0):
        total += max(0.0, ended - max(began, end))
        end = max(end, ended)
    return total
