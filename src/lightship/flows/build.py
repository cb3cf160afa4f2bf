"""``lightship build``: what is remembered between two builds, what is made, and where the image goes.

When nothing has changed, the image is known; when only the project's own files have, all that lies below them is, and
nothing of `lightship.flows.making` is even imported.
"""

from collections.abc import Callable, Collection
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.base.lock_name import LOCK_NAME
from lightship.build.application import Application
from lightship.build.sdist.constraints import constraint_files
from lightship.ecosystem.python.project import Project
from lightship.flows.ahead import Ahead
from lightship.flows.base_identity import PACKAGES, base_identity
from lightship.flows.deliver import deliver
from lightship.flows.memo import carry_over, find_memo, lower_key, memo_key, remember
from lightship.flows.outcome import BuildOutcome
from lightship.flows.phases import Phases
from lightship.flows.project_files import application_mode, entrypoint_programs, read_project_files
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.select import host_platform
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.flows.compilers import Compilers
    from lightship.flows.lower import Lower
    from lightship.flows.making import Making

__all__ = ["Built", "ImageBuild", "build"]


def build(request: BuildRequest, cache: Cache, progress: Progress) -> BuildOutcome | str:
    """Build ``request.project`` and write the image to every output; with ``plan_only`` return the plan as JSON.

    Raise what the parts raise; outputs are complete or as they were.
    """
    phases = Phases()
    platform = Platform.parse(request.platform) if request.platform else host_platform()
    with closing(Ahead(request, cache, progress)) as ahead:
        with phases("plan"):
            work = ImageBuild(request, cache, progress, phases, None if request.is_anew else ahead)
        made = work.make(platform)
    if isinstance(made, str):
        return made
    return deliver(made.image, made.outcome, request, cache, phases, progress)


def _no_kin() -> "Lower | None":
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Built:
    """The image for one platform, what its build says, and under which keys it is remembered."""

    platform: Platform
    image: PlainImage
    outcome: BuildOutcome
    memo: str
    lower: str


class ImageBuild:
    """A project as it was read once, made into an image for one platform after the other."""

    def __init__(
        self, request: BuildRequest, cache: Cache, progress: Progress, phases: Phases, ahead: Ahead | None = None
    ) -> None:
        if request.options.base not in PACKAGES:
            from lightship.flows.base_image import pin_base

            request = pin_base(request, progress)
        self.request = request
        self.cache = cache
        self.progress = progress
        self.phases = phases
        self.project = Project.discover(request.project)
        self.ahead = ahead
        self.application: Application = read_project_files(request, cache, met=ahead.met if ahead else None)
        if ahead is not None:
            ahead.read(self.application)
        self._inputs = _inputs(request, self.project.lock(request.options.lock).path)
        self._asked = (
            application_mode(request.options, request.project),
            *self.application.imports,
            "|",
            *entrypoint_programs(self.application, request.options),
            "|",
            "programs" if self.application.programs else "",
        )

    def make(self, platform: Platform, kin: "Callable[[], Lower | None]" = _no_kin) -> Built | str:
        """The image for ``platform``, remembered or made; with ``plan_only`` its plan.

        ``kin`` is asked when needed: the lower part of the image for this machine, where the same command builds one.
        """
        request, cache = self.request, self.cache
        with self.phases("plan"):
            base = base_identity(request, platform)
            memo, below = self._keys(platform, base)
            found = None if request.is_anew else find_memo(cache, memo, request.project)
        if found is not None:
            return Built(platform=platform, image=found[0], outcome=found[1], memo=memo, lower=below)
        from lightship.flows.lower import find_lower, remember_lower

        with storage_errors("sweep the cache"):
            cache.sweep_temporary()
        fresh: Collection[Digest] = ()
        ahead = self.ahead
        guessed = ahead.lower(below) if ahead is not None else None
        known = guessed or (None if request.is_anew else find_lower(cache, below, request.project))
        with ExitStack() as stack:
            compilers: Compilers | None = None
            if known is not None:
                lower, sources = known
                taken = ahead.take(below) if ahead is not None else None
                compilers = stack.enter_context(taken or self._started(lower))
            else:
                with ExitStack() as held:
                    work = self._making(platform, held, kin)
                    if request.plan_only:
                        return work.plan()
                    lower, sources, fresh = work.lower(), work.sources, work.fresh
                # The locks may have been written by this build: the next one must find these layers by them.
                memo, below = self._keys(platform, base)
                remember_lower(cache, below, request.project, lower, sources)
            from lightship.flows.top import finish
            from lightship.rootfs.unpack import sweep_unpacked

            sweep_unpacked(cache.root / "rootfs")
            image, outcome = finish(
                lower, request, self.project, self.application, cache, self.progress, self.phases, compilers
            )
        outcome = _made_here(outcome, fresh)
        remember(cache, memo, request.project, image, outcome, sources)
        if ahead is not None:
            ahead.remember(below, self.application)
        return Built(platform=platform, image=image, outcome=outcome, memo=memo, lower=below)

    def _started(self, lower: "Lower") -> "Compilers":
        """A compiler for what has changed, which starts while the modules are imported that need it."""
        from lightship.flows.compilers import compilers_of

        compilers = compilers_of(lower, self.cache, self.progress)
        if lower.mode != "none":
            compilers.prepare()
        return compilers

    def _making(self, platform: Platform, stack: ExitStack, kin: "Callable[[], Lower | None]") -> "Making":
        from lightship.flows.heap import return_freed_memory
        from lightship.flows.making import Making

        return_freed_memory()
        return Making(
            self.request, self.project, self.application, platform, self.cache, self.progress, self.phases, stack, kin
        )

    def lower_of(self, built: Built | None) -> "Lower | None":
        """Everything below the application of an image that was made, as far as it is remembered."""
        from lightship.flows.lower import find_lower

        if built is None:
            return None
        found = find_lower(self.cache, built.lower, self.request.project)
        return found[0] if found is not None else None

    def settle(self, built: Built) -> None:
        """Remember ``built`` by the locks as they are: an image for another platform may have added to them since."""
        memo, below = self._keys(built.platform, base_identity(self.request, built.platform))
        carry_over(self.cache, (built.memo, memo), (built.lower, below))

    def _keys(self, platform: Platform, base: str) -> tuple[str, str]:
        """What the whole image and what its lower part are remembered by, as the files are."""
        request = self.request
        name = str(platform)
        memo = memo_key(request, platform=name, base=base, application=self.application.key, files=self._inputs)
        return memo, lower_key(request, name, base, self._inputs, *self._asked)


def _made_here(outcome: BuildOutcome, fresh: Collection[Digest]) -> BuildOutcome:
    """``outcome``, in which no layer of ``fresh`` counts as one of an earlier build: the image whose start was traced
    is this build's own."""
    layers = (
        replace(layer, cached=layer.cached and Digest.parse(layer.digest) not in fresh) for layer in outcome.layers
    )
    return replace(outcome, layers=tuple(layers))


def _inputs(request: BuildRequest, lock: Path) -> list[Path]:
    """Files whose content decides what a build makes, there or not; the application's and local sources are apart.

    Among them is what uv looks for around a lock: projects that have one lock and different indexes must not share
    what they built.
    """
    around = (folder / name for folder in lock.parents for name in ("uv.toml", "pyproject.toml"))
    probe_file = request.options.probe_requests
    return [
        lock,
        *(request.project / name for name in (LOCK_NAME, STARTUP_LOCK)),
        *constraint_files(request.project, request.environ),
        *([request.project / probe_file] if probe_file else []),
        *(path for path in around if path.is_file()),
    ]
