"""Every constructed Dockerfile as BuildKit's own parser reads it, and to the byte."""

import platform
import sys

import pytest
from tests.dockerfile.buildkit import by_buildkit, by_us, is_newer
from tests.dockerfile.corpus_files import CORPUS, REFUSED, decoded, read
from tests.dockerfile.mutations import mutated
from tests.dockerfile.places import faults_of
from tests.init.shapes import SHAPES, planned

from lightship.dockerfile.parse import parse
from lightship.errors import InputError

HAS_BUILDKIT = sys.platform == "linux" and platform.machine() == "x86_64"
needs_buildkit = pytest.mark.skipif(not HAS_BUILDKIT, reason="the package dockerfile has no wheel for this machine")

READ_OTHERWISE_BEFORE = {
    "heredoc-blank-before-name": "v0.12.5 has no blanks between << and the name",
    "run-exec-followed-is-shell": "v0.12.5 passes over what follows a JSON array",
    "latin-1-bytes": "the package takes no bytes that are not UTF-8",
}
"""Each is read as BuildKit v0.17 reads it; the package has v0.12.5."""


def test_there_are_enough_of_them() -> None:
    assert len(CORPUS) >= 200


@needs_buildkit
@pytest.mark.parametrize("name", [name for name in CORPUS if name not in READ_OTHERWISE_BEFORE])
def test_buildkit_reads_the_same(name: str) -> None:
    assert by_us(decoded(name)) == by_buildkit(decoded(name))


@needs_buildkit
@pytest.mark.parametrize("shape", SHAPES)
def test_buildkit_reads_what_init_writes_the_same(shape: str) -> None:
    text = planned(shape)[2]["Dockerfile"].text
    assert by_us(text) == by_buildkit(text)


@pytest.mark.parametrize("name", REFUSED)
def test_what_buildkit_refuses_is_refused_in_one_sentence(name: str) -> None:
    with pytest.raises(InputError, match=r"^a/Dockerfile(:\d+)?: \S") as caught:
        parse(read(name), name="a/Dockerfile")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", [name for name in CORPUS if name not in REFUSED])
def test_bytes_come_back_and_every_character_has_its_place(name: str) -> None:
    dockerfile = parse(read(name))
    assert dockerfile.text.encode("utf-8", "surrogateescape") == read(name)
    assert faults_of(dockerfile) == []


def test_text_and_bytes_are_read_alike() -> None:
    for name in CORPUS:
        if name not in REFUSED:
            assert parse(read(name)) == parse(decoded(name))


@needs_buildkit
def test_buildkit_reads_mutated_files_the_same() -> None:
    texts = [decoded(name) for name in CORPUS if len(read(name)) < 4000]
    compared = 0
    for text in mutated(texts, 3000, seed=5):
        if "\0" in text or is_newer(text) or not _is_encodable(text):
            continue
        try:
            theirs = by_buildkit(text)
        except UnicodeDecodeError:
            continue  # the package cannot give a name that was cut within a letter
        assert by_us(text) == theirs, repr(text)
        compared += 1
    assert compared > 1200


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
