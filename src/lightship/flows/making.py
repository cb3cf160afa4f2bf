"""The making of an image: wheels and base to layers, layers to an image; everything that a remembered build spares."""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from lightship.build.application import Application
from lightship.build.bytecode import BytecodeMode
from lightship.build.collisions import collision_findings
from lightship.build.packages import PackagePlanner, Transform, WheelFile
from lightship.build.wheel_facts import WheelFacts
from lightship.ecosystem.python.interpreter import Scheme
from lightship.ecosystem.python.locked import Selection
from lightship.ecosystem.python.project import Project
from lightship.findings import Finding
from lightship.flows.application_layers import (
    application_recipe,
    entrypoint_programs,
    environment_recipe,
)
from lightship.flows.bytecode_layers import BytecodeMaker, bytecode_findings
from lightship.flows.deliver import reference_of
from lightship.flows.foundation import Foundation
from lightship.flows.ground import Ground
from lightship.flows.image_config import annotations, image_config, rfc3339
from lightship.flows.layers import LayerStyle, MadeLayer, make_layers, merge_drops, planned
from lightship.flows.needs import closure_findings, dlopen_findings, find_closure, read_facts
from lightship.flows.outcome import BuildOutcome, LayerSummary
from lightship.flows.phases import Phases
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.flows.sources import local_sources
from lightship.flows.startup import startup_modules
from lightship.image.blobs import from_blobs
from lightship.image.value import PlainImage
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.plan.assemble import DEFAULT_MTIME
from lightship.plan.drop import DropOptions
from lightship.plan.explain import explain
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import BuildPlan, Entry
from lightship.progress import Progress
from lightship.sandbox.protocol import Sandbox
from lightship.store.cache import Cache, cache_key

__all__ = ["Making"]


class Making:
    """One build's values, each made when it is first needed. ``stack`` closes what they hold open."""

    def __init__(
        self,
        request: BuildRequest,
        project: Project,
        application: Application,
        platform: Platform,
        cache: Cache,
        progress: Progress,
        phases: Phases,
        stack: ExitStack,
    ) -> None:
        self.request = request
        self.options = request.options
        self.project = project
        self.application = application
        self.cache = cache
        self.progress = progress
        self.phases = phases
        self.findings: list[Finding] = list(application.findings)
        self.foundation = stack.enter_context(Foundation(request, platform, cache, progress))
        self.style = LayerStyle(
            compression=self.options.compression,
            level=self.options.level,
            mtime=DEFAULT_MTIME if request.epoch is None else request.epoch,
        )
        self._fresh: set[Digest] = set()
        self._files: dict[str, tuple[Entry, ...]] = {}

    def image(self) -> tuple[PlainImage, BuildOutcome]:
        """Make every layer, and the image of them."""
        mode, startup = self._bytecode_mode()
        self._base_layers = self._layers(self.ground.recipes)
        recipes = self._recipes(mode, startup)
        layers = self._layers(recipes)
        self.findings += bytecode_findings(recipes, self.cache)
        with self.phases("image"):
            image = self._compose(layers)
            outcome = self._outcome(image, layers)
        return image, outcome

    def plan(self) -> str:
        """The plan as JSON: every file, its layer and why it is there; every path that was left out."""
        mode, startup = self._bytecode_mode()
        plans = [plan for recipe in self._recipes(mode, startup) if (plan := planned(recipe)).entries]
        document = BuildPlan(
            platform=self.foundation.platform,
            layers=tuple(plans),
            config=self._config([plan.created_by for plan in plans]),
            annotations=self._annotations(),
        )
        return json.dumps(explain(document), indent=1, ensure_ascii=False)

    @cached_property
    def scheme(self) -> Scheme:
        return Scheme(prefix=self.options.prefix.strip("/"), minor=self.foundation.interpreter.target.minor)

    @cached_property
    def selection(self) -> Selection:
        from lightship.flows.wheels import select_packages

        with self.phases("plan"):
            selection = select_packages(self.project, self.foundation.interpreter.target, self.options, self.cache)
        for note in selection.notes:
            self.progress.note(note)
        return selection

    @property
    def sources(self) -> tuple[Path, ...]:
        """What was read beside the project's files and its lock."""
        own = self.options.application == "wheel"
        return local_sources(self.project, self.project.lock(self.options.lock), self.selection, own=own)

    @cached_property
    def wheels(self) -> tuple[WheelFile, ...]:
        from lightship.flows.wheels import gather_wheels

        selection = self.selection
        with self.phases("fetch"):
            return gather_wheels(
                selection,
                self.foundation.interpreter.target,
                self.foundation.index_settings(selection),
                self.foundation.wheel_builder(selection),
                self.cache,
                own=self.project if self.options.application == "wheel" else None,
                jobs=self.request.jobs,
                progress=self.progress,
            )

    @cached_property
    def facts(self) -> dict[str, WheelFacts]:
        wheels = self.wheels
        with self.phases("closure"):
            return read_facts(wheels, self.cache, jobs=self.request.jobs)

    @cached_property
    def ground(self) -> Ground:
        """What the packages stand on: the base, closed over what they need."""
        facts = self.facts
        with self.phases("closure"):
            closure = find_closure(facts, self.scheme, self.foundation.interpreter.target)
            programs = entrypoint_programs(self.application, self.options)
            ground = self.foundation.ground(closure, programs=programs)
        self.findings += closure_findings(closure)
        self.findings += dlopen_findings(facts, ground.libraries)
        self.findings += [_missing(name, why) for name, why in ground.missing.items()]
        for note in ground.notes:
            self.progress.note(note)
        return ground

    @cached_property
    def planner(self) -> PackagePlanner:
        wheels = self.wheels
        with self.phases("plan"):
            transform, transform_key = self._transform()
            return PackagePlanner(
                wheels,
                scheme=self.scheme,
                target=self.foundation.interpreter.target,
                cache=self.cache,
                drop=DropOptions(max_safety=self.options.safety, keep=self.options.keep, drop=self.options.drop),
                imports=self.application.imports,
                transform=transform,
                transform_key=transform_key,
            )

    def _transform(self) -> tuple[Transform | None, str]:
        from lightship.flows.stripping import STRIPPING_KEY, stripping

        return (stripping(self.cache), STRIPPING_KEY) if self.options.strip else (None, "")

    def _recipes(self, mode: BytecodeMode, startup: Sequence[str]) -> tuple[LayerRecipe, ...]:
        plain = self._plain_recipes()
        if mode == "none":
            return plain
        maker = self._maker(mode, startup)
        own = maker.application(self.application.entries)
        units, context = self.planner.units(), self.planner.context
        packages = maker.packages(units, context, self._package_files)
        stdlib = maker.stdlib(self.ground.stdlib, self.ground.cache_key)
        lowest = len(self.ground.recipes)
        # The application is on top: its layers change most often, and an engine unpacks anew what lies above a change.
        return (*plain[:lowest], stdlib, *plain[lowest:-1], *packages, plain[-1], own)

    def _plain_recipes(self) -> tuple[LayerRecipe, ...]:
        """Everything but bytecode, bottom first; the application is last."""
        packages = self.planner.recipes()
        environment = environment_recipe(self.scheme, self.foundation.interpreter)
        application = application_recipe(self.application, self.options)
        return (*self.ground.recipes, environment, *packages, application)

    def _package_files(self, name: str) -> tuple[Entry, ...]:
        if name not in self._files:
            self._files[name] = self.planner.package_files(name)[0]
        return self._files[name]

    def _maker(self, mode: BytecodeMode, startup: Sequence[str]) -> BytecodeMaker:
        return BytecodeMaker(
            interpreter=self.foundation.interpreter,
            rootfs=self._base_rootfs,
            rootfs_key=self.ground.cache_key,
            sandbox=self._sandbox,
            cache=self.cache,
            mode=mode,
            startup=frozenset(startup),
            jobs=self.request.jobs,
            progress=self.progress,
        )

    def _base_rootfs(self) -> Path:
        from lightship.rootfs.unpack import unpack_cached

        made = self._layers(self.ground.recipes)
        layers = [*self.ground.layers, *(layer.layer for layer in made)]
        return unpack_cached(layers, self.cache.root / "rootfs", progress=self.progress)

    def _sandbox(self) -> Sandbox:
        from lightship.sandbox.bubblewrap import Bubblewrap

        return Bubblewrap.find()

    def _layers(self, recipes: Iterable[LayerRecipe]) -> tuple[MadeLayer, ...]:
        wanted = tuple(recipes)
        with self.phases("layers"):
            made = make_layers(wanted, self.style, self.cache, jobs=self.request.jobs, progress=self.progress)
        self._fresh.update(layer.built.digest for layer in made if not layer.cached)
        return made

    def _bytecode_mode(self) -> tuple[BytecodeMode, tuple[str, ...]]:
        """The mode, and for ``startup`` the modules of a start; those are traced when no lock tells them."""
        mode = self.options.bytecode_mode
        if mode != "none" and self.foundation.is_foreign:
            self.findings.append(_not_compiled(self.foundation.platform))
            return "none", ()
        if mode != "startup":
            return mode, ()
        lock = self.request.project / STARTUP_LOCK
        modules = startup_modules(
            lock, self._trace_key(), self._trace, retrace=self.request.retrace, progress=self.progress
        )
        return mode, modules

    def _trace_key(self) -> str:
        options = self.options
        requests = self.request.project / options.probe_requests if options.probe_requests else None
        asked = requests.read_bytes() if requests is not None and requests.is_file() else None
        probe = (options.probe_http, asked, *options.probe_command)
        packages = (part for unit in self.planner.units() for part in (unit.name, unit.key))
        env = (part for pair in sorted(options.env.items()) for part in pair)
        started = (*options.entrypoint, "|", *options.cmd, "|", *probe, "|", options.workdir, *env)
        return cache_key("startup", 1, self.planner.context, *started, *packages)

    def _trace(self) -> tuple[str, ...]:
        from lightship.flows.launch import LaunchOptions
        from lightship.flows.probe import load_probe
        from lightship.flows.trace import trace_start
        from lightship.rootfs.unpack import unpack_cached

        layers = self._layers(self._plain_recipes())
        image = self._compose(layers)
        options = self.options
        probe = load_probe(
            http=options.probe_http,
            timeout_s=options.probe_timeout,
            requests=self.request.project / options.probe_requests if options.probe_requests else None,
            command=options.probe_command,
        )
        with self.phases("trace"):
            rootfs = unpack_cached(image.layers, self.cache.root / "rootfs", progress=self.progress)
            runtime = ImageConfig.parse(image.raw_config).runtime
            traced = trace_start(
                self._sandbox(), rootfs, runtime, LaunchOptions(env=options.probe_env), probe, progress=self.progress
            )
        return traced.modules

    def _compose(self, layers: Sequence[MadeLayer]) -> PlainImage:
        base = self.ground.digest or layers[0].built.digest
        notes = self._annotations() | {"org.opencontainers.image.base.digest": str(base)}
        config = self._config([layer.created_by for layer in layers])
        return from_blobs([*self.ground.layers, *(layer.layer for layer in layers)], config, notes)

    def _annotations(self) -> dict[str, str]:
        return annotations(
            self.options,
            name=self.options.name or self.project.name,
            version=self.project.version,
            created=rfc3339(self.style.mtime),
            environ=self.request.environ,
        )

    def _config(self, history: Sequence[str]) -> dict[str, object]:
        return image_config(
            self.options,
            self.foundation.interpreter,
            created=rfc3339(self.style.mtime),
            history=history,
            labels=self._annotations(),
            base_env=self.ground.env,
            base_history=self.ground.history,
        )

    def _summary(self, layer: MadeLayer) -> LayerSummary:
        """``cached`` means made by an earlier build, not earlier in this one."""
        return replace(layer.summary, cached=layer.built.digest not in self._fresh)

    def _outcome(self, image: PlainImage, layers: Sequence[MadeLayer]) -> BuildOutcome:
        findings = (
            *self.findings,
            *collision_findings(self.planner.collisions),
        )
        return BuildOutcome(
            reference=reference_of(self.request),
            digest="",
            outputs=(),
            platform=str(self.foundation.platform),
            python=self.foundation.interpreter.target.python,
            layers=(*self.ground.summaries, *map(self._summary, layers)),
            dropped=merge_drops(layers),
            findings=tuple(dict.fromkeys(findings)),
            kept_because=_explanation(layers, image, self.cache),
        )


def _explanation(layers: Sequence[MadeLayer], image: PlainImage, cache: Cache) -> Path:
    """One JSON file for the image: the layers' explanations, one after the other."""
    key = cache_key("explanation", image.raw_manifest)
    with cache.write("explanations", key) as stream:
        stream.write(b'{"schema":"lightship/plan/1","layers":[\n')
        for number, layer in enumerate(layers):
            stream.write((b",\n" if number else b"") + layer.explanation.read_bytes())
        stream.write(b"\n]}\n")
    return cache.path("explanations", key)


def _missing(name: str, why: str) -> Finding:
    return Finding(
        code="library-missing",
        severity="warning",
        title="a library that no package of the archive has",
        message=f"{name} is in no package of the archive: {why}",
        fix="if it is used: provide it with system-packages or a base image",
    )


def _not_compiled(platform: Platform) -> Finding:
    return Finding(
        code="bytecode-foreign",
        severity="warning",
        title="no bytecode for a foreign machine",
        message=f"bytecode is compiled by the target's own interpreter, and {platform} does not run on this machine",
        fix="build on a machine of that architecture: every cold start compiles what it imports",
    )
