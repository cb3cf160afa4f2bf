"""``lightship assets standalone``: a Next.js server without what it does not need, and the proof that it answers."""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightship.assets.standalone.answers import Compared, compare
from lightship.assets.standalone.model import Selection, StandaloneOptions
from lightship.assets.standalone.pages import asks
from lightship.assets.standalone.rule import Server
from lightship.assets.standalone.rules import RULES
from lightship.assets.standalone.select import select
from lightship.assets.standalone.static import static_files
from lightship.assets.standalone.tree import ServerTree, read_tree
from lightship.assets.standalone.trial import Trial, TrialOptions, find_node, run_trial
from lightship.assets.standalone.weigh import compressed_sizes
from lightship.assets.standalone.write import check_output, check_place, restore, set_aside, write_copy
from lightship.errors import FindingError, UsageError
from lightship.findings import SAFETY_ORDER, Safety
from lightship.flows.compilers import find_sandbox
from lightship.progress import Progress

__all__ = ["Further", "StandaloneOutcome", "StandaloneRequest", "restore_standalone", "slim_standalone"]

_STATIC_WORTH_SAYING = 1 << 20
_SERVER_ERROR = 500
_PAGES_OF_ERRORS = ("/_global-error", "/500")


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneRequest:
    """``output`` gets the smaller tree; ``write`` makes the directory itself smaller and sets the rest aside.
    ``verify`` None means: where something is written. ``ask`` are further paths to ask for."""

    directory: Path
    options: StandaloneOptions
    output: Path | None = None
    write: bool = False
    verify: bool | None = None
    node: Path | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    ask: tuple[str, ...] = ()
    ready_s: float = 120.0

    def __post_init__(self) -> None:
        if self.write and self.output is not None:
            raise UsageError("--write changes DIR itself, --output makes another: want one of them")
        if self.verify is False and self.options.max_safety == "traced":
            raise UsageError("--safety traced starts the server to see what it opens: --no-verify does not go with it")

    @property
    def verifies(self) -> bool:
        """Whether the smaller server is started and asked."""
        return self.write or self.output is not None if self.verify is None else self.verify


@dataclass(frozen=True, slots=True, kw_only=True)
class Further:
    """What a more daring class would leave out beyond this one."""

    safety: Safety
    files: int
    unpacked_bytes: int
    compressed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneOutcome:
    """``compressed`` are bytes of each file of the tree by its gzip. ``pages`` are empty where nothing was asked.
    ``written`` is where the smaller tree is, ``aside`` where the rest is; None for nowhere."""

    request: StandaloneRequest
    tree: ServerTree
    selection: Selection
    compressed: Mapping[str, int]
    further: tuple[Further, ...]
    pages: tuple[Compared, ...]
    written: Path | None
    aside: Path | None
    notes: tuple[str, ...]
    seconds: Mapping[str, float]

    @property
    def verified(self) -> bool | None:
        """Whether every page answers as before; None where nobody asked."""
        return all(page.verdict != "differs" for page in self.pages) if self.pages else None


def slim_standalone(request: StandaloneRequest, progress: Progress, *, jobs: int) -> StandaloneOutcome:
    """Decide, try, write: in this order, so that nothing is written that did not answer.

    Raise InputError where the directory is no server, ToolError where there is no Node or no sandbox to try it in,
    FindingError where one of the two servers does not start. Pages that answer otherwise are in the outcome, and then
    nothing is written.
    """
    clock = _Clock()
    tree = read_tree(request.directory)
    if request.output is not None:
        check_output(tree, request.output)
    if request.write:
        check_place(tree.root)
    options = request.options
    trial = _Trials(request, tree, progress) if request.verifies or options.max_safety == "traced" else None
    opened = None
    if trial is not None and options.max_safety == "traced":
        opened = trial.whole().opened
        clock.lap("trace")
    progress.start("look for what is not needed", len(tree.files), unit="files")
    server = Server(tree, options, opened=opened)
    selection = select(server, RULES)
    further = dict(_further(server, selection))
    progress.finish("look for what is not needed")
    clock.lap("decide")
    pages: tuple[Compared, ...] = ()
    if trial is not None:
        pages = trial.compared(selection)
        clock.lap("verify")
    compressed = compressed_sizes(tree, tree.files, jobs)
    clock.lap("weigh")
    written, aside = None, None
    if all(page.verdict != "differs" for page in pages):
        written, aside = _write(request, tree, selection)
        clock.lap("write")
    return StandaloneOutcome(
        request=request,
        tree=tree,
        selection=selection,
        compressed=compressed,
        further=tuple(_weighed(further, tree, compressed)),
        pages=pages,
        written=written,
        aside=aside,
        notes=tuple(_notes(server, selection, pages)),
        seconds=clock.laps,
    )


def restore_standalone(directory: Path) -> int:
    """Bring back what was set aside beside ``directory``; the number of paths."""
    return restore(directory)


class _Clock:
    def __init__(self) -> None:
        self.laps: dict[str, float] = {}
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        moment = time.monotonic()
        self.laps[name] = round(moment - self._last, 3)
        self._last = moment


class _Trials:
    """Runs of one tree, with the same requests; the whole one's first is kept."""

    def __init__(self, request: StandaloneRequest, tree: ServerTree, progress: Progress) -> None:
        self._tree = tree
        self._progress = progress
        images = Server(tree, request.options).optimises_images
        self._asks = asks(tree, request.ask, images=images)
        self._sandbox = find_sandbox()
        self._options = TrialOptions(node=find_node(request.node), env=request.env, ready_s=request.ready_s)
        self._watch = request.options.max_safety == "traced"
        self._whole: Trial | None = None

    def whole(self) -> Trial:
        if self._whole is None:
            self._whole = self._run("ask the whole server", self._tree.files, self._tree.links, watch=self._watch)
        return self._whole

    def compared(self, selection: Selection) -> tuple[Compared, ...]:
        before = self.whole().answers
        after = self._run("ask the smaller server", selection.kept, selection.links).answers
        pages = compare(self._asks, before, after)
        if all(page.verdict == "same" for page in pages):
            return pages
        again = self._run("ask the whole server again", self._tree.files, self._tree.links).answers
        return compare(self._asks, before, after, again)

    def _run(self, task: str, kept: Mapping[str, int], links: Mapping[str, str], *, watch: bool = False) -> Trial:
        self._progress.start(task, len(self._asks), unit="requests")
        try:
            return run_trial(self._sandbox, self._tree, kept, links, self._asks, self._options, watch=watch)
        except FindingError as error:
            raise FindingError(f"{task}: {error}", hint=error.hint) from error
        finally:
            self._progress.finish(task)


def _write(request: StandaloneRequest, tree: ServerTree, selection: Selection) -> tuple[Path | None, Path | None]:
    if request.output is not None:
        write_copy(tree, selection, request.output)
        return request.output, None
    if request.write:
        return tree.root, set_aside(tree, selection) if selection.left else None
    return None, None


def _further(server: Server, selection: Selection) -> Iterator[tuple[Safety, set[str]]]:
    """Paths that ``closure`` would leave out, where that was not asked; what ``traced`` would, only a run can tell."""
    order = SAFETY_ORDER.index("closure")
    if SAFETY_ORDER.index(server.options.max_safety) < order:
        bolder = Server(server.tree, replace(server.options, max_safety="closure"))
        bolder.needed = server.needed  # computed already, from the same options
        left = {each.path for each in select(bolder, RULES).left}
        yield "closure", left - {each.path for each in selection.left}


def _weighed(further: Mapping[Safety, set[str]], tree: ServerTree, compressed: Mapping[str, int]) -> Iterator[Further]:
    for safety, paths in further.items():
        files = [path for path in paths if path in tree.files]
        if files:
            yield Further(
                safety=safety,
                files=len(files),
                unpacked_bytes=sum(tree.files[path] for path in files),
                compressed_bytes=sum(compressed[path] for path in files),
            )


def _notes(server: Server, selection: Selection, pages: tuple[Compared, ...]) -> Iterator[str]:
    tree, options = server.tree, server.options
    static = sum(tree.files[path] for path in static_files(tree))
    if options.static == "keep" and static > _STATIC_WORTH_SAYING:
        yield f"public and static files are {static / 1e6:.1f} MB: --static moved when a CDN or another server has them"
    if options.static == "moved":
        if not static:
            yield "there are no public and no static files in the tree: they are moved already"
            if server.optimises_images and server.asks_for_images:
                yield (
                    "the build uses next/image, and /_next/image reads pictures of public and of .next/static/media "
                    "from this server's disk: copy those, or --images off where another server answers it"
                )
        stays = [path for path in static_files(tree) if path in selection.kept]
        if stays:
            size = sum(tree.files[path] for path in stays) / 1e6
            yield f"{len(stays)} pictures stay ({size:.1f} MB): /_next/image reads them here, unless --images off"
    if options.images == "off" and server.asks_for_images:
        answer = "404" if options.static == "moved" else "the picture as it is"
        yield (
            f"the build uses next/image, and this server answers /_next/image with {answer}: "
            "another server must answer it, or build with images.unoptimized"
        )
    if environment := [path for path in tree.files if _is_environment(path, tree)]:
        names = ", ".join(sorted(environment))
        yield f"{names}: variables of the build's machine lie in the tree, secrets among them perhaps"
    failing = sum(_fails(page) for page in pages)
    if failing:
        yield (
            f"{failing} of {len(pages)} requests fail with the whole tree as well: what lies behind them was not seen; "
            "--env gives the server its variables"
        )


def _fails(page: Compared) -> bool:
    """Whether the whole server has no answer, or an error that is not the page of errors itself."""
    status = page.before.status
    return status is None or (status >= _SERVER_ERROR and page.ask.route not in _PAGES_OF_ERRORS)


def _is_environment(path: str, tree: ServerTree) -> bool:
    inside = path[len(tree.app) + 1 :] if tree.app and path.startswith(tree.app + "/") else path
    return "/" not in inside and (inside == ".env" or inside.startswith(".env."))
