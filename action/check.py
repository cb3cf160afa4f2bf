"""Run ``lightship check`` as the action's inputs say, and leave its report for the steps that follow.

Every input is a variable and becomes one argument of a list, so that no shell reads it. What the program says is shown
between ``::stop-commands::`` and its end: names in images are somebody else's, and must give the runner no orders.
Outputs: ``passed``, ``report``, ``sarif`` and ``markdown``. Python's standard library only.
"""

import html
import json
import os
import secrets
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

__all__ = ["arguments", "main", "passed", "run"]

MARKER = "<!-- lightship check -->"
_LAST_WORDS = 4000
_KINDS = {"json": "check.json", "markdown": "check.md", "sarif": "check.sarif", "github": "annotations.txt"}


def arguments(environ: Mapping[str, str], folder: Path) -> list[str]:
    """The words of the command, the image last and never taken for an option."""
    words = ["check"]
    for flag in ("baseline", "config", "timings", "explain", "platform"):
        value = environ.get(f"CHECK_{flag.upper()}", "").strip()
        words += [f"--{flag}={value}"] if value else []
    for flag in ("max", "max-growth"):
        lines = environ.get(f"CHECK_{flag.upper().replace('-', '_')}", "").splitlines()
        words += [f"--{flag}={line.strip()}" for line in lines if line.strip()]
    words += ["--ratchet"] if environ.get("CHECK_RATCHET", "").strip().lower() == "true" else []
    words += [f"--also={kind}={folder / name}" for kind, name in _KINDS.items()]
    return [*words, "--", environ.get("CHECK_IMAGE", "")]


def run(words: Sequence[str], directory: str) -> tuple[int, str]:
    """The status of the program, and all that it said."""
    try:
        done = subprocess.run(
            words,
            cwd=directory or ".",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
        )
    except OSError as error:
        return 3, f"{words[0]} cannot be started: {error}"
    return done.returncode, done.stdout.decode("utf-8", "replace")


def passed(status: int, report: Path) -> bool:
    """Whether the program ended well and its report says so too: one without the other is no pass."""
    if status != 0:
        return False
    try:
        return json.loads(report.read_text(encoding="utf-8")).get("passed") is True
    except (OSError, ValueError, AttributeError):
        return False


def main() -> int:
    """Read the environment, run, write summary and outputs; return the status of the step."""
    folder = Path(os.environ.get("RUNNER_TEMP") or "/tmp") / f"lightship-{secrets.token_hex(8)}"  # noqa: S108
    folder.mkdir(parents=True)
    program = os.environ.get("CHECK_PROGRAM") or "lightship"
    status, said = run([program, *arguments(os.environ, folder)], os.environ.get("CHECK_DIRECTORY", "."))
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}\n{said}\n::{token}::", flush=True)
    files = {kind: folder / name for kind, name in _KINDS.items()}
    if files["github"].is_file():
        print(files["github"].read_text(encoding="utf-8"), end="", flush=True)
    else:
        print(f"::error title=lightship::the check was not made: lightship ended with status {status}")
    if not files["markdown"].is_file():
        files["markdown"].write_text(_apology(status, said), encoding="utf-8")
    _append("GITHUB_STEP_SUMMARY", files["markdown"].read_text(encoding="utf-8") + "\n")
    good = passed(status, files["json"])
    told = {"report": "json", "sarif": "sarif", "markdown": "markdown"}
    lines = [f"passed={'true' if good else 'false'}"]
    lines += [f"{name}={files[kind] if files[kind].is_file() else ''}" for name, kind in told.items()]
    _append("GITHUB_OUTPUT", "".join(f"{line}\n" for line in lines))
    return 0 if good else status or 1


def _apology(status: int, said: str) -> str:
    words = html.escape(said[-_LAST_WORDS:])
    return f"{MARKER}\n### ❌ lightship: the check was not made (status {status})\n\n<pre>{words}</pre>\n"


def _append(variable: str, text: str) -> None:
    name = os.environ.get(variable)
    if name:
        with Path(name).open("a", encoding="utf-8") as stream:
            stream.write(text)


if __name__ == "__main__":
    sys.exit(main())
