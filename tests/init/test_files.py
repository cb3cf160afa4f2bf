"""What is written for each shape of project is well formed, and says what was found."""

import json
import tomllib

import pytest
import yaml
from tests.init.shapes import SHAPES, planned

from lightship.assets.nginx import NginxOptions, nginx_configuration
from lightship.dockerfile.model import Dockerfile
from lightship.dockerfile.parse import parse
from lightship.ecosystem.dockerignore import Ignore
from lightship.ecosystem.project.detect import detect
from lightship.ecosystem.project.files import ProjectFiles
from lightship.flows.init import nginx_rules
from lightship.init.choices import choose_settings
from lightship.init.files import plan_files

PYTHON = sorted(shape for shape, files in SHAPES.items() if not any(path == "package.json" for path in files))


def _dockerfile(shape: str, **given: object) -> Dockerfile:
    return parse(planned(shape, **given)[2]["Dockerfile"].text)


def _text(shape: str, path: str = "Dockerfile", **given: object) -> str:
    return planned(shape, **given)[2][path].text


@pytest.mark.parametrize("shape", SHAPES)
def test_every_dockerfile_is_read_by_the_parser(shape: str) -> None:
    dockerfile = _dockerfile(shape)
    keywords = [each.keyword for each in dockerfile.instructions]
    assert keywords.count("FROM") >= 2
    assert dockerfile.directive("syntax") == "docker/dockerfile:1"
    stages = [
        each.words[-1].text for each in dockerfile.instructions if each.keyword == "FROM" and "AS" in each.argument.text
    ]
    sources = {flag for each in dockerfile.instructions if each.keyword == "COPY" and (flag := each.flag("from"))}
    assert sources <= set(stages), "what is copied from is built before"
    assert all(each.flag("link") is not None for each in dockerfile.instructions if each.keyword == "COPY")


@pytest.mark.parametrize("shape", SHAPES)
def test_the_final_stage_runs_without_rights_and_starts_in_exec_form(shape: str) -> None:
    instructions = _dockerfile(shape).instructions
    last = max(place for place, each in enumerate(instructions) if each.keyword == "FROM")
    users = [each.words[0].text for each in instructions[last:] if each.keyword == "USER"]
    assert users
    assert users[-1] not in ("0", "root")
    assert not [each for each in instructions[last:] if each.keyword == "RUN"]
    for each in instructions[last:]:
        if each.keyword == "ENTRYPOINT":
            assert each.exec_form


@pytest.mark.parametrize("shape", SHAPES)
def test_manifests_and_workflow_are_yaml_and_name_only_what_is_there(shape: str) -> None:
    _, _, files = planned(shape)
    for path, file in files.items():
        if path.endswith((".yaml", ".yml")):
            assert list(yaml.safe_load_all(file.text)), path
    (kustomization,) = yaml.safe_load_all(files["deploy/kubernetes/kustomization.yaml"].text)
    assert all(f"deploy/kubernetes/{name}" in files for name in kustomization["resources"])
    images = {image["name"] for image in kustomization["images"]}
    used = {
        container["image"]
        for path, file in files.items()
        if path.startswith("deploy/kubernetes/") and "kustomization" not in path
        for document in yaml.safe_load_all(file.text)
        if "template" in document.get("spec", {})
        for container in (
            *document["spec"]["template"]["spec"].get("initContainers", ()),
            *document["spec"]["template"]["spec"]["containers"],
        )
    }
    assert {image for image in used if not image.startswith("registry.k8s.io/")} <= images


@pytest.mark.parametrize("shape", SHAPES)
def test_every_pod_is_closed(shape: str) -> None:
    for path, file in planned(shape)[2].items():
        if not path.startswith("deploy/kubernetes/") or "kustomization" in path:
            continue
        for document in yaml.safe_load_all(file.text):
            if "template" not in document.get("spec", {}):
                continue
            pod = document["spec"]["template"]["spec"]
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["automountServiceAccountToken"] is False
            for container in (*pod.get("initContainers", ()), *pod["containers"]):
                closed = container["securityContext"]
                assert closed["readOnlyRootFilesystem"] is True
                assert closed["allowPrivilegeEscalation"] is False
                assert closed["capabilities"] == {"drop": ["ALL"]}
                assert "memory" in container["resources"]["limits"]


def test_the_deployment_has_three_probes_and_never_less_than_its_replicas() -> None:
    deployment = next(yaml.safe_load_all(_text("poetry-fastapi-vite", "deploy/kubernetes/app.yaml")))
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    probes = [container[f"{kind}Probe"]["httpGet"]["path"] for kind in ("startup", "readiness", "liveness")]
    assert probes == ["/readyz", "/readyz", "/livez"]
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0


def test_without_a_route_the_port_is_tried() -> None:
    deployment = next(
        yaml.safe_load_all(_text("pip-flask", "deploy/kubernetes/app.yaml", health_live="", health_ready=""))
    )
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["readinessProbe"]["tcpSocket"] == {"port": "http"}


def test_a_migration_is_a_job_and_a_worker_a_deployment_of_the_same_image() -> None:
    _, choices, files = planned("uv-celery-next")
    job = yaml.safe_load(files["deploy/kubernetes/migrate.yaml"].text)
    worker = yaml.safe_load(files["deploy/kubernetes/worker.yaml"].text)
    assert (job["kind"], worker["kind"]) == ("Job", "Deployment")
    containers = [each["spec"]["template"]["spec"]["containers"][0] for each in (job, worker)]
    assert [each["image"] for each in containers] == [choices.name, choices.name]
    assert containers[0]["command"] == ["alembic", "upgrade", "head"]
    assert containers[1]["command"][:3] == ["celery", "-A", "shop.work:celery"]
    assert "migrate.yaml" not in files["deploy/kubernetes/kustomization.yaml"].text.split("resources:")[1]
    assert "alembic" not in files["Dockerfile"].text.rpartition("ENTRYPOINT")[2]


@pytest.mark.parametrize("shape", PYTHON)
def test_the_configuration_is_one_that_this_tool_reads(shape: str, tmp_path: object) -> None:
    from pathlib import Path

    from lightship.config import load_gate, load_options

    _, choices, files = planned(shape)
    path = Path(str(tmp_path)) / "lightship.toml"
    path.write_text(files["lightship.toml"].text)
    options = load_options(path.parent, file=None, flags={})
    assert (*options.entrypoint, *options.cmd) == choices.command
    assert options.user == choices.user
    assert options.has_probe is bool(choices.health_ready)
    budgets = load_gate(path.parent, file=None).budgets
    assert budgets
    assert all(each.max_growth is None for each in budgets), "`make check` has no baseline"
    assert tomllib.loads(files["lightship.toml"].text)["image"]["python"] == choices.python


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("pip-flask", "pip install --require-hashes --no-compile -r requirements.txt"),
        ("pip-without-hashes", "pip install --no-compile -r requirements.txt"),
        ("poetry-fastapi-vite", "poetry install --only main --no-root --no-directory"),
        ("pdm-django", "pdm sync --prod --no-self --no-editable"),
        ("uv-celery-next", "uv sync --locked --no-dev --no-install-project --no-editable"),
        ("pylock-streamlit", "uv pip sync pylock.toml"),
    ],
)
def test_each_manager_installs_its_lock(shape: str, words: str) -> None:
    text = _text(shape)
    assert words in text
    assert text.index(words) < text.index("COPY --link . ."), "dependencies before code"
    assert "--mount=type=cache" in text


def test_the_lock_says_which_poetry() -> None:
    assert "pip install poetry==2.1.3" in _text("poetry-fastapi-vite")


def test_the_application_is_started_for_its_modules_where_a_route_says_when_it_is_up() -> None:
    """As `lightship build` does: with a probe the bytecode of a start, without one all of it."""
    dockerfile = _dockerfile("pip-flask")
    (run,) = (each for each in dockerfile.instructions if each.flag("network") is not None)
    entrypoint = next(each for each in dockerfile.instructions if each.keyword == "ENTRYPOINT")
    words = [word.text for word in run.words]
    assert run.exec_form
    assert words[words.index("--") + 1 :] == [word.text for word in entrypoint.words]
    assert words[words.index("--ask") + 1] == "http://127.0.0.1:8000/health"
    _, _, files = planned("pip-flask", health_live="", health_ready="")
    assert "deploy/start.py" not in files
    assert "AS start" not in files["Dockerfile"].text
    assert "--startup /opt/build/lightship-startup.lock" in files["Dockerfile"].text


def test_libraries_that_no_wheel_has_are_installed_and_kept() -> None:
    text = _text("pip-flask")
    assert "build-essential libmagic1" in text
    assert "--package libmagic1" in text
    assert "python-magic loads libmagic.so.1" in text
    slim = _text("pip-flask", final="slim")
    assert slim.count("libmagic1") >= 1
    assert "FROM scratch" not in slim


def test_headers_are_for_the_builder_only() -> None:
    text = _text("uv-celery-next")
    builder, _, rest = text.partition("AS root")
    assert "libpq-dev" in builder
    assert "libpq-dev" not in rest
    assert "--package libpq5" in rest


def test_a_front_end_is_a_stage_and_a_target_of_its_own() -> None:
    _, _, files = planned("poetry-fastapi-vite")
    text = files["Dockerfile"].text
    assert "AS web-build" in text
    assert "FROM ${NGINX} AS web" in text
    assert "npm ci" in text
    assert "rm -rf web deploy" in text, "its sources are no part of the application's image"
    served = files["deploy/nginx.conf"].text
    assert "proxy_pass http://notes:8000" in served
    whole = nginx_configuration(NginxOptions(root="/usr/share/nginx/html"))
    for line in (*nginx_rules().cache_maps, *nginx_rules().types, *nginx_rules().locations):
        assert line in served
        assert line in whole
    jobs = yaml.safe_load(files[".github/workflows/image.yml"].text)["jobs"]
    assert set(jobs) == {"lint", "backend", "web"}
    assert not any("needs" in job for job in jobs.values()), "they run side by side"


@pytest.mark.parametrize(
    ("folder", "target"),
    [("app", "web-app"), ("2web", "web-2web"), ("Site_New", "site-new"), ("packages/ui", "packages-ui")],
)
def test_the_target_of_a_front_end_is_a_name_that_nothing_else_has(folder: str, target: str) -> None:
    contents = {
        **SHAPES["pip-flask"],
        f"{folder}/package.json": json.dumps({"scripts": {"build": "vite build"}, "devDependencies": {"vite": "8"}}),
    }
    project = ProjectFiles.of(contents)
    facts = detect(project)
    files = [
        each.path
        for each in plan_files(facts, choose_settings(facts, directory="shop", given={}), project, nginx=nginx_rules())
    ]
    assert len(set(files)) == len(files)
    assert f"deploy/kubernetes/{target}.yaml" in files


def test_lists_that_a_list_includes_are_words() -> None:
    contents = {**SHAPES["pip-without-hashes"], "base.txt": "", "a,from=b": ""}
    contents["requirements.txt"] += "-r base.txt\n-r a,from=b\n"
    project = ProjectFiles.of(contents)
    facts = detect(project)
    text = plan_files(facts, choose_settings(facts, directory="shop", given={}), project, nginx=nginx_rules())[0].text
    assert "source=base.txt" in text
    assert "a,from=b" not in text


def test_a_front_end_that_the_application_serves_is_copied_into_it() -> None:
    _, _, files = planned("served-vite")
    assert "COPY --link --from=web-build /web/dist web/dist" in files["Dockerfile"].text
    assert "deploy/nginx.conf" not in files


def test_next_standalone_and_with_a_server() -> None:
    standalone, server = _text("uv-celery-next"), _text("next-with-a-server")
    assert ".next/standalone ./" in standalone
    assert "pnpm install --store-dir /root/.pnpm-store --frozen-lockfile" in standalone
    assert "npm install --global pnpm@10.1.0" in standalone
    assert "--mount=type=bind,source=ui/.npmrc,target=.npmrc" in standalone
    assert 'ENTRYPOINT ["npx", "next", "start"]' in server


def test_a_front_end_alone_has_no_files_for_python() -> None:
    _, _, files = planned("next-alone")
    assert {"lightship.toml", "deploy/slim.py", "deploy/kubernetes/app.yaml"}.isdisjoint(files)
    assert "python" not in files["Dockerfile"].text


def test_a_package_brings_its_metadata_and_commands() -> None:
    text = _text("uv-package")
    assert "pip install --no-deps --no-compile --target /opt/project ." in text
    assert "--from=application --chown=65532:65532 /opt/project /app" in text
    assert "PYTHONPATH=/app" in text


def test_what_is_ignored_keeps_what_the_dockerfile_copies() -> None:
    for shape in SHAPES:
        ignore = Ignore.parse(_text(shape, ".dockerignore"))
        needed = [path for path in SHAPES[shape] if not path.startswith("tests/")]
        assert [path for path in (*needed, "deploy/slim.py", "lightship-startup.lock") if ignore.matches(path)] == []
        assert all(ignore.matches(path) for path in (".env", "a/.env.local", ".git/config", "web/node_modules/a.js"))


def test_only_the_parts_that_are_asked_for() -> None:
    assert set(planned("pip-flask", ("dockerfile", "makefile"))[2]) == {
        "Dockerfile", "deploy/slim.py", "deploy/start.py", "Makefile",
    }  # fmt: skip


def test_the_entrypoint_is_what_was_detected_or_given() -> None:
    assert '"uvicorn", "main:app", "--app-dir", "backend"' in _text("poetry-fastapi-vite")
    given = _text("pip-flask", command=("python", "-m", 'od"d'))
    assert f"ENTRYPOINT {json.dumps(['python', '-m', 'od' + chr(34) + 'd'])}" in given
    assert "# what starts the application" in _text("nothing-served")


def test_variables_are_quoted() -> None:
    instructions = _dockerfile("pip-flask", env={"GREETING": 'a "b" $c', "PLAIN": "x"}).instructions
    env = next(each for each in instructions if each.keyword == "ENV" and "GREETING" in each.argument.text)
    assert 'GREETING="a \\"b\\" \\$c"' in env.argument.text


def test_memory_is_told_where_a_runner_is_too_small() -> None:
    assert "the runner has 2000 MB" in _text("next-alone", runner_gb=2.0)
    assert "the runner has" not in _text("next-alone", runner_gb=16.0)


def test_gunicorn_without_an_address_gets_one() -> None:
    assert "GUNICORN_CMD_ARGS=--bind=0.0.0.0:8000" in _text("pip-flask", command=("gunicorn", "app:app"))
    assert "GUNICORN_CMD_ARGS" not in _text("pip-flask")


@pytest.mark.parametrize(
    ("shape", "flags"),
    [
        ("uv-celery-next", "--no-editable --group jobs --extra pg\n"),
        ("poetry-fastapi-vite", "install --without dev --no-root --no-directory --with jobs --extras pg\n"),
        ("pdm-django", "--no-editable -G jobs -G pg\n"),
    ],
)
def test_groups_and_extras_that_are_asked_for_are_installed(shape: str, flags: str) -> None:
    assert flags in _text(shape, groups=("jobs",), extras=("pg",))
