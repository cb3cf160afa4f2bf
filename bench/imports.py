"""Which top-level modules import in an image, against a plain ``uv sync`` of the same lock.

    python bench/imports.py PROJECT oci:IMAGE --python /path/to/python3.12

Every module that the installed distributions name is imported in a process of its own, in the image (under the sandbox,
without network) and in a plain environment with the same Python. Exit status 1 when one imports plainly and not in the
image. Modules that import nowhere (optional dependencies, other platforms) are counted, not held against the image.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

LIGHTSHIP = Path(__file__).parents[1] / ".venv" / "bin" / "lightship"

PROBE = r"""
import importlib.metadata as metadata, json, os, sys, warnings
names = sorted(name for name in metadata.packages_distributions() if name.isidentifier())
failed = {}
for name in names:
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        null = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(null, number)
        warnings.simplefilter("ignore")
        try:
            __import__(name)
        except BaseException as error:
            os.write(write, f"{type(error).__name__}: {error}"[:300].encode(errors="replace"))
            os._exit(1)
        os._exit(0)
    os.close(write)
    said = b""
    while chunk := os.read(read, 4096):
        said += chunk
        break
    os.close(read)
    status = os.waitpid(child, 0)[1]
    if status:
        failed[name] = said.decode() or f"wait status {status}"
sys.stdout.write("\nRESULT " + json.dumps({"names": names, "failed": failed}) + "\n")
"""


def main() -> int:
    """Compare, print, and judge."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("project", type=Path)
    parser.add_argument("image")
    parser.add_argument("--python", required=True, help="the interpreter of the plain environment")
    parser.add_argument("--uv", default=str(LIGHTSHIP.with_name("uv")))
    parser.add_argument("--path", default="", help="PATH of the plain side; default: the environment's programs alone")
    parser.add_argument("--environment", type=Path, help="keep the plain environment here for the next run")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lightship-imports-") as scratch:
        environment = given.environment or Path(scratch) / "environment"
        plain = _plain(given.project, Path(scratch), environment, given.python, given.uv, given.path)
    image = _image(given.image)
    worked = set(plain["names"]) - set(plain["failed"])
    lost = {name: image["failed"].get(name, "not installed") for name in worked if name not in _imported(image)}
    print(f"{len(plain['names'])} top-level modules installed plainly, {len(worked)} import")
    print(f"{len(image['names'])} in the image, {len(_imported(image))} import")
    for name, reason in sorted(lost.items()):
        print(f"  LOST {name}: {reason}")
    for name in sorted(_imported(image) - worked):
        print(f"  imports only in the image: {name} (plainly: {plain['failed'].get(name, 'not installed')})")
    print("every module that imports plainly imports in the image" if not lost else f"{len(lost)} modules lost")
    return 1 if lost else 0


def _imported(found: dict) -> set:
    return set(found["names"]) - set(found["failed"])


def _plain(project: Path, scratch: Path, environment: Path, python: str, uv: str, path: str) -> dict:
    copy = scratch / "project"
    copy.mkdir()
    for name in ("pyproject.toml", "uv.lock", "README.md"):
        if (project / name).is_file():
            shutil.copy(project / name, copy / name)
    command = [uv, "sync", "-q", "--frozen", "--no-dev", "--no-install-project", "--python", python]
    subprocess.run(command, cwd=copy, env={**os.environ, "UV_PROJECT_ENVIRONMENT": str(environment)}, check=True)
    # Only the environment's own programs: what the host happens to have installed is no part of the lock.
    home = {"HOME": str(scratch), "PATH": path or str(environment / "bin"), "LANG": "C.UTF-8"}
    done = subprocess.run(
        [str(environment / "bin" / "python"), "-c", PROBE], env=home, stdout=subprocess.PIPE, check=True
    )
    return _result(done.stdout)


def _image(image: str) -> dict:
    command = [str(LIGHTSHIP), "run", "-q", "--network", "none", "--entrypoint", "python", image, "-c", PROBE]
    return _result(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def _result(output: bytes) -> dict:
    return json.loads(output.decode().rpartition("RESULT ")[2])


if __name__ == "__main__":
    sys.exit(main())
