"""The Dockerfile's language: "The format of the Dockerfile: # Comment / INSTRUCTION arguments" (Docker's reference,
https://docs.docker.com/reference/dockerfile/#format), whatever else a file holds.
"""

from hypothesis import given
from hypothesis import strategies as st
from tests.dockerfile.mutations import mutated
from tests.dockerfile.places import faults_of

from lightship.dockerfile.edit import Edit, apply_edits
from lightship.dockerfile.model import Dockerfile, Instruction, Span
from lightship.dockerfile.parse import parse
from lightship.dockerfile.refusals import refusals_of
from lightship.dockerfile.words import expand
from lightship.errors import InputError

PIECES = st.sampled_from(
    [
        *("FROM a\n", "RUN b\n", "run c \\\n", "  d\n", "# e\n", "\n", "COPY <<E /f\n", "E\n", "\tE\n", "<<-E ", "<<"),
        *("ENV g=h i\n", "ENV j k\n", 'CMD ["l"]\n', "ONBUILD ", "--m=n ", "\\\n", "`\n", "# escape=`\n", "\r\n", "["),
        *('"', "'", "$", "{", "}", " ", "\t", "\ufeff", "é", "\xa0", "\udcff", "\0", "LABEL o=p\n", "USER r\n"),
        *("HEALTHCHECK CMD q\n", "\udc85"),
    ]
)
TEXTS = st.lists(PIECES, max_size=40).map("".join) | st.text()
SEEDLING = "FROM a AS b\nRUN c\nCOPY d e\nENV f=g h=$i\nFROM b\nRUN <<E\nj\nE\nUSER k\n"
FILES = st.integers(0, 1 << 30).map(lambda seed: next(mutated((SEEDLING,), 1, seed)))


def read(text: str) -> Dockerfile | None:
    try:
        return parse(text)
    except InputError:
        return None


@given(TEXTS | FILES)
def test_any_text_is_read_or_refused_and_every_character_has_its_place(text: str) -> None:
    dockerfile = read(text)
    if dockerfile is not None:
        assert dockerfile.text == text
        assert faults_of(dockerfile) == []


@given(st.binary())
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        dockerfile = parse(content)
    except InputError:
        return
    assert dockerfile.text.encode("utf-8", "surrogateescape") == content


@given(TEXTS | FILES)
def test_what_is_read_can_be_judged(text: str) -> None:
    dockerfile = read(text)
    if dockerfile is not None:
        for refusal in refusals_of(dockerfile):
            assert refusal.message
            assert refusal.instruction in dockerfile.instructions


@given(TEXTS | FILES, st.integers(0, 1 << 16))
def test_an_edit_within_one_instruction_leaves_the_others(text: str, chosen: int) -> None:
    dockerfile = read(text)
    if dockerfile is None:
        return
    place = chosen % len(dockerfile.instructions)
    replaced = dockerfile.instructions[place]
    edited = parse(apply_edits(text, [Edit(replaced.span, "USER x")]))
    assert edited.instructions[place].keyword == "USER"
    assert len(edited.instructions) == len(dockerfile.instructions)
    for before, after in zip(dockerfile.instructions, edited.instructions, strict=True):
        if before is not replaced:
            assert said(dockerfile, before) == said(edited, after)


@given(TEXTS | FILES, st.integers(0, 1 << 16))
def test_a_comment_between_instructions_changes_none(text: str, chosen: int) -> None:
    dockerfile = read(text)
    if dockerfile is None:
        return
    before = dockerfile.instructions[chosen % len(dockerfile.instructions)]
    start = text.rfind("\n", 0, before.span.start) + 1
    edited = parse(apply_edits(text, [Edit(Span(start, start), "# a comment\n")])) if start else dockerfile
    assert [said(edited, each) for each in edited.instructions] == [
        said(dockerfile, each) for each in dockerfile.instructions
    ]


def said(dockerfile: Dockerfile, instruction: Instruction) -> tuple[object, ...]:
    return (
        dockerfile.text[instruction.span.start : instruction.span.end],
        instruction.keyword,
        [(flag.name, flag.value) for flag in instruction.flags],
        [word.text for word in instruction.words],
        instruction.exec_form,
        [(each.name, each.content, each.expand) for each in instruction.heredocs],
        instruction.end_line - instruction.line,
    )


WORDS = st.text(st.sampled_from("ab$v{}:-+?#%/'\"\\ *`<"), max_size=20)


@given(WORDS, st.dictionaries(st.sampled_from(["a", "b", "v"]), st.text(max_size=8) | st.none()))
def test_a_word_is_expanded_unknown_or_refused(word: str, environment: dict[str, str | None]) -> None:
    try:
        value = expand(word, environment)
    except InputError:
        return
    if value is None:
        assert None in environment.values()
    if "$" not in word and not set(word) & set("'\"\\"):
        assert value == word


@given(st.text(st.characters(exclude_characters="'")))
def test_single_quotes_keep_everything(text: str) -> None:
    assert expand(f"'{text}'", {}) == text
