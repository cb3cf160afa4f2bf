"""The Dockerfile parser: against BuildKit's own, against mutated input, and against the clock.

    python bench/dockerfiles.py [FOLDER…] [--mutations 100000] [--seed 1]

Every Dockerfile below FOLDER (and the constructed ones of the tests) is read by BuildKit's parser, v0.12.5 of the
package `dockerfile`, and by ours. Mutated files only have to end in values or in one `InputError`, through stages,
variables, refusals and round trip. Times are medians of five rounds.
"""

import argparse
import re
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.dockerfile.buildkit import by_buildkit, by_us, is_newer
from tests.dockerfile.corpus_files import CORPUS, decoded
from tests.dockerfile.mutations import mutated
from tests.dockerfile.places import faults_of

from lightship.dockerfile.parse import parse
from lightship.dockerfile.refusals import refusals_of
from lightship.dockerfile.stages import stages_of
from lightship.errors import InputError

_NAME = re.compile(r"(?:.*\.)?Dockerfile(?:[.-].*)?", re.IGNORECASE)
_MUTATED_AT_MOST = 4000
"""Characters: what is longer says nothing more and takes the time of many."""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="*", type=Path)
    parser.add_argument("--mutations", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    texts = {name: decoded(name) for name in CORPUS}
    for folder in chosen.folders:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and _NAME.fullmatch(path.name):
                texts[str(path)] = path.read_bytes().decode("utf-8", "surrogateescape")
    faults = _compared(texts)
    _timed(list(texts.values()))
    if chosen.mutations:
        faults += _mutated([each for each in texts.values() if len(each) < _MUTATED_AT_MOST], chosen)
    return 1 if faults else 0


def _compared(texts: dict[str, str]) -> int:
    counts: Counter[str] = Counter()
    for name, text in texts.items():
        if any("\ud800" <= character <= "\udfff" for character in text) or "\0" in text:
            counts["not comparable: bytes that are not UTF-8"] += 1
            continue
        ours, theirs = by_us(text), by_buildkit(text)
        if ours == theirs:
            counts["read alike" if ours is not None else "refused alike"] += 1
        elif is_newer(text):
            counts["read otherwise: syntax younger than v0.12.5"] += 1
        else:
            counts["DIFFERENT"] += 1
            print(f"  different: {name}")
    print(f"{len(texts)} files:", ", ".join(f"{count} {what}" for what, count in counts.items()))
    return counts["DIFFERENT"]


def _timed(texts: list[str]) -> None:
    size = sum(len(each) for each in texts)
    for what, work in (("parse", _parse), ("parse, stages, refusals", _all)):
        seconds = []
        for _ in range(5):
            before = time.perf_counter()
            for text in texts:
                work(text)
            seconds.append(time.perf_counter() - before)
        each = median(seconds) / len(texts)
        print(
            f"{what}: {each * 1000:.2f} ms a file, {each * 150:.3f} s for 150, {size / median(seconds) / 1e6:.1f} MB/s"
        )


def _parse(text: str) -> None:
    try:
        parse(text)
    except InputError:
        return


def _all(text: str) -> None:
    try:
        dockerfile = parse(text)
        refusals_of(dockerfile)
        stages_of(dockerfile)
    except InputError:
        return


def _mutated(texts: list[str], chosen: argparse.Namespace) -> int:
    counts: Counter[str] = Counter()
    before = time.perf_counter()
    for text in mutated(texts, chosen.mutations, chosen.seed):
        counts[_outcome(text, _checked)] += 1
    print(
        f"{chosen.mutations} mutated in {time.perf_counter() - before:.0f} s:",
        ", ".join(f"{count} {what}" for what, count in counts.items()),
    )
    return counts["CRASHED"]


def _outcome(text: str, work: Callable[[str], None]) -> str:
    try:
        work(text)
    except InputError:
        return "refused"
    except Exception as error:  # noqa: BLE001 that is what is looked for
        print(f"  {error!r}: {text!r}")
        return "CRASHED"
    return "read"


def _checked(text: str) -> None:
    dockerfile = parse(text)
    if dockerfile.text != text or faults_of(dockerfile):
        raise AssertionError(faults_of(dockerfile))
    refusals_of(dockerfile)
    stages_of(dockerfile)


if __name__ == "__main__":
    sys.exit(main())
