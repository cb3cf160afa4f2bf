"""The interpreter inside an image, and where packages go beside it."""

from lightship.ecosystem.python.target import Target
from lightship.values import dataclass

__all__ = ["Interpreter", "Scheme"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A CPython inside an image. Paths are relative to the root: ``usr/bin/python3.11``, ``usr/lib/python3.11``.

    ``library_path`` holds absolute directories that LD_LIBRARY_PATH must name for it to start (usually none).
    ``magic`` is the four-byte bytecode magic number in hex, or "" until the interpreter has told it.
    """

    executable: str
    stdlib: tuple[str, ...]
    target: Target
    library_path: tuple[str, ...] = ()
    magic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A virtual environment inside the image: ``prefix`` such as ``opt/venv`` (no leading slash), ``minor`` ``3.11``.

    The names are those of the ``venv`` scheme of `sysconfig` (Python 3.11).
    """

    prefix: str
    minor: str

    @property
    def purelib(self) -> str:
        """Where wheels' modules go; ``platlib`` is the same directory."""
        return f"{self.prefix}/lib/python{self.minor}/site-packages"

    @property
    def scripts(self) -> str:
        return f"{self.prefix}/bin"

    @property
    def data(self) -> str:
        return self.prefix

    def headers(self, distribution: str) -> str:
        return f"{self.prefix}/include/site/python{self.minor}/{distribution}"

    @property
    def python(self) -> str:
        """Absolute path of the environment's interpreter, as shebang lines name it."""
        return f"/{self.prefix}/bin/python"
