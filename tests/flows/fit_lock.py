"""A project with a ``uv.lock`` whose packages are names of wheels."""

from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["AARCH", "MANY", "MUSL", "PURE", "write_project"]

PURE = "py3-none-any"
MANY = "cp311-cp311-manylinux_2_17_x86_64"
MUSL = "cp311-cp311-musllinux_1_2_x86_64"
AARCH = "cp311-cp311-manylinux_2_17_aarch64"


def write_project(
    folder: Path,
    packages: Mapping[str, Sequence[str]],
    *,
    sdists: Sequence[str] = (),
    requires_python: str = ">=3.11,<3.13",
    hashes: Mapping[str, str] | None = None,
) -> Path:
    """``packages`` maps names to their wheels' tags; those in ``sdists`` have a source too. ``hashes`` are the wheels'
    own, by file name; without, they are of nothing."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = ", ".join(f'"{name}"' for name in packages)
    (folder / "pyproject.toml").write_text(
        f'[project]\nname = "shop"\nversion = "1"\nrequires-python = "{requires_python}"\ndependencies = [{wanted}]\n'
    )
    lines = ["version = 1", f'requires-python = "{requires_python}"', ""]
    lines += ["[[package]]", 'name = "shop"', 'version = "1"', 'source = { virtual = "." }', "dependencies = ["]
    lines += [f'    {{ name = "{name}" }},' for name in packages]
    lines += ["]", "", "[package.metadata]", "requires-dist = ["]
    lines += [f'    {{ name = "{name}" }},' for name in packages]
    lines += ["]", ""]
    for name, tags in packages.items():
        stem = name.replace("-", "_")
        lines += ["[[package]]", f'name = "{name}"', 'version = "1.0"']
        lines += ['source = { registry = "https://index.example/simple" }']
        if name in sdists:
            lines += [f"sdist = {_file(f'{stem}-1.0.tar.gz', {})}"]
        lines += ["wheels = [", *(f"    {_file(f'{stem}-1.0-{tag}.whl', hashes or {})}," for tag in tags), "]", ""]
    (folder / "uv.lock").write_text("\n".join(lines))
    return folder


def _file(name: str, hashes: Mapping[str, str]) -> str:
    sha256 = hashes.get(name, "0" * 64)
    return f'{{ url = "https://index.example/{name}", hash = "sha256:{sha256}", size = 1000000 }}'
