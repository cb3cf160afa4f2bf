"""What the templates are given: facts and choices, put into the words of the files."""

import re

from lightship.ecosystem.project.detect import ProjectFacts
from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.memory import shortage
from lightship.ecosystem.project.python import PythonProject
from lightship.facts.installer_caches import INSTALLER_CACHES
from lightship.init.choices import Choices
from lightship.init.front_end import stage_of

__all__ = ["TOOLS", "context_of"]

TOOLS = {"uv": ("uv==0.13.9",), "poetry": ("poetry==2.5.1",), "pdm": ("pdm==2.29.4", "hishel<2")}
"""Releases of November 2026; a lock that names the version that wrote it goes before these. PDM 2.29.4 does not start
beside hishel 2, which it does not exclude."""

_ALWAYS_SET = ("PYTHONUNBUFFERED", "LANG")
_NGINX = "nginxinc/nginx-unprivileged:1.29-alpine"
_DEBIAN = "bookworm"
"""Debian 12: what the table of system libraries is written for, and what `lightship build` takes its base from."""


def context_of(facts: ProjectFacts, choices: Choices, files: ProjectFiles) -> dict[str, object]:
    """One context for all templates."""
    alone = facts.python is None
    fronts = tuple(stage_of(each, files, alone=alone) for each in facts.front_ends)
    served = {each.directory for each in facts.served_front_ends}
    node = max((each.node for each in facts.front_ends), default=22)
    context: dict[str, object] = {
        "caches": INSTALLER_CACHES,
        "python": facts.python is not None,
        "name": choices.name,
        "short_name": choices.short_name,
        "final": choices.final,
        "user": choices.user,
        "uid": choices.uid,
        "gid": choices.gid,
        "workdir": choices.workdir,
        "prefix": choices.prefix,
        "port": choices.port,
        "health": choices.health_ready or choices.health_live,
        "health_live": choices.health_live,
        "health_ready": choices.health_ready,
        "command": list(choices.command),
        "env": [pair for pair in sorted(_env(choices).items()) if pair[0] not in _ALWAYS_SET],
        "starts": bool(choices.command and choices.port and (choices.health_ready or choices.health_live)),
        "writable": choices.writable,
        "made": [
            path.removeprefix(f"{choices.workdir}/")
            for path in choices.writable
            if path.startswith(f"{choices.workdir}/")
        ],
        "python_version": choices.python,
        "python_image": f"python:{choices.python}-slim-{_DEBIAN}",
        "node_image": f"node:{node}-{_DEBIAN}-slim",
        "node_version": node,
        "nginx_image": _NGINX,
        "front_ends": fronts,
        "static_front_ends": tuple(each for each in fronts if each.mode == "static" and each.directory not in served),
        "server_front_ends": tuple(each for each in fronts if each.mode != "static"),
        "served_front_ends": tuple(each for each in fronts if each.directory in served),
        "runtime_packages": choices.system_packages,
        "runtime_needs": [
            f"{need.package} {need.why}: {' '.join(need.runtime)}"
            for need in facts.system
            if set(need.runtime) <= set(choices.system_packages)
        ],
        "idle": facts.idle,
        "migration": facts.migration,
        "worker": facts.worker,
        "has_tests": any(path.startswith("tests/") for path in files.paths),
        "memory_notes": _memory_notes(facts, choices),
        "demand": facts.memory,
        "runner_gb": f"{choices.runner_gb:g}",
    }
    if facts.python is not None:
        unserved = [each.directory for each in fronts if each.directory and each.directory not in served]
        context |= _python(facts, facts.python, choices, unserved, files)
    return context


def _env(choices: Choices) -> dict[str, str]:
    """The variables, and where gunicorn is told no address, one: its configuration may bind to loopback, where nothing
    outside of the container reaches it. The variable goes before that file
    (https://docs.gunicorn.org/en/stable/configure.html)."""
    env = dict(choices.env)
    bound = any(word.startswith(("-b", "--bind")) for word in choices.command)
    if choices.command[:1] == ("gunicorn",) and not bound:
        env.setdefault("GUNICORN_CMD_ARGS", f"--bind=0.0.0.0:{choices.port}")
    return env


def _python(
    facts: ProjectFacts,
    python: PythonProject,
    choices: Choices,
    unserved: list[str],
    files: ProjectFiles,
) -> dict[str, object]:
    compiled = ", ".join(facts.compiled[:3]) + (
        f" and {len(facts.compiled) - 3} more" if len(facts.compiled) > 3 else ""
    )
    packages = ["build-essential", *sorted({name for need in facts.build for name in need.build})]
    packages += [name for name in choices.system_packages if name not in packages]
    tool = _tool(python, files)
    return {
        "manager": python.manager,
        "lock": python.lock,
        "hashes": python.locked.hashes and python.lock is not None,
        "tool": tool,
        "compiled": compiled,
        "installed_packages": packages,
        "lock_files": _lock_files(python, files),
        "group_flags": _group_flags(python.manager, choices),
        "installs_itself": python.installs_itself,
        "removed": [*unserved, "deploy"],
        "compiled_path": "/opt/project" if python.installs_itself else ".",
        "startup_glob": "lightship-startup.loc[k]",
        "start_command": _start_command(choices),
    }


def _start_command(choices: Choices) -> list[str]:
    """Words that start the application while its image is built, to see which modules it imports."""
    asked = f"http://127.0.0.1:{choices.port}{choices.health_ready or choices.health_live}"
    words = ["python", "/opt/build/start.py", "/opt/build/modules", "--environment", choices.prefix, "--ask", asked]
    return [*words, "--lock", "/opt/build/lightship-startup.lock", "--", *choices.command]


def _group_flags(manager: str, choices: Choices) -> str:
    """What the installer is told of groups and extras that a configuration asks for."""
    group, extra = {"uv": ("--group", "--extra"), "poetry": ("--with", "--extras"), "pdm": ("-G", "-G")}.get(
        manager, ("", "")
    )
    if not group:
        return ""
    words = [*(f"{group} {name}" for name in choices.groups), *(f"{extra} {name}" for name in choices.extras)]
    return "".join(f" {each}" for each in words)


def _tool(python: PythonProject, files: ProjectFiles) -> str:
    """The installer at one version: another one next month is another image."""
    if python.manager == "pip":
        return ""
    written = re.match(r"# This file is automatically @generated by Poetry (\d[\w.]*)", files.text(python.lock or ""))
    if written and python.manager == "poetry":
        return f"poetry=={written[1]}"
    return " ".join(f"'{each}'" if "<" in each else each for each in TOOLS[python.manager])


def _lock_files(python: PythonProject, files: ProjectFiles) -> list[str]:
    """What installing reads beside the cache: the lock, and the file that it is held against."""
    names = [python.lock or "pyproject.toml"]
    if python.lock and python.manager != "pip" and "pyproject.toml" in files:
        names.append("pyproject.toml")
    if python.lock and python.lock.endswith(".txt"):
        text = files.text(python.lock)
        included = re.findall(r"^\s*(?:-r|-c|--requirement|--constraint)[ =]+([\w./@+-]+)(?!\S)", text, re.MULTILINE)
        names += [name for name in included if name in files and ".." not in name]
    return list(dict.fromkeys(names))


def _memory_notes(facts: ProjectFacts, choices: Choices) -> list[str]:
    demand = facts.memory
    notes = []
    if facts.front_ends or facts.compiled:
        largest = max(demand.needs, key=lambda need: need.peak_mb)
        notes.append(f"about {demand.together_mb} MB at the peak, most of it for {largest.stage} ({largest.why}).")
    short = shortage(demand, choices.runner_gb)
    return [*notes, short] if short else notes
