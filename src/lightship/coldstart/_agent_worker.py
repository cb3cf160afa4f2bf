"""Runs inside the started application, before its first line, as ``sitecustomize``: tells what it imports, and when.

Bound into the sandbox from outside and found through PYTHONPATH; nothing of the image changes. It must run on every
CPython from 3.8 on, and it imports built-in modules only, so that it loads nothing that the application would.

Lines of JSON go to ``LIGHTSHIP_AGENT_DIR/PID.jsonl``, appended whenever no import is under way. A process that was
forked has a file of its own. Times are those of CLOCK_MONOTONIC, which sandbox and host share.

``importlib._bootstrap._find_and_load`` is what the interpreter calls for a module that is not in ``sys.modules``
(CPython 3.8 to 3.14, Python/import.c, ``import_find_and_load``), and what ``-X importtime`` measures. Its stand-in is
compiled under the file name of frozen importlib, so that tracebacks and the stack levels of warnings leave it out.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_STAND_IN = """
def _find_and_load(name, import_):
    span = begin(name)
    try:
        return original(name, import_)
    finally:
        end(span)
"""
_FLUSH_AT = 2000
_TRIALS = 50
_DIRECTORY: "Any" = b"LIGHTSHIP_AGENT_DIR"  # posix.environ has bytes, typeshed says str


def _install(directory: str) -> None:
    import _frozen_importlib
    import _thread
    import posix
    import sys
    import time

    clock, cpu = time.monotonic, time.thread_time
    events: list[str] = []
    stacks: dict[int, list[Any]] = {}
    state: dict[str, float] = {"flushing": False, "cost": 0.0}
    ident = _thread.get_ident

    def text(value: str) -> str:
        quoted = ascii(value)[1:-1].replace('"', '\\"').replace("\\'", "'")
        return '"' + quoted.replace("\\x", "\\u00") + '"'

    def flush() -> None:
        if not events or state["flushing"]:
            return
        state["flushing"] = True
        try:
            lines = "".join(events)
            del events[:]
            target = f"{directory}/{posix.getpid()}.jsonl"
            descriptor = posix.open(target, posix.O_WRONLY | posix.O_APPEND | posix.O_CREAT | posix.O_CLOEXEC, 0o666)
            try:
                posix.write(descriptor, lines.encode("ascii", "replace"))
            finally:
                posix.close(descriptor)
        except OSError:
            pass  # the application goes on without being watched
        finally:
            state["flushing"] = False

    def requester() -> "tuple[str, int]":
        frame: Any = sys._getframe(2)  # noqa: SLF001 - the documented way to a caller
        while frame is not None:
            file = frame.f_code.co_filename
            if not file.startswith("<frozen importlib") and not file.endswith("/importlib/__init__.py"):
                return str(frame.f_globals.get("__name__", "?")), frame.f_lineno or 0
            frame = frame.f_back
        return "", 0

    def begin(name: str) -> "Any":
        stack = stacks.setdefault(ident(), [])
        span = (name, requester(), len(stack), clock(), cpu())
        stack.append(span)
        return span

    def end(span: "Any") -> None:
        now, used = clock(), cpu()
        name, (asker, line), depth, began, used_before = span
        stack = stacks.get(ident())
        if stack:
            del stack[depth:]
        events.append(
            f'{{"import":{text(name)},"by":{text(asker)},"line":{line},"at":{began:.6f},"s":{now - began:.6f},'
            f'"cpu":{used - used_before:.6f},"thread":{ident()}}}\n'
        )
        if not stack or len(events) > _FLUSH_AT:
            flush()

    def started(kind: str) -> None:
        try:
            descriptor = posix.open("/proc/self/stat", posix.O_RDONLY)
            try:
                ticks = int(posix.read(descriptor, 4096).rpartition(b")")[2].split()[19])
            finally:
                posix.close(descriptor)
            since = ticks / posix.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError):
            since = 0.0
        argv = ",".join(text(word) for word in getattr(sys, "orig_argv", [sys.executable])[:8])
        events.append(
            f'{{"process":"{kind}","pid":{posix.getpid()},"parent":{posix.getppid()},"at":{clock():.6f},'
            f'"since":{since:.2f},"hook":{state["cost"]:.9f},"argv":[{argv}]}}\n'
        )
        flush()

    def forked() -> None:
        del events[:]
        stacks.clear()
        state["flushing"] = False
        started("fork")

    def heard(event: str, arguments: "tuple[Any, ...]") -> None:
        if event == "socket.bind":
            try:
                events.append(f'{{"bind":{int(arguments[1][1])},"at":{clock():.6f}}}\n')
            except (TypeError, ValueError, IndexError):
                return  # a Unix socket has no port
            if not stacks.get(ident()):
                flush()

    importlib: Any = _frozen_importlib
    names: dict[str, Any] = {"begin": begin, "end": end, "original": importlib._find_and_load}  # noqa: SLF001

    def cost() -> float:
        """Seconds that watching one import takes, measured where it is paid."""
        before = clock()
        for _ in range(_TRIALS):
            end(begin("lightship.trial"))
        spent = (clock() - before) / _TRIALS
        del events[:]
        return spent

    state["flushing"] = True
    state["cost"] = cost()
    state["flushing"] = False
    exec(compile(_STAND_IN, "<frozen importlib._bootstrap>", "exec"), names)  # noqa: S102 - see the docstring
    importlib._find_and_load = names["_find_and_load"]  # noqa: SLF001
    sys.addaudithook(heard)
    posix.register_at_fork(after_in_child=forked)
    started("start")


def _next_sitecustomize() -> None:
    """Let the image's own ``sitecustomize`` run as if this one were not there."""
    import sys

    ours = sys.modules.pop(__name__)
    sys.path[:] = [entry for entry in sys.path if entry != __file__.rpartition("/")[0]]
    sys.path_importer_cache.pop(__file__.rpartition("/")[0], None)
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules[__name__] = ours


def _main() -> None:
    import posix

    directory = posix.environ.get(_DIRECTORY, b"").decode("utf-8", "surrogateescape")
    if directory:
        _install(directory)
    _next_sitecustomize()


_main()
