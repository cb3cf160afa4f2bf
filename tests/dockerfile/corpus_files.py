"""The constructed Dockerfiles, read."""

from pathlib import Path

__all__ = ["CORPUS", "REFUSED", "decoded", "read"]

_FOLDER = Path(__file__).parent / "corpus"
CORPUS = sorted(path.name.removesuffix(".Dockerfile") for path in _FOLDER.glob("*.Dockerfile"))
REFUSED = [name for name in CORPUS if name.startswith("refused-") and not name.startswith("refused-later-")]
"""Those that BuildKit's parser refuses."""


def read(name: str) -> bytes:
    return (_FOLDER / f"{name}.Dockerfile").read_bytes()


def decoded(name: str) -> str:
    return read(name).decode("utf-8", "surrogateescape")
