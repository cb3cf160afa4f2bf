"""Write ``src/lightship/facts/debian-CODENAME.tsv``: sizes and relations of the packages that Dockerfiles install.

``python -m tools.system_sizes bookworm [SCRATCH]``: the lists of that release and its packages are fetched by apt
itself, from where this machine's apt gets its own. The file holds every package of ``system_sizes.txt`` that the
release has, those of the base images, and all that these depend on or recommend, first alternatives first. Each is
unpacked once to weigh it (`tools.deb_weights`); SCRATCH remembers weights, so that a run that broke off goes on. Two
gigabytes are fetched for a release. Run it by hand, and read the difference.
"""

import datetime
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

from tools.deb_weights import Weight, weigh

from lightship.facts.system_packages import BUILDPACK

FACTS = Path(__file__).parents[1] / "src/lightship/facts"

_TEXT = Path(__file__).with_suffix(".txt").read_text()
ROOTS = [name for line in _TEXT.splitlines() if not line.startswith("#") for name in line.split()]
ROOTS += BUILDPACK

_ALTERNATIVE = re.compile(r"^([a-z0-9][a-z0-9+.-]*)")
_PRIORITIES = ("required", "important", "standard", "optional", "extra")
_FETCHED_AT_ONCE = 20


def main(release: str, scratch: Path) -> None:
    """Fetch, follow, weigh, write."""
    scratch.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        options = _apt(release, Path(folder))
        subprocess.run(["apt-get", *options, "-qq", "update"], check=True)
        records = dict(_records(options))
        providers = _providers(records)
        wanted = _reached(records, providers)
        weights = _weighed(sorted(wanted), records, options, scratch)
    today = datetime.datetime.now(datetime.UTC).date()
    lines = [
        f"# Packages of Debian {release}, main, amd64, {today}: name; bytes of all files, as gzip; of those files",
        "# that slim images get, as gzip; Pre-Depends and Depends; Recommends (first alternative that there is).",
        "# tools/system_sizes.py wrote.",
    ]
    for name in sorted(wanted):
        fields = records[name]
        needed = f"{fields.get('Pre-Depends', '')}, {fields.get('Depends', '')}"
        followed = (
            " ".join(_followed(relations, records, providers)) for relations in (needed, fields.get("Recommends", ""))
        )
        lines.append("\t".join((name, *map(str, asdict(weights[name]).values()), *followed)))
    (FACTS / f"debian-{release}.tsv").write_text("\n".join(lines) + "\n")


def _apt(release: str, root: Path) -> list[str]:
    """Options for an apt of that release that touches nothing of this machine's."""
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
    return [word for option in options for word in ("-o", option)]


def _records(options: list[str]) -> Iterator[tuple[str, dict[str, str]]]:
    command = ["apt-cache", *options, "dumpavail"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    for stanza in text.split("\n\n"):
        fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", stanza, re.MULTILINE))
        if "Package" in fields and fields.get("Architecture") in ("amd64", "all"):
            yield fields["Package"], fields


def _providers(records: dict[str, dict[str, str]]) -> dict[str, str]:
    """Of each virtual package the one that is most likely there: awk is mawk."""
    ranked = sorted(records, key=lambda name: (_PRIORITIES.index(records[name].get("Priority", "extra")), name))
    providers: dict[str, str] = {}
    for name in ranked:
        for provided in _names(records[name].get("Provides", "")):
            providers.setdefault(provided, name)
    return providers


def _weighed(
    names: list[str], records: dict[str, dict[str, str]], options: list[str], scratch: Path
) -> dict[str, Weight]:
    """Of each package; fetched a few at a time."""
    memory = scratch / "weights.json"
    known: dict[str, dict[str, int]] = json.loads(memory.read_text()) if memory.exists() else {}
    waiting = [name for name in names if records[name]["SHA256"] not in known]
    folder = scratch / "debs"
    for start in range(0, len(waiting), _FETCHED_AT_ONCE):
        some = waiting[start : start + _FETCHED_AT_ONCE]
        folder.mkdir(exist_ok=True)
        asked = [f"{name}={records[name]['Version']}" for name in some]
        subprocess.run(["apt-get", *options, "-qq", "download", *asked], check=True, cwd=folder)
        for deb in folder.iterdir():
            name = deb.name.partition("_")[0]
            known[records[name]["SHA256"]] = asdict(weigh(deb))
        shutil.rmtree(folder)
        memory.write_text(json.dumps(known))
        print(f"{start + len(some)} of {len(waiting)} packages weighed", file=sys.stderr, flush=True)
    return {name: Weight(**known[records[name]["SHA256"]]) for name in names}


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
    main(sys.argv[1], Path(sys.argv[2] if len(sys.argv) > 2 else tempfile.mkdtemp()))
