"""The making of an image's lower part: wheels and base to layers; everything that a changed line leaves as it was."""

import json
from collections.abc import Callable, Iterable, Sequence
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
from lightship.errors import LightshipError
from lightship.findings import Finding
from lightship.flows.application_layers import environment_recipe
from lightship.flows.bytecode_layers import bytecode_findings, bytecode_maker
from lightship.flows.foundation import Foundation
from lightship.flows.ground import Ground
from lightship.flows.layers import MadeLayer, make_layers, planned
from lightship.flows.lower import CompilerRoot, Lower, LowerLayer
from lightship.flows.needs import closure_findings, dlopen_findings, find_closure, read_facts, unread_findings
from lightship.flows.outcome import LayerSummary
from lightship.flows.phases import Phases
from lightship.flows.project_files import application_mode, entrypoint_programs
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.flows.sources import local_sources
from lightship.flows.startup import (
    StartupModules,
    adopted_modules,
    first_files,
    on_machine,
    read_startup_lock,
    startup_modules,
)
from lightship.flows.top import application_recipes, finish, image_terms, layer_style
from lightship.flows.tracing import trace_key, traced_start
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.plan.drop import DropOptions
from lightship.plan.explain import explain
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import BuildPlan, Entry
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.store.select import host_platform

__all__ = ["Making"]


class Making:
    """One build's values, each made when it is first needed. ``stack`` closes what they hold open; ``kin`` gives the
    lower part of the image for this machine, where the same command builds it and this one is for another. ``fresh``
    are the layers that it made, those of the image whose start is traced among them."""

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
        kin: Callable[[], Lower | None] = lambda: None,
    ) -> None:
        self.request = request
        self.options = request.options
        self.project = project
        self.application = application
        self.cache = cache
        self.progress = progress
        self.phases = phases
        self.findings: list[Finding] = []
        self.foundation = stack.enter_context(Foundation(request, platform, cache, progress))
        self.style = layer_style(request)
        self._find_kin = kin
        self._compiler: CompilerRoot | None = None
        self._traced_for = ""
        self.fresh: set[Digest] = set()
        self._files: dict[str, tuple[Entry, ...]] = {}

    def lower(self) -> Lower:
        """Make every layer below the application."""
        mode, startup = self._bytecode_mode()
        return self._lower(mode, startup)

    def plan(self) -> str:
        """The plan as JSON: every file, its layer and why it is there; every path that was left out."""
        mode, startup = self._bytecode_mode()
        lower = self._rooted(mode, startup)
        maker = bytecode_maker(lower, self.request, self.cache, self.progress)
        own = application_recipes(lower, self.application, self.request, maker)
        recipes = (*self._recipes(lower), *own)
        plans = [plan for recipe in recipes if (plan := planned(recipe)).entries]
        history = [plan.created_by for plan in plans]
        config, notes = image_terms(lower, self.request, self.project, history)
        document = BuildPlan(platform=lower.platform, layers=tuple(plans), config=config, annotations=notes)
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
        own = application_mode(self.options, self.request.project) == "wheel"
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
                own=self.project if application_mode(self.options, self.request.project) == "wheel" else None,
                findings=self.findings,
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
            converts = any(each.converts_text for each in facts.values()) or self.application.programs
            ground = self.foundation.ground(closure, programs=programs, text_conversion=converts)
        self.findings += unread_findings(facts)
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

    def _recipes(self, lower: Lower) -> tuple[LayerRecipe, ...]:
        """All layers below the application, bottom first; ``lower`` holds those that the interpreter runs in."""
        environment = environment_recipe(self.scheme, self.foundation.interpreter)
        packages = self.planner.recipes()
        if lower.mode == "none":
            return (*self.ground.recipes, environment, *packages)
        maker = bytecode_maker(lower, self.request, self.cache, self.progress)
        stdlib = maker.stdlib(self.ground.stdlib, self.ground.cache_key)
        compiled = maker.packages(
            self.planner.units(), self.planner.context, self._package_files, sources=self.planner.sources
        )
        return (*self.ground.recipes, stdlib, environment, *packages, *compiled)

    def _lower(self, mode: BytecodeMode, startup: Sequence[str]) -> Lower:
        self.style = layer_style(self.request, self._first_files(startup))
        rooted = self._rooted(mode, startup)
        recipes = self._recipes(rooted)
        made = self._layers(recipes)
        findings = (
            *self.findings,
            *bytecode_findings(recipes, self.cache),
            *collision_findings(self.planner.collisions),
        )
        return replace(
            rooted,
            layers=(*self._taken, *(replace(LowerLayer.of(layer), summary=self._summary(layer)) for layer in made)),
            findings=tuple(dict.fromkeys(findings)),
        )

    @property
    def _taken(self) -> tuple[LowerLayer, ...]:
        """The layers of a base image."""
        return tuple(LowerLayer(summary=summary) for summary in self.ground.summaries)

    def _rooted(self, mode: BytecodeMode, startup: Sequence[str]) -> Lower:
        """The lower part with no layers but those that the interpreter needs to compile."""
        base = self._layers(self.ground.recipes) if mode != "none" and self._compiler is None else ()
        layers = (*self._taken, *map(LowerLayer.of, base))
        return Lower(
            platform=self.foundation.platform,
            interpreter=self.foundation.interpreter,
            layers=layers,
            taken=len(self._taken),
            rooted=len(layers),
            root_key=self.ground.cache_key,
            env=dict(self.ground.env),
            history=self.ground.history,
            digest=str(self.ground.digest or ""),
            mode=mode,
            startup=tuple(startup),
            findings=(),
            compiler=self._compiler if mode != "none" else None,
            trace_key=self._traced_for,
            first_files=self._first_files(startup),
        )

    def _first_files(self, startup: Sequence[str]) -> tuple[str, ...]:
        """What a start reads, in that order, where layers care and the lock tells; without a list of opened files, the
        bytecode of its modules."""
        if not startup or self.options.compression != "estargz":
            return ()
        found = read_startup_lock(self.request.project / STARTUP_LOCK)
        if found is None:
            return ()
        tag = f"cpython-{self.foundation.interpreter.target.minor.replace('.', '')}"
        return first_files(found if found.files else replace(found, files=found.modules), cache_tag=tag)

    def _package_files(self, name: str) -> tuple[Entry, ...]:
        if name not in self._files:
            self._files[name] = self.planner.package_files(name)[0]
        return self._files[name]

    def _layers(self, recipes: Iterable[LayerRecipe]) -> tuple[MadeLayer, ...]:
        wanted = tuple(recipes)
        with self.phases("layers"):
            made = make_layers(wanted, self.style, self.cache, jobs=self.request.jobs, progress=self.progress)
        self.fresh.update(layer.built.digest for layer in made if not layer.cached)
        return made

    def _bytecode_mode(self) -> tuple[BytecodeMode, tuple[str, ...]]:
        """The mode, and for ``startup`` the modules of a start; those are traced when no lock tells them."""
        mode = self.options.bytecode_mode
        if mode == "none":
            return mode, ()
        if self.foundation.is_foreign:
            try:
                kin = self.kin
                self._compiler = self.foundation.compiler(kin.own_compiler if kin is not None else None)
            except LightshipError as error:
                self.findings.append(_not_compiled(self.foundation.platform, error))
                return "none", ()
        return self._startup() if mode == "startup" else (mode, ())

    @cached_property
    def kin(self) -> Lower | None:
        """The lower part of the image for this machine, with what its start showed."""
        found = self._find_kin()
        return found if found is not None and found.mode != "none" else None

    def _startup(self) -> tuple[BytecodeMode, tuple[str, ...]]:
        lock, key = self.request.project / STARTUP_LOCK, trace_key(self.request, self.planner)
        self._traced_for = key
        machine = self.foundation.interpreter.target.platform.machine
        if self.foundation.is_foreign:
            kin = self.kin
            traced = StartupModules(keys=(kin.trace_key,), modules=kin.startup) if kin and kin.trace_key else None
            adopted = adopted_modules(lock, key, traced, progress=self.progress)
            if adopted is None:
                self.findings.append(_not_traced(self.foundation.platform))
                return "all", ()
            return "startup", on_machine(adopted, machine)
        found = startup_modules(
            lock,
            key,
            self._trace,
            retrace=self.request.retrace,
            allow_stale=self.options.allow_stale_trace,
            findings=self.findings,
            progress=self.progress,
        )
        return "startup", on_machine(found.modules, machine)

    def _trace(self) -> StartupModules:
        plain = self._lower("none", ())
        image, outcome = finish(
            plain, self.request, self.project, self.application, self.cache, self.progress, self.phases
        )
        self.fresh.update(Digest.parse(layer.digest) for layer in outcome.layers if not layer.cached)
        with self.phases("trace"):
            return traced_start(image, self.request, self.scheme.purelib, self.cache.root / "rootfs", self.progress)

    def _summary(self, layer: MadeLayer) -> LayerSummary:
        """``cached`` means made by an earlier build, not earlier in this one."""
        return replace(layer.summary, cached=layer.built.digest not in self.fresh)


def _missing(name: str, why: str) -> Finding:
    return Finding(
        code="library-missing",
        severity="warning",
        title="a library that no package of the archive has",
        message=f"{name} is in no package of the archive: {why}",
        fix="if it is used: provide it with system-packages or a base image",
    )


def _not_compiled(platform: Platform, error: LightshipError) -> Finding:
    return Finding(
        code="bytecode-foreign",
        severity="warning",
        title="no bytecode for a foreign machine",
        message=f"bytecode for {platform} needs the same CPython on this machine, and there is none: {error}",
        fix=error.hint or "build on a machine of that architecture: every cold start compiles what it imports",
    )


def _not_traced(platform: Platform) -> Finding:
    return Finding(
        code="trace-foreign",
        severity="warning",
        title="a start that cannot be traced here",
        message=f"{platform} does not run on this machine and {STARTUP_LOCK} has no modules for it: all bytecode is in",
        fix=f"build {platform} and {host_platform()} with one command, or commit a {STARTUP_LOCK} that was written so",
    )
