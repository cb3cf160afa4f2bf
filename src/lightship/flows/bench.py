"""``bench``: pull, unpack, start, ready of several images over one link, side by side, in interleaved rounds."""

import contextlib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightship.bench.file_system import FileSystem, file_system_of
from lightship.bench.link import FREE, Link
from lightship.bench.machine import Machine, this_machine
from lightship.bench.model import Benched, Conditions, Round, interleaved
from lightship.bench.node import PARALLEL, Node, Pulled, shared_layers, start_to_ready
from lightship.bench.proxy import LinkProxy
from lightship.bench.serve import Registry, served
from lightship.bench.stage import Staged, stage
from lightship.bench.unpacker import Unpacker
from lightship.coldstart.imports import ImportNode, dearest
from lightship.coldstart.measure import measure
from lightship.coldstart.page_cache import drop_cached
from lightship.errors import FindingError
from lightship.flows.scratch import scratch
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.image.views import config_of
from lightship.launch.command import LaunchOptions
from lightship.launch.engine import find_engine
from lightship.launch.probe import Probe, ensure_unused, load_probe
from lightship.launch.probe_labels import read_probe_labels
from lightship.launch.processor import check_runs_here
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.rootfs.removal import remove
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess

__all__ = ["BenchOutcome", "BenchRequest", "bench"]

_TASK = "measure"


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchRequest:
    """What to measure. ``references`` are the images by the names the user gave them; ``after`` is on every node
    before the clock starts. ``probe`` None: that of the first image whose labels have one; where there is none,
    nothing is started. With ``cold`` an image's files are dropped from the page cache before it is started. Nodes are
    made in the directory ``unpack_to``, or in the cache. With ``imports`` each image is started once more, watched,
    after the rounds."""

    references: tuple[tuple[str, Reference], ...]
    after: tuple[str, Reference] | None = None
    link: Link = FREE
    rounds: int = 5
    parallel: int = PARALLEL
    probe: Probe | None = None
    launch: LaunchOptions = field(default_factory=LaunchOptions)
    cold: bool = True
    unpack_to: Path | None = None
    imports: bool = False
    engine: str | None = None
    platform: Platform | None = None
    access: RegistryAccess = field(default_factory=RegistryAccess)
    docker_host: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    jobs: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchOutcome:
    """The images in the order they were asked for, and under which conditions they were measured."""

    images: tuple[Benched, ...]
    conditions: Conditions
    imports: tuple[tuple[ImportNode, ...], ...] = ()
    """The dearest of each image, when they were asked for."""


def bench(request: BenchRequest, cache: Cache, progress: Progress = SILENT) -> BenchOutcome:
    """Measure ``request``; what is prepared (images opened, plain layers compressed) is outside of every clock.

    Raise FindingError, naming the image, where one does not become ready; checks that fail are in the rounds.
    """
    machine = this_machine()
    with contextlib.ExitStack() as stack:
        place = stack.enter_context(scratch(cache.root))
        nodes = stack.enter_context(_nodes(request.unpack_to)) if request.unpack_to is not None else place
        disk = file_system_of(nodes)
        if request.cold and disk.is_memory:
            progress.note(f"nodes are in memory ({disk.kind}): their files stay there, as with --page-cache keep")
            request = replace(request, cold=False)
        opened = [(name, _opened(stack, reference, request, place)) for name, reference in request.references]
        probe = request.probe or _labelled([image for _, image in opened])
        if probe is not None and probe.http is not None:
            ensure_unused(probe.http)  # told at once, and not after minutes
        engine = find_engine(request.engine, env=request.environ or None) if probe is not None else None
        subjects = []
        for number, ((name, image), (_, reference)) in enumerate(zip(opened, request.references, strict=True), 1):
            if engine is not None:
                check_runs_here(config_of(image).platform)
            sandbox = engine.admit(image, progress=progress) if engine is not None else None
            staged = _staged(number, name, image, reference, request, cache, progress)
            subjects.append(_Subject(name=name, staged=staged, sandbox=sandbox))
        before = None
        if request.after is not None:
            name, reference = request.after
            image = _opened(stack, reference, request, place)
            before = _Subject(name=name, staged=_staged(0, name, image, reference, request, cache, progress))
        everything = (*subjects, *((before,) if before else ()))
        registry = stack.enter_context(served([subject.staged.served for subject in everything]))
        linked = stack.enter_context(_linked(request.link, registry))
        run = _Run(request=request, probe=probe, place=nodes, direct=str(registry), linked=linked, before=before)
        rounds = _rounds(run, subjects, progress)
        imports = tuple(run.imports(subject) for subject in subjects) if request.imports else ()
    return BenchOutcome(
        images=tuple(_benched(subject, measured) for subject, measured in zip(subjects, rounds, strict=True)),
        conditions=_conditions(request, probe, machine, disk),
        imports=imports,
    )


def _rounds(run: "_Run", subjects: "Sequence[_Subject]", progress: Progress) -> "list[list[_Measured]]":
    rounds: list[list[_Measured]] = [[] for _ in subjects]
    progress.start(_TASK, len(subjects) * run.request.rounds, unit="starts" if run.probe else "pulls")
    for order in interleaved(len(subjects), run.request.rounds):
        for number in order:
            rounds[number].append(run.measure(subjects[number]))
            progress.advance(_TASK)
    progress.finish(_TASK)
    return rounds


def _conditions(request: BenchRequest, probe: Probe | None, machine: Machine, disk: FileSystem) -> Conditions:
    return Conditions(
        link=request.link,
        rounds=request.rounds,
        parallel=request.parallel,
        page_cache="dropped" if request.cold else "kept",
        file_system=disk.kind,
        engine=request.engine or "bubblewrap",
        after=request.after[0] if request.after else None,
        probe=_probe_name(probe),
        machine=machine,
    )


@contextlib.contextmanager
def _nodes(directory: Path) -> Iterator[Path]:
    """An empty folder in ``directory``, where nothing is left when the block ends."""
    with storage_errors("make the nodes' folder"):
        made = Path(tempfile.mkdtemp(dir=directory, prefix="lightship-bench-"))
    try:
        yield made
    finally:
        remove(made)


def _opened(stack: contextlib.ExitStack, reference: Reference, request: BenchRequest, place: Path) -> PlainImage:
    return stack.enter_context(
        open_image(reference, request.platform, access=request.access, docker_host=request.docker_host, temporary=place)
    )


def _labelled(images: Sequence[Image]) -> Probe | None:
    """The probe that the labels of the first image tell which has one."""
    for image in images:
        found = read_probe_labels(config_of(image).runtime.labels)
        if found is not None:
            return load_probe(http=found.http, timeout_s=found.timeout_s, command=found.command)
    return None


def _staged(
    number: int, name: str, image: Image, reference: Reference, request: BenchRequest, cache: Cache, progress: Progress
) -> Staged:
    staged = stage(
        image,
        cache,
        repository=f"bench/image-{number}",
        tag="measured",
        mirror=reference.transport == "docker",
        jobs=request.jobs,
        progress=progress,
    )
    if staged.compressed_here:
        progress.note(f"{name}: plain layers were compressed as a push does (gzip -6), before measuring")
    return staged


@dataclass(frozen=True, slots=True, kw_only=True)
class _Subject:
    """An image that is served; ``sandbox`` starts it, None where nothing is to be started."""

    name: str
    staged: Staged
    sandbox: Sandbox | None = None

    def address(self, registry: str) -> ImageName:
        return ImageName(registry=registry, repository=self.staged.served.repository, tag=self.staged.served.tag)


@contextlib.contextmanager
def _linked(link: Link, registry: Registry) -> Iterator[str]:
    """Where the registry is reached over ``link``."""
    if link.is_free:
        yield str(registry)
        return
    with LinkProxy(link, (registry.host, registry.port)) as proxy:
        yield f"{proxy.address[0]}:{proxy.address[1]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Measured:
    round: Round
    pulled: Pulled
    unpacked_bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """The rounds of one request; every call of `measure` is a node of its own, which is gone afterwards."""

    request: BenchRequest
    probe: Probe | None
    place: Path
    direct: str
    linked: str
    before: _Subject | None

    def measure(self, subject: _Subject) -> _Measured:
        """One round of ``subject``."""
        os.sync()  # what the round before wrote and removed is not to be finished in this one's time
        with scratch(self.place) as where, Unpacker() as unpacker:
            node = Node(where)
            # proxies and credentials are for registries of this world; the one that is measured is in this process
            access = RegistryAccess(jobs=_range_jobs(self.request.parallel))
            if self.before is not None:
                self._prepare(node, subject, access)
            name, parallel = subject.address(self.linked), self.request.parallel
            brought = node.bring(name, access, unpacker, parallel=parallel)
            pulled, rootfs = brought.pulled, brought.rootfs
            unpacked_bytes, files = _size_of(rootfs)
            started = Round(pull_s=brought.pull_s, unpack_s=brought.unpack_s, unpacking_s=brought.unpacking_s)
            if subject.sandbox is not None and self.probe is not None:
                if self.request.cold:
                    drop_cached(rootfs)
                started = self._started(subject, subject.sandbox, rootfs, pulled, started, self.probe)
        return _Measured(round=started, pulled=pulled, unpacked_bytes=unpacked_bytes, files=files)

    def imports(self, subject: _Subject) -> tuple[ImportNode, ...]:
        """The dearest imports of one more start, watched; outside of all that is compared."""
        if subject.sandbox is None or self.probe is None or self.probe.http is None:
            return ()
        with scratch(self.place) as where:
            node = Node(where)
            pulled = node.pull(subject.address(self.direct), RegistryAccess())
            rootfs = node.unpack(pulled.layers)
            launch, cold = self.request.launch, self.request.cold
            return dearest(measure(subject.sandbox, rootfs, pulled.runtime, launch, self.probe, cold=cold).imports)

    def _prepare(self, node: Node, subject: _Subject, access: RegistryAccess) -> None:
        """Put the earlier image on ``node``: its blobs, and unpacked what is the same from the bottom on."""
        before = self.before
        if before is not None:
            had = node.pull(before.address(self.direct), access)
            shared = shared_layers(before.staged.diff_ids, subject.staged.diff_ids)
            if shared:
                node.unpack(had.layers[:shared])

    def _started(
        self, subject: _Subject, sandbox: Sandbox, rootfs: Path, pulled: Pulled, so_far: Round, probe: Probe
    ) -> Round:
        try:
            outcome = start_to_ready(sandbox, rootfs, pulled.runtime, self.request.launch, probe)
        except FindingError as error:
            raise FindingError(f"{subject.name}: {error}", hint=error.hint) from error
        return replace(
            so_far,
            start_s=outcome.start_s if probe.http is not None else None,
            ready_s=outcome.ready_s,
            first_request_s=outcome.checks[0].seconds if probe.requests else None,
            checks=outcome.checks,
        )


def _range_jobs(parallel: int) -> int:
    """How many ranges of one layer may come at a time: one, as in engines, which take a connection for each layer. The
    client's pool grows with this number, so that more than eight layers at a time need more."""
    return 1 if parallel <= 8 else (parallel + 1) // 2


def _benched(subject: _Subject, measured: Sequence[_Measured]) -> Benched:
    staged, last = subject.staged, measured[-1]
    return Benched(
        reference=subject.name,
        digest=str(staged.digest),
        layers=len(staged.layers),
        compressed_bytes=staged.compressed_bytes,
        pulled_layers=last.pulled.pulled_layers,
        pulled_bytes=last.pulled.pulled_bytes,
        unpacked_bytes=last.unpacked_bytes,
        files=last.files,
        compressed_here=staged.compressed_here,
        rounds=tuple(each.round for each in measured),
    )


def _size_of(rootfs: Path) -> tuple[int, int]:
    """Bytes of the files below ``rootfs``, several names of one file once; and how many names of what is no directory
    there are, as an analysis counts them."""
    seen: dict[int, int] = {}
    files = 0
    waiting = [str(rootfs)]
    while waiting:
        with contextlib.suppress(PermissionError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(status.st_mode):
                    waiting.append(entry.path)
                    continue
                files += 1
                if stat.S_ISREG(status.st_mode):
                    seen[status.st_ino] = status.st_size
    return sum(seen.values()), files


def _probe_name(probe: Probe | None) -> str | None:
    if probe is None:
        return None
    return probe.http if probe.http is not None else " ".join(probe.command)
