"""What a build reads beside the project's own files and its lock: files that the lock includes, and local directories
that become wheels. They are known only once the lock was read, so a remembered build keeps their hashes."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from lightship.base.lock_name import LOCK_NAME
from lightship.build.outputs import OUTPUT_HEAD_BYTES, build_output
from lightship.ecosystem.python.locked import Selection
from lightship.ecosystem.python.project import Lock, Project
from lightship.flows.request import STARTUP_LOCK
from lightship.paths import storage_errors

__all__ = ["left_out_of_wheels", "local_sources", "source_sha256"]

_SOURCES = frozenset({".py", ".pyi", ".pyx", ".c", ".h", ".rs", ".so", ".md"})
"""Most of a project, and nobody's output."""


def local_sources(project: Project, lock: Lock, selection: Selection, *, own: bool) -> tuple[Path, ...]:
    """Files and directories, sorted; with ``own`` the project's directory is one."""
    found: set[Path] = {project.directory} if own else set()
    if lock.kind == "requirements":
        from lightship.ecosystem.python.requirements_text import read_requirements

        found |= set(read_requirements(lock.path, project.directory).files)
    for package in selection.packages:
        if package.directory is not None:
            found.add(package.directory)
        artifacts = (*package.wheels, *((package.sdist,) if package.sdist is not None else ()))
        found |= {artifact.path for artifact in artifacts if artifact.path is not None and artifact.sha256 is None}
    return tuple(sorted(found))


def source_sha256(path: Path) -> str:
    """The hash of a file's bytes, or of all that a build takes of a directory; of what is gone, nothing."""
    if path.is_dir():
        from lightship.build.sdist.source import directory_sha256

        return directory_sha256(path, left_out_of_wheels(path))
    if not path.exists():
        return ""
    with storage_errors(f"read {path}"), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def left_out_of_wheels(directory: Path) -> Callable[[str], bool]:
    """What a wheel of ``directory`` is not made of: what lightship itself writes there. A build must not change its
    own input."""
    written = (LOCK_NAME, STARTUP_LOCK)

    def left_out(name: str) -> bool:
        path = directory / name
        return name in written or (path / "oci-layout").is_file() or _is_output(path)

    return left_out


def _is_output(path: Path) -> bool:
    """True for an image or a report that an earlier build wrote into the directory."""
    if path.suffix in _SOURCES or path.is_symlink() or not path.is_file():
        return False
    with storage_errors(f"read {path}"), path.open("rb", buffering=0) as stream:
        return build_output(stream.read(OUTPUT_HEAD_BYTES)) is not None
