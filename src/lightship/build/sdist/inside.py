"""Runs inside the sandbox, under the target's interpreter: installs build requirements, calls a PEP 517 hook.

This file is copied beside the sources and started there; lightship itself never imports it. It uses the standard
library only and any Python from 3.8 on. Nothing here is trusted by the host: see `lightship.build.sdist.build`.

    python inside.py prepare HOOK    make the environment, unpack the wheels, then call HOOK in it
    python inside.py call HOOK       HOOK is `requires` or `wheel`; the answer is written to out/answer.json
"""

# Plain paths: this starts for every hook, and importing pathlib takes a good part of an interpreter's start.
# ruff: noqa: PTH101, PTH103, PTH117, PTH119, PTH120, PTH123, PTH208, PTH211

from __future__ import annotations

import configparser
import importlib
import json
import os
import sys
import zipfile

__all__ = ["call", "prepare"]

_BUILD = "/build"
_ENVIRONMENT = _BUILD + "/env"


def prepare(hook: str) -> None:
    """A virtual environment without pip: the target's headers and standard library, none of its other packages."""
    os.makedirs(_ENVIRONMENT + "/bin", exist_ok=True)
    with open(_ENVIRONMENT + "/pyvenv.cfg", "w") as stream:
        home = os.path.dirname(sys.executable)
        stream.write(f"home = {home}\ninclude-system-site-packages = false\n")
    python = _ENVIRONMENT + "/bin/python"
    for name in ("python", "python3", "python" + _minor()):
        if not os.path.lexists(f"{_ENVIRONMENT}/bin/{name}"):
            os.symlink(sys.executable, f"{_ENVIRONMENT}/bin/{name}")
    for wheel in sorted(os.listdir(_BUILD + "/wheels")):
        _install(_BUILD + "/wheels/" + wheel)
    os.chdir(_BUILD + "/src")
    os.execv(python, [python, "-s", _BUILD + "/inside.py", "call", hook])  # noqa: S606 - replaces this process


def _minor() -> str:
    return "{}.{}".format(*sys.version_info[:2])


def _install(wheel: str) -> None:
    packages = f"{_ENVIRONMENT}/lib/python{_minor()}/site-packages"
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if member.is_dir():
                continue
            parts = member.filename.split("/")
            if os.path.isabs(member.filename) or ".." in parts:
                raise ValueError(f"{wheel}: path leaves its root: {member.filename!r}")
            target = _place(parts, packages)
            if target is None:
                continue
            content = archive.read(member)
            script = parts[0].endswith(".data") and parts[1] == "scripts"
            if script and content.startswith(b"#!python"):
                content = f"#!{_ENVIRONMENT}/bin/python".encode() + content[len(b"#!python") :]
            _write(target, content, executable=script or bool(member.external_attr >> 16 & 0o100))
            if parts[-1] == "entry_points.txt" and parts[0].endswith(".dist-info"):
                _console_scripts(content.decode())


def _place(parts: list[str], packages: str) -> str | None:
    """Where a member goes (binary distribution format, "The .data directory")."""
    if not parts[0].endswith(".data") or len(parts) < 3:
        return "/".join([packages, *parts])
    key, rest = parts[1], "/".join(parts[2:])
    if key in ("purelib", "platlib"):
        return packages + "/" + rest
    if key == "scripts":
        return f"{_ENVIRONMENT}/bin/{rest}"
    if key == "data":
        return f"{_ENVIRONMENT}/{rest}"
    if key == "headers":
        return f"{_ENVIRONMENT}/include/site/python{_minor()}/{parts[0].partition('-')[0]}/{rest}"
    return None


class _CaseSensitive(configparser.ConfigParser):
    def optionxform(self, optionstr: str) -> str:
        return optionstr


def _console_scripts(text: str) -> None:
    parser = _CaseSensitive(delimiters=("=",), interpolation=None, strict=False)
    parser.read_string(text)
    if not parser.has_section("console_scripts"):
        return
    for name, reference in parser.items("console_scripts"):
        module, _, attribute = reference.partition("[")[0].strip().partition(":")
        body = (
            f"#!{_ENVIRONMENT}/bin/python\nimport sys\nfrom {module} import {attribute.partition('.')[0]}\n"
            f"sys.exit({attribute}())\n"
        )
        _write(f"{_ENVIRONMENT}/bin/{os.path.basename(name)}", body.encode(), executable=True)


def _write(path: str, content: bytes, *, executable: bool) -> None:
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as stream:
        stream.write(content)
    os.chmod(path, 0o755 if executable else 0o644)


def call(hook: str) -> None:
    """PEP 517: the source directory is the working directory and is not importable, except by ``backend-path``."""
    with open(_BUILD + "/request.json") as stream:
        request = json.load(stream)
    sys.path[0:1] = [os.path.normpath(f"{_BUILD}/src/{path}") for path in request["backend_path"]]
    module, _, attribute = request["backend"].partition(":")
    backend = importlib.import_module(module)
    for name in attribute.split(".") if attribute else []:
        backend = getattr(backend, name)
    if hook == "requires":
        asked = getattr(backend, "get_requires_for_build_wheel", None)
        answer = {"requires": list(asked(None)) if asked else []}
    else:
        answer = {"wheel": backend.build_wheel(_BUILD + "/out", None, None)}
    with open(_BUILD + "/out/answer.json", "w") as stream:
        json.dump(answer, stream)


if __name__ == "__main__":
    os.umask(0o022)
    {"prepare": prepare, "call": call}[sys.argv[1]](sys.argv[2])
