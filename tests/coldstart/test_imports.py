"""Imports as a tree with self time."""

import pytest

from lightship.coldstart.events import ImportEvent, PythonProcess
from lightship.coldstart.imports import ImportNode, dearest, import_tree, package_costs, union_s


def _event(module: str, at: float, seconds: float, *, by: str = "__main__", thread: int = 1) -> ImportEvent:
    return ImportEvent(module=module, asked_by=by, line=1, at=at, seconds=seconds, cpu_s=seconds, thread=thread)


def _process(*events: ImportEvent, pid: int = 1) -> PythonProcess:
    return PythonProcess(pid=pid, parent=0, forked=False, since=0, at=0, hook_s=0, argv=(), imports=events)


def _tree(*events: ImportEvent) -> tuple[ImportNode, ...]:
    return import_tree([_process(*events)], began=100, until=200)


def test_self_time_is_without_what_is_imported_inside() -> None:
    nodes = _tree(
        _event("c", 102.5, 0.5, by="b"), _event("b", 102, 2, by="a"), _event("d", 104, 1, by="a"), _event("a", 101, 5)
    )
    assert [(node.module, node.depth, node.at_s) for node in nodes] == [
        ("a", 0, 1),
        ("b", 1, 2),
        ("c", 2, 2.5),
        ("d", 1, 4),
    ]
    assert [node.self_s for node in nodes] == pytest.approx([2, 1.5, 0.5, 1])
    assert sum(node.self_s for node in nodes) == pytest.approx(5)
    assert [node.module for node in dearest(nodes, 2)] == ["a", "b"]


def test_threads_do_not_nest_in_each_other() -> None:
    nodes = _tree(_event("a", 101, 5), _event("b", 102, 2, thread=2))
    assert [(node.depth, node.self_s) for node in nodes] == [(0, 5), (0, 2)]
    assert union_s(nodes) == pytest.approx(5)


def test_spans_that_overlap_count_once_and_gaps_do_not() -> None:
    processes = [_process(_event("a", 101, 2)), _process(_event("b", 102, 3), _event("c", 110, 1), pid=2)]
    assert union_s(import_tree(processes, began=100, until=200)) == pytest.approx(5)


def test_what_ends_after_ready_is_no_part_of_the_start() -> None:
    assert import_tree([_process(_event("a", 101, 2))], began=100, until=102) == ()


def test_packages_are_told_together() -> None:
    costs = package_costs(_tree(_event("a.x", 102, 1), _event("a", 101, 3), _event("b", 105, 1)))
    assert [(cost.name, cost.modules, cost.self_s) for cost in costs] == [("a", 2, 3), ("b", 1, 1)]
