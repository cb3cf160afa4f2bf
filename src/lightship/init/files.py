"""Which files a project gets, and their text."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from lightship.ecosystem.dockerignore import Ignore
from lightship.ecosystem.project.detect import ProjectFacts
from lightship.ecosystem.project.files import ProjectFiles
from lightship.init.choices import Choices
from lightship.init.context import context_of
from lightship.init.front_end import FrontEndStage
from lightship.init.render import render, script_text

__all__ = ["PARTS", "PLACEHOLDERS", "NginxRules", "Part", "PlannedFile", "plan_files"]

Part = Literal["dockerfile", "dockerignore", "config", "makefile", "workflow", "nginx", "kubernetes"]
PARTS: tuple[Part, ...] = ("dockerfile", "dockerignore", "config", "makefile", "workflow", "nginx", "kubernetes")

PLACEHOLDERS = ("git.example", "your-organisation/lightship")
"""Names in the files that only a person can put right: where a copy of this program and of its action is."""
_MANIFESTS = "deploy/kubernetes/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedFile:
    """One file: its path in the project, its text, what it is part of, and what it is for in a few words."""

    part: Part
    path: str
    text: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxRules:
    """What nginx is told of static files wherever it serves them, as lines: maps that set ``$lightship_cache_control``,
    media types, those that are ``compressed``, and locations before the one that answers with a page."""

    cache_maps: tuple[str, ...]
    types: tuple[str, ...]
    compressed: str
    locations: tuple[str, ...]


def plan_files(
    facts: ProjectFacts, choices: Choices, files: ProjectFiles, only: tuple[Part, ...] = PARTS, *, nginx: NginxRules
) -> tuple[PlannedFile, ...]:
    """The files of the parts ``only``, in the order of `PARTS`. Nothing is written."""
    context = {**context_of(facts, choices, files), "nginx": nginx}
    return tuple(each for each in _all(context, files) if each.part in only)


def _all(context: dict[str, object], files: ProjectFiles) -> Iterator[PlannedFile]:
    python = bool(context["python"])
    yield _file("dockerfile", "Dockerfile", "Dockerfile.j2", context, "the image, in stages")
    if python:
        for name, purpose in _scripts(context):
            text = script_text(name)
            yield PlannedFile(part="dockerfile", path=f"deploy/{name}.py", text=text, purpose=purpose)
    yield _ignored(context, files)
    if python:
        yield _file("config", "lightship.toml", "lightship.toml.j2", context, "the same image for lightship build")
    yield _file("makefile", "Makefile", "Makefile.j2", context, "make image, run, lint, check")
    jobs = {**context, "jobs": _jobs(context)}
    yield _file("workflow", ".github/workflows/image.yml", "workflow.yml.j2", jobs, "build, budget, push by digest")
    if context["static_front_ends"]:
        yield _file("nginx", "deploy/nginx.conf", "nginx.conf.j2", context, "the front end's files and the proxy")
    yield from _kubernetes(context)


def _scripts(context: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What the Dockerfile runs in a project of Python: name and purpose."""
    yield "slim", "run by the Dockerfile: what ships"
    if context["starts"]:
        yield "start", "run by the Dockerfile: modules of a start"


def _ignored(context: dict[str, object], files: ProjectFiles) -> PlannedFile:
    """``.dockerignore``; where there is one that leaves out what the Dockerfile copies, ``Dockerfile.dockerignore``,
    which BuildKit prefers (https://docs.docker.com/build/concepts/context/#filename-and-location), with all its other
    lines."""
    text = render("dockerignore.j2", context)
    own = files.text(".dockerignore")
    needed = [f"{front.prefix}package.json" for front in cast("tuple[FrontEndStage, ...]", context["front_ends"])]
    needed += [f"deploy/{name}.py" for name, _ in _scripts(context)] if context["python"] else []
    path = ".dockerignore"
    if own and own != text and any(Ignore.parse(own).matches(each) for each in needed):
        path = "Dockerfile.dockerignore"
        lines = [line for line in own.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        kept = [line for line in lines if not any(Ignore.parse(line).matches(each) for each in needed)]
        text += "\n".join(["# of .dockerignore, without what the Dockerfile copies", *kept]) + "\n"
    return PlannedFile(part="dockerignore", path=path, text=text, purpose="what is not sent to the builder")


def _file(
    part: Part, path: str, template: str, context: dict[str, object], purpose: str, **more: object
) -> PlannedFile:
    return PlannedFile(part=part, path=path, text=render(template, {**context, **more}), purpose=purpose)


def _fronts(context: Mapping[str, object]) -> tuple[FrontEndStage, ...]:
    """Front ends that are served by an image of their own."""
    both = (context["static_front_ends"], context["server_front_ends"])
    return tuple(each for kind in both for each in cast("tuple[FrontEndStage, ...]", kind))


def _jobs(context: Mapping[str, Any]) -> list[dict[str, object]]:
    """One job an image, so that front end and back end are built side by side on runners of their own."""
    jobs: list[dict[str, object]] = []
    if context["python"]:
        memory = {"memory_mb": context["demand"].one_by_one_mb}
        jobs.append({"name": "backend", "title": "the application", "target": "", "suffix": "", **memory})
    for front in _fronts(context):
        suffix = f"-{front.target}" if context["python"] else ""
        target = front.target if context["python"] else ""
        job = {"name": front.target, "title": f"the front end: {front.title}", "target": target, "suffix": suffix}
        jobs.append({**job, "memory_mb": front.heap_mb})
    return jobs or [{"name": "image", "title": "the image", "target": "", "suffix": "", "memory_mb": 0}]


def _kubernetes(context: dict[str, Any]) -> Iterator[PlannedFile]:
    name, images, resources = context["name"], [], []
    if context["python"]:
        images.append(name)
        resources.append("app.yaml")
        yield _file("kubernetes", f"{_MANIFESTS}app.yaml", "kubernetes/app.yaml.j2", context, "the service")
        for role, found, job, comment in _roles(context):
            if not job:
                resources.append(f"{role}.yaml")
            yield _file(
                "kubernetes", f"{_MANIFESTS}{role}.yaml", "kubernetes/command.yaml.j2", context, comment[0],
                role=role, role_command=list(found.command), job=job, comment=comment[1],
            )  # fmt: skip
        pull = ["python", "-c", "pass"]
        yield _file(
            "kubernetes", f"{_MANIFESTS}prepull.yaml", "kubernetes/prepull.yaml.j2", context,
            "the image on every node before a rollout", pull_command=pull,
        )  # fmt: skip
    for front in _fronts(context):
        own = f"-{front.target}" if context["python"] else ""
        images.append(f"{name}{own}")
        resources.append(f"{front.target}.yaml")
        static = front.mode == "static"
        words = {
            "front": front,
            "web_name": f"{context['short_name']}{own}",
            "web_image": f"{name}{own}",
            "web_uid": 101 if static else 1000,
            "web_port": 8080 if static else 3000,
            "web_health": "/healthz" if static else "/",
        }
        path = f"{_MANIFESTS}{front.target}.yaml"
        yield _file("kubernetes", path, "kubernetes/web.yaml.j2", context, "the front end", **words)
    path, template = f"{_MANIFESTS}kustomization.yaml", "kubernetes/kustomization.yaml.j2"
    yield _file(
        "kubernetes", path, template, context, "all of it, and the image's digest", resources=resources, images=images
    )


def _roles(context: Mapping[str, Any]) -> Iterator[tuple[str, Any, bool, tuple[str, str]]]:
    """Commands of the same image beside the service: role, what is run, whether it ends, purpose and comment."""
    if context["migration"] is not None:
        job = f"job/{context['short_name']}-migrate"
        comment = (
            "Once per release and before the rollout, never by each replica:\n"
            f"#   kubectl delete --ignore-not-found {job}\n"
            "#   kubectl apply -f deploy/kubernetes/migrate.yaml\n"
            f"#   kubectl wait --for=condition=complete --timeout=30m {job}"
        )
        yield "migrate", context["migration"], True, ("the migration, once per release", comment)
    if context["worker"] is not None:
        yield "worker", context["worker"], False, ("the worker, from the same image", "The worker, of the same image.")
