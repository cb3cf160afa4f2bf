"""``lightship verify``: an image opened, unpacked, started, probed and checked; faults are findings, not errors."""

import fnmatch
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

from lightship.errors import ImageError, LightshipError, UsageError
from lightship.findings import Finding, Severity
from lightship.flows.scratch import scratch
from lightship.flows.shelf import find_image
from lightship.flows.verified import CheckSummary, ProbeSummary, VerifyOutcome
from lightship.image.value import PlainImage
from lightship.launch.command import LaunchOptions
from lightship.launch.engine import find_engine
from lightship.launch.probe import Probe, load_probe
from lightship.launch.probe_labels import read_probe_labels
from lightship.launch.processor import check_runs_here
from lightship.oci.config import ImageConfig, Runtime
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.rootfs.unpack import OWNERSHIP, unpack_cached
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.pull import pulled
from lightship.verify.check import Check
from lightship.verify.checks import CHECKS
from lightship.verify.inside_runner import Inside, InsideError
from lightship.verify.interpreter import PythonFacts, ask_python, find_python
from lightship.verify.start import PYTHON_BROKEN, Started, started
from lightship.verify.subject import LockedSide, PlainSide, Subject

__all__ = ["Sides", "VerifyRequest", "verify", "verify_image"]

Sides = Callable[[PythonFacts, Platform], tuple[LockedSide, PlainSide]]
"""What a project says of the image's Python: see `lightship.flows.verify_project`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """One call of ``lightship verify``. ``probe`` None: the image's labels tell. ``only`` and ``skip`` name checks,
    ``ignore`` are patterns of codes, or of ``code:location``."""

    probe: Probe | None = None
    launch: LaunchOptions = field(default_factory=LaunchOptions)
    engine: str | None = None
    platform: str | None = None
    sides: Sides | None = None
    only: tuple[str, ...] = ()
    skip: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: Severity = "error"
    environ: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        known = [check.name for check in CHECKS]
        for name in (*self.only, *self.skip):
            if name not in known:
                raise UsageError(f"no such check: want one of {', '.join(known)}, got {name!r:.80}")

    def wants(self, check: Check) -> bool:
        return check.name not in self.skip and (not self.only or check.name in self.only)


def verify(
    image: str, request: VerifyRequest, cache: Cache, progress: Progress, *, access: RegistryAccess | None = None
) -> VerifyOutcome:
    """Verify the image that ``image`` names, in the cache or in any store.

    Raise InputError for an image that cannot be read, UsageError for one that this machine cannot run, WorldError where
    a store, the sandbox or an engine fails.
    """
    wanted = Platform.parse(request.platform) if request.platform else None
    reference = find_image(image, cache.root, progress=progress)
    docker_host = request.environ.get("DOCKER_HOST")
    began = time.monotonic()
    with ExitStack() as stack:
        temporary = stack.enter_context(scratch(cache.root))
        found = stack.enter_context(
            open_image(reference, wanted, access=access, docker_host=docker_host, temporary=temporary)
        )
        if reference.transport == "docker":  # pulled first, so that unpacking is measured alone
            found = pulled(found, cache, progress=progress)
        return verify_image(found, request, cache, progress, name=image, pull_s=time.monotonic() - began)


def verify_image(
    image: PlainImage, request: VerifyRequest, cache: Cache, progress: Progress, *, name: str, pull_s: float = 0.0
) -> VerifyOutcome:
    """Verify an opened image; as `verify`."""
    config = ImageConfig.parse(image.raw_config)
    check_runs_here(config.platform)
    engine = find_engine(request.engine, env=request.environ or None)
    sandbox = engine.admit(image, progress=progress)
    began = time.monotonic()
    rootfs = unpack_cached(image.layers, cache.root / "rootfs", progress=progress)
    unpack_s = time.monotonic() - began
    probe = request.probe or _labelled(config.runtime)
    outcome = VerifyOutcome(
        image=name,
        digest=str(Digest.of(image.raw_manifest)),
        platform=str(config.platform),
        python=None,
        engine=engine.name,
        pull_s=pull_s,
        unpack_s=unpack_s,
        fail_on=request.fail_on,
    )
    begun = _started(sandbox, rootfs, config.runtime, request.launch, probe, progress)
    probes = tuple(
        ProbeSummary(name=check.name, ok=check.ok, seconds=check.seconds, detail=check.detail) for check in begun.checks
    )
    outcome = replace(outcome, start_s=begun.start_s, ready_s=begun.ready_s, probes=probes)
    subject, unlearned = _subject(rootfs, config, request, probe)
    findings = [*begun.findings, *unlearned]
    checks = tuple(_checked(subject, request, findings, progress))
    kept = tuple(finding for finding in dict.fromkeys(findings) if not _is_ignored(finding, request.ignore))
    return replace(
        outcome,
        python=subject.python.version if subject.python else None,
        checks=checks,
        findings=kept,
        compared_with=_compared_with(subject),
    )


def _labelled(runtime: Runtime) -> Probe | None:
    settings = read_probe_labels(runtime.labels)
    if settings is None:
        return None
    return load_probe(http=settings.http, timeout_s=settings.timeout_s, command=settings.command)


def _started(
    sandbox: Sandbox, rootfs: Path, runtime: Runtime, options: LaunchOptions, probe: Probe | None, progress: Progress
) -> Started:
    progress.start("start and probe")
    try:
        return started(sandbox, rootfs, runtime, options, probe)
    finally:
        progress.finish("start and probe")


def _subject(
    rootfs: Path, config: ImageConfig, request: VerifyRequest, probe: Probe | None
) -> tuple[Subject, list[Finding]]:
    """What the checks see. They run in the embedded sandbox, whatever engine started the application: they look at
    the image and need binds from outside."""
    inside = Inside(sandbox=_own_sandbox(), rootfs=rootfs, runtime=config.runtime, options=request.launch)
    python, findings = None, []
    found = find_python(rootfs, config.runtime)
    if found is not None:
        try:
            python = ask_python(inside, found)
        except InsideError as error:
            findings.append(_broken_python(found, error))
    subject = Subject(
        rootfs=rootfs,
        platform=config.platform,
        runtime=config.runtime,
        inside=inside,
        python=python,
        probe=probe,
        owners=_owners(rootfs),
    )
    if request.sides is not None and python is not None:
        subject.locked, subject.plain = request.sides(python, config.platform)
    return subject, findings


def _own_sandbox() -> Sandbox:
    from lightship.sandbox.bubblewrap import Bubblewrap

    return Bubblewrap.find()


def _broken_python(path: str, error: LightshipError) -> Finding:
    return PYTHON_BROKEN.finding(str(error), location=path, fix=f"look: lightship run --entrypoint {path} IMAGE")


def _owners(rootfs: Path) -> dict[str, tuple[int, int]]:
    """uid and gid of what is not plainly root's, which the unpacked tree does not hold."""
    try:
        document = json.loads((rootfs.parent / OWNERSHIP).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ImageError(f"the unpacked image's {OWNERSHIP} cannot be read: {error}") from error
    return {str(path): (int(entry[2]), int(entry[3])) for path, entry in document["paths"].items()}


def _checked(
    subject: Subject, request: VerifyRequest, findings: list[Finding], progress: Progress
) -> Iterator[CheckSummary]:
    for check in CHECKS:
        if not request.wants(check):
            continue
        why = _why_not(check, subject)
        if why:
            yield CheckSummary(name=check.name, findings=0, seconds=0.0, skipped=why)
            continue
        task = f"check {check.name}"
        progress.start(task)
        began = time.monotonic()
        try:
            found = list(check.run(subject))
        except InsideError as error:
            found = [_broken_python(subject.python.executable if subject.python else "", error)]
        findings += found
        progress.finish(task)
        yield CheckSummary(name=check.name, findings=len(found), seconds=time.monotonic() - began)


def _why_not(check: Check, subject: Subject) -> str:
    if check.needs_python and subject.python is None:
        return "the image has no Python that starts"
    return ""


def _is_ignored(finding: Finding, patterns: Sequence[str]) -> bool:
    names = (finding.code, f"{finding.code}:{finding.location}")
    return any(fnmatch.fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _compared_with(subject: Subject) -> str:
    if subject.plain is not None:
        return "the locked wheels, unpacked as they are, over the same base"
    return "the image's own metadata: RECORD and what is installed"
