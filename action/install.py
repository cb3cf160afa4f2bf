"""Install lightship for the action's other steps, and tell them the program: the output ``program``.

``CHECK_INSTALL`` is what pip installs; empty, it is the project that the action is part of; ``none``: nothing is
installed, and the program is the one on ``PATH``. Python's standard library only.
"""

import os
import subprocess
import sys
import venv
from pathlib import Path

__all__ = ["install", "main", "requirement"]


def requirement(asked: str, action: Path) -> str:
    """What pip is given: ``asked``, or the folder above the action."""
    return asked.strip() or str(action.resolve().parent)


def install(what: str, folder: Path) -> Path:
    """A virtual environment in ``folder`` with ``what``; return the program. Raise CalledProcessError as pip fails."""
    venv.create(folder, with_pip=True, clear=True)
    pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "-q", "--", what]
    subprocess.run(pip, check=True)
    return folder / "bin" / "lightship"


def main() -> int:
    """Read the environment, install, write the output."""
    asked = os.environ.get("CHECK_INSTALL", "")
    if asked.strip() == "none":
        program = "lightship"
    else:
        folder = Path(os.environ.get("RUNNER_TEMP") or os.environ.get("TMPDIR") or "/tmp") / "lightship-action"  # noqa: S108
        try:
            program = str(install(requirement(asked, Path(__file__).parent), folder))
        except subprocess.CalledProcessError as error:
            print(f"::error title=lightship was not installed::pip ended with status {error.returncode}")
            return 1
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as stream:
        stream.write(f"program={program}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
