"""A server's tree started in the sandbox, with Node, and asked for its pages from inside.

It has a network of its own, with nothing but itself in it, so it meets no port that is taken and reaches nobody. Its
files are hard links where the file system allows them, copies elsewhere, and it sees them read-only: what it writes
goes to the build's ``cache``, in memory. The machine's ``/usr`` is there too, read-only, since Node and what
applications load need its libraries; nothing else of the machine is.
"""

import contextlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from pathlib import Path

from lightship import proc
from lightship.assets.standalone.answers import Answer
from lightship.assets.standalone.pages import Ask
from lightship.assets.standalone.tree import ServerTree
from lightship.errors import FindingError, StorageError, ToolError
from lightship.launch.opened import watch_opens
from lightship.launch.running import start
from lightship.paths import storage_errors
from lightship.rootfs.removal import remove
from lightship.sandbox.protocol import Bind, Command, Sandbox

__all__ = ["NODE_HINT", "Trial", "TrialOptions", "find_node", "run_trial"]

NODE_HINT = "install Node.js, or name its program with --node"
_PLACE = "srv"
_INSIDE = "/run/lightship"
_OLDEST = 18
_GRACE_S = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialOptions:
    """``node`` is the program itself, no script around it. ``ready_s`` is how long a start may take."""

    node: Path
    env: Mapping[str, str] = field(default_factory=dict)
    ready_s: float = 120.0
    request_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """``answers`` are in the order of the requests. ``opened`` are files of the tree, empty unless they were watched.
    ``tail`` is the end of what the server said."""

    answers: tuple[Answer, ...]
    opened: tuple[str, ...] = ()
    tail: tuple[str, ...] = ()


def find_node(given: Path | None) -> Path:
    """The program behind ``node``, which may be a script of a version manager. Raise ToolError where there is none, or
    one too old for `inside/ask.cjs` and Next.js."""
    program = str(given) if given is not None else proc.which("node")
    if program is None:
        raise ToolError("Node.js is not installed: the program node was not found", hint=NODE_HINT)
    if given is not None and not os.access(given, os.X_OK):
        raise ToolError(f"{given} is no program that can be started", hint=NODE_HINT)
    told = proc.run(
        [program, "-p", "process.execPath + '\\n' + process.versions.node"], timeout_s=60, hint=NODE_HINT
    ).stdout.decode(errors="replace")
    lines = told.strip().splitlines()
    if len(lines) < 2 or not lines[-1].split(".")[0].isdigit():
        raise ToolError(f"{program} is no Node.js: it says {told.strip()[:80]!r}", hint=NODE_HINT)
    if int(lines[-1].split(".")[0]) < _OLDEST:
        raise ToolError(f"Node.js {lines[-1]} is too old: want {_OLDEST} or later", hint=NODE_HINT)
    return Path(lines[-2])


def run_trial(
    sandbox: Sandbox,
    tree: ServerTree,
    kept: Mapping[str, int],
    links: Mapping[str, str],
    wanted: Sequence[Ask],
    options: TrialOptions,
    *,
    watch: bool = False,
) -> Trial:
    """Start the server with the files ``kept`` and nothing else of ``tree``, ask, end it.

    Raise FindingError where it does not start, with its last lines; StorageError where ``watch`` is wished and the
    machine does not tell which files are opened.
    """
    with storage_errors("make a temporary directory"):
        scratch = Path(tempfile.mkdtemp(prefix="lightship-node-"))
    try:
        root = scratch / "root"
        place = root / _PLACE
        place.mkdir(parents=True)
        _lay_out(tree, kept, links, place)
        _write_plan(scratch, tree, wanted, options)
        with contextlib.ExitStack() as stack:
            opened: Callable[[], tuple[str, ...]] = tuple
            if watch:
                watched = stack.enter_context(watch_opens(place))
                opened = watched.files
            tail = _run(sandbox, scratch, root, tree, options, len(wanted))
            seen = opened()
            if watch and watched.lost:
                raise StorageError("the kernel forgot which files were opened", hint="try again on a quieter machine")
        answers = tuple(_answers(scratch / "out", len(wanted)))
    finally:
        remove(scratch)
    real = {tree.real(path) for path in seen}
    return Trial(answers=answers, opened=tuple(sorted(path for path in real if path is not None)), tail=tail)


def _lay_out(tree: ServerTree, kept: Mapping[str, int], links: Mapping[str, str], place: Path) -> None:
    with storage_errors("lay out the server"):
        made: set[str] = set()
        for path in (*kept, *links):
            folder = path.rpartition("/")[0]
            if folder not in made:
                (place / folder).mkdir(parents=True, exist_ok=True)
                made.add(folder)
        for path in kept:
            try:
                os.link(tree.root / path, place / path, follow_symlinks=False)
            except OSError:  # another file system, or a file of somebody else
                shutil.copy(tree.root / path, place / path, follow_symlinks=False)
        for path, target in links.items():
            (place / path).symlink_to(target)
        (place / tree.dist / "cache").mkdir(parents=True, exist_ok=True)


def _write_plan(scratch: Path, tree: ServerTree, wanted: Sequence[Ask], options: TrialOptions) -> None:
    app = f"/{_PLACE}/{tree.app}".rstrip("/")
    plan = {
        "server": f"{app}/server.js",
        "cwd": app,
        "ready_s": options.ready_s,
        "request_s": options.request_s,
        "asks": [{"path": ask.path, "headers": dict(ask.headers)} for ask in wanted],
    }
    (scratch / "out").mkdir()
    (scratch / "plan.json").write_text(json.dumps(plan), encoding="utf-8")


def _run(
    sandbox: Sandbox, scratch: Path, root: Path, tree: ServerTree, options: TrialOptions, requests: int
) -> tuple[str, ...]:
    with as_file(files("lightship.assets.standalone").joinpath("inside", "ask.cjs")) as script:
        command = Command(
            rootfs=root,
            argv=(str(options.node), f"{_INSIDE}/ask.cjs", f"{_INSIDE}/plan.json", f"{_INSIDE}/out"),
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/tmp", "TZ": "UTC", **options.env},  # noqa: S108 - inside
            cwd=f"/{_PLACE}",
            binds=(
                *_machine(root, options.node),
                Bind(source=script, target=f"{_INSIDE}/ask.cjs"),
                Bind(source=scratch / "plan.json", target=f"{_INSIDE}/plan.json"),
                Bind(source=scratch / "out", target=f"{_INSIDE}/out", writable=True),
            ),
            writable=("/tmp", f"/{_PLACE}/{tree.dist}/cache"),  # noqa: S108 - inside
        )
        limit_s = options.ready_s + options.request_s * requests + _GRACE_S
        with start(sandbox, command) as running:
            while running.status is None and time.monotonic() - running.started_at < limit_s:
                time.sleep(0.02)
            status, tail = running.status, running.tail
    if status != 0:
        said = "\n".join(f"  {line}" for line in tail[-15:])
        raise FindingError(f"the server did not answer (status {status}); it said:\n{said}")
    return tail


def _machine(root: Path, node: Path) -> Iterator[Bind]:
    """``/usr`` with the links to it that the machine's root has, and Node where it is elsewhere."""
    yield Bind(source=Path("/usr"), target="/usr")
    for name in ("bin", "lib", "lib64", "lib32"):
        place = Path("/", name)
        if place.is_symlink():
            (root / name).symlink_to(place.readlink())
        elif place.is_dir():
            yield Bind(source=place, target=f"/{name}")
    if not node.is_relative_to("/usr"):
        yield Bind(source=node, target=str(node))


def _answers(out: Path, count: int) -> Iterator[Answer]:
    try:
        told = json.loads((out / "answers.json").read_bytes())
        for number in range(count):
            about = told[number]
            body = out / f"{number}.body"
            yield Answer(
                status=about.get("status"),
                headers={str(name): str(value) for name, value in about.get("headers", {}).items()},
                body=body.read_bytes() if body.is_file() and not body.is_symlink() else b"",
                fault=str(about.get("fault", "")),
            )
    except (OSError, ValueError, LookupError, AttributeError, TypeError) as error:
        raise FindingError(f"the server's answers cannot be read: {error}") from error
