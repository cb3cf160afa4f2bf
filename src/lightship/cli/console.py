"""Talk to the person at the terminal: stderr is talk and progress, stdout is data.

Bars are drawn only on a terminal, outside CI and where colours are welcome (``NO_COLOR``, no-color.org); elsewhere no
escape code is ever written. A task that took its time leaves one line, a short one none unless everything is asked for.
"""

import logging
import os
import sys
import threading
import time
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lightship.cli.wording import VisibleFormatter, escaped, visible
from lightship.units import format_bytes, format_seconds

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

__all__ = ["Console"]

_LOG = logging.getLogger("lightship")
_LOG.addHandler(logging.NullHandler())  # without any, logging itself would write warnings, and as they come
_QUIET_S = 3.0
_WORTH_A_LINE_S = 1.0
"""A build has a task for each layer, most of them over in a moment: their lines would hide the ones that matter."""


class Console:
    """A `lightship.progress.Progress` that draws, and the way to stdout. Use as a context manager."""

    def __init__(self, *, quiet: bool = False, verbose: bool = False) -> None:
        self.quiet = quiet
        self._least_s = 0.0 if verbose else _WORTH_A_LINE_S
        self._lock = threading.Lock()
        self._tasks: dict[str, _Task] = {}
        self._bars: Bars | None = None
        self._draws = not quiet and not verbose and _may_draw()
        self._waiting = None if quiet or verbose else _Waiting(self)

        if verbose:
            _say_more()

    def __enter__(self) -> Self:
        if self._waiting is not None and _LOG.getEffectiveLevel() > logging.INFO:  # with --debug they say it already
            _LOG.addHandler(self._waiting)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._waiting is not None:
            _LOG.removeHandler(self._waiting)
        self._close_bars()

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:
        with self._lock:
            self._tasks[task] = state = _Task(total, unit)
            if self._draws:
                from rich.markup import escape

                state.bar = self._open_bars().add_task(escape(visible(task)), total=total)

    def advance(self, task: str, amount: int = 1) -> None:
        with self._lock:
            state = self._tasks.get(task)
            if state is None:
                return
            state.done += amount
            if self._bars is not None and state.bar is not None:
                self._bars.update(state.bar, advance=amount)

    def finish(self, task: str) -> None:
        with self._lock:
            state = self._tasks.pop(task, None)
            if state is None or self.quiet:
                return
            if self._bars is not None and state.bar is not None:
                self._bars.remove_task(state.bar)
        seconds = time.monotonic() - state.began
        if seconds >= self._least_s:
            self._say(f"{task:<36} {state.amount():>12}  {format_seconds(seconds):>10}")

    def note(self, message: str) -> None:
        if not self.quiet:
            self._say(f"note: {message}")

    def error(self, message: str, hint: str | None) -> None:
        """One sentence, and the hint on its own line. Shown even when quiet."""
        self._say(f"error: {message}")
        if hint:
            self._say(f"hint: {hint}")

    def talk(self, text: str) -> None:
        """Text for the person, on stderr; nothing when quiet."""
        if not self.quiet:
            self._say(text)

    def data(self, text: str) -> None:
        """Text for the next program, JSON or a line, on stdout, below whatever was drawn."""
        text = escaped(text)
        with self._lock:
            self._close_bars()
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
        sys.stdout.flush()

    def deliver(self, text: str, file: Path | None) -> None:
        """``text`` to ``file``, which appears whole; without one as `data`."""
        from lightship.paths import atomic_file, storage_errors

        if file is None:
            self.data(text)
            return
        with storage_errors(f"write {file}"), atomic_file(file) as stream:
            stream.write(escaped(text).encode())

    def _say(self, line: str) -> None:
        line = visible(line)
        with self._lock:
            if self._bars is not None:
                self._bars.console.print(line, markup=False, highlight=False)
            else:
                sys.stderr.write(line + "\n")
                sys.stderr.flush()

    def _open_bars(self) -> "Bars":
        if self._bars is None:
            from rich.console import Console as RichConsole
            from rich.progress import (
                BarColumn,
                Progress,
                SpinnerColumn,
                TaskProgressColumn,
                TextColumn,
                TimeElapsedColumn,
            )

            columns = (
                SpinnerColumn(),
                TextColumn("{task.description}"),
                BarColumn(bar_width=24),
                TaskProgressColumn(),
                TimeElapsedColumn(),
            )
            # not redirected: rich would print on stderr what goes to stdout, and the digest would be lost in a pipe
            self._bars = Progress(
                *columns,
                console=RichConsole(stderr=True),
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._bars.start()
        return self._bars

    def _close_bars(self) -> None:
        if self._bars is not None:
            self._bars.stop()
            self._bars = None


def _may_draw() -> bool:
    in_ci = os.environ.get("CI", "").lower() in ("1", "true")
    plain = bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    return sys.stderr.isatty() and not in_ci and not plain


def _say_more() -> None:
    """Let libraries say what they retried or chose; with ``--debug`` they say more already."""
    if _LOG.getEffectiveLevel() > logging.INFO:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(VisibleFormatter("%(message)s"))
        _LOG.addHandler(handler)
        _LOG.setLevel(logging.INFO)


class _Waiting(logging.Handler):
    """What libraries wait for, as notes: a network that is not there is tried for half a minute. Many threads may wait
    for one server, so that one line stands for what is said within the next seconds."""

    def __init__(self, console: Console) -> None:
        super().__init__(logging.WARNING)
        self._console = console
        self._next = 0.0

    def emit(self, record: logging.LogRecord) -> None:
        instant = time.monotonic()
        if instant >= self._next:
            self._next = instant + _QUIET_S
            self._console.note(record.getMessage())


class _Task:
    __slots__ = ("bar", "began", "done", "total", "unit")

    def __init__(self, total: int | None, unit: str) -> None:
        self.began = time.monotonic()
        self.done = 0
        self.total = total
        self.unit = unit
        self.bar: TaskID | None = None

    def amount(self) -> str:
        count = self.done or self.total or 0
        if self.unit == "B":
            return format_bytes(count)
        unit = self.unit.removesuffix("s") if count == 1 else self.unit
        return f"{count} {unit}".strip() if count else ""
