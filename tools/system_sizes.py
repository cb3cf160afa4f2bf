"""Write ``src/lightship/facts/debian-CODENAME.tsv``: sizes and relations of the packages that Dockerfiles install.

``python -m tools.system_sizes bookworm``: the lists of that release are fetched by apt itself, from where this
machine's apt gets its own, into a temporary folder. The file holds every package of ``system_sizes.txt`` that the
release has, and all that these depend on or recommend, first alternatives first. Run it by hand, and read the
difference.
"""

import datetime
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

FACTS = Path(__file__).parents[1] / "src/lightship/facts"

_TEXT = Path(__file__).with_suffix(".txt").read_text()
ROOTS = [name for line in _TEXT.splitlines() if not line.startswith("#") for name in line.split()]

_ALTERNATIVE = re.compile(r"^([a-z0-9][a-z0-9+.-]*)")


def main(release: str) -> None:
    """Fetch, follow, write."""
    records = dict(_records(release))
    providers: dict[str, str] = {}
    for name, fields in records.items():
        for provided in _names(fields.get("Provides", "")):
            providers.setdefault(provided, name)
    wanted = _reached(records, providers)
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [
        f"# Packages of Debian {release}, main, amd64, {today}: name, Installed-Size (kB of 1024 bytes), bytes of the",
        "# .deb, Pre-Depends and Depends, Recommends (first alternative that there is). tools/system_sizes.py wrote.",
    ]
    for name in sorted(wanted):
        fields = records[name]
        needed = f"{fields.get('Pre-Depends', '')}, {fields.get('Depends', '')}"
        lines.append(
            "\t".join(
                (
                    name,
                    fields.get("Installed-Size", "0"),
                    fields["Size"],
                    " ".join(_followed(needed, records, providers)),
                    " ".join(_followed(fields.get("Recommends", ""), records, providers)),
                )
            )
        )
    (FACTS / f"debian-{release}.tsv").write_text("\n".join(lines) + "\n")


def _records(release: str) -> Iterator[tuple[str, dict[str, str]]]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for name in ("lists/partial", "cache/archives/partial", "sources.list.d"):
            (root / name).mkdir(parents=True)
        for source in (Path("/etc/apt/sources.list"), *Path("/etc/apt/sources.list.d").glob("*")):
            if source.is_file():
                text = re.sub(r"\b(bullseye|bookworm|trixie|forky)\b", release, source.read_text())
                (root / "sources.list.d" / source.name).write_text(text)
        options = [
            f"Dir::Etc::sourcelist={root}/none", f"Dir::Etc::sourceparts={root}/sources.list.d",
            f"Dir::State::lists={root}/lists", f"Dir::Cache={root}/cache", "APT::Architecture=amd64",
            "Dir::State::status=/dev/null", "APT::Sandbox::User=root",
        ]  # fmt: skip
        given = [word for option in options for word in ("-o", option)]
        subprocess.run(["apt-get", *given, "-qq", "update"], check=True)
        text = subprocess.run(
            ["apt-cache", *given, "dumpavail"],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z-]+): (.*)$", stanza, re.MULTILINE))
        if "Package" in fields and fields.get("Architecture") in ("amd64", "all"):
            yield fields["Package"], fields


def _names(relations: str) -> Iterator[str]:
    for part in relations.split(","):
        match = _ALTERNATIVE.match(part.strip())
        if match:
            yield match[1]


def _followed(relations: str, records: dict[str, dict[str, str]], providers: dict[str, str]) -> list[str]:
    """Of each relation the first alternative that the release has, under the name of the package that provides it."""
    found = []
    for relation in relations.split(","):
        names = [name for alternative in relation.split("|") for name in _names(alternative)]
        real = next((name for name in names if name in records), None)
        provided = next((providers[name] for name in names if name in providers), None)
        if real or provided:
            found.append(real or provided or "")
    return list(dict.fromkeys(found))


def _reached(records: dict[str, dict[str, str]], providers: dict[str, str]) -> set[str]:
    wanted: set[str] = set()
    waiting = [providers.get(name, name) if name not in records else name for name in ROOTS]
    while waiting:
        name = waiting.pop()
        if name in wanted or name not in records:
            continue
        wanted.add(name)
        fields = records[name]
        for relations in ("Pre-Depends", "Depends", "Recommends"):
            waiting += _followed(fields.get(relations, ""), records, providers)
    return wanted


if __name__ == "__main__":
    for each in sys.argv[1:]:
        main(each)
