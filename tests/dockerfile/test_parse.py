"""Places, values and limits that the comparison with BuildKit does not see."""

import pytest

from lightship.dockerfile.model import Dockerfile, Instruction, Span
from lightship.dockerfile.parse import LONGEST_LINE_BYTES, MOST_BYTES, MOST_INSTRUCTIONS, parse
from lightship.errors import InputError


def at(dockerfile: Dockerfile, span: Span) -> str:
    return dockerfile.text[span.start : span.end]


def last(text: str) -> tuple[Dockerfile, Instruction]:
    dockerfile = parse(text)
    return dockerfile, dockerfile.instructions[-1]


def test_every_part_of_an_instruction_has_its_place() -> None:
    dockerfile, copy = last("FROM a\n  copy --from=b  --chown='c d' \\\n # why\n  e \\\n  f\\\ng  h  \n")
    assert copy.keyword == "COPY"
    assert at(dockerfile, copy.keyword_span) == "copy"
    assert [(flag.name, flag.value) for flag in copy.flags] == [("from", "b"), ("chown", "c d")]
    assert [at(dockerfile, flag.span) for flag in copy.flags] == ["--from=b", "--chown='c d'"]
    assert [word.text for word in copy.words] == ["e", "fg", "h"]
    assert [at(dockerfile, word.span) for word in copy.words] == ["e", "f\\\ng", "h"]
    assert [at(dockerfile, comment) for comment in dockerfile.comments] == ["# why"]
    assert at(dockerfile, copy.span).startswith("copy --from=b")
    assert at(dockerfile, copy.span).endswith("g  h  ")
    assert (copy.line, copy.end_line) == (2, 6)
    assert copy.flag("from") == "b"
    assert copy.flag("link") is None


def test_the_argument_maps_to_the_file() -> None:
    dockerfile, run = last("FROM a\nRUN one \\\n  # comment\n\n  two \\\n  three\n")
    assert run.argument.text == "one   two   three"
    for word in ("one", "two", "three"):
        start = run.argument.text.index(word)
        assert at(dockerfile, run.argument.span(start, start + len(word))) == word
    part = run.argument.part(run.argument.text.index("two"), len(run.argument.text))
    assert part.text == "two   three"
    assert at(dockerfile, part.span(0, len(part.text))) == "two \\\n  three"
    assert at(dockerfile, part.part(6, 11).span(0, 5)) == "three"
    assert run.argument.part(3, 3).text == ""


def test_a_heredoc_says_what_it_holds_and_where() -> None:
    dockerfile, copy = last("FROM a\nCOPY <<-one <<'two' 3<<three /x/\n\t\ta $b\n\tone\n$c\ntwo\nthree\n")
    assert [(each.name, each.content, each.expand, each.file_descriptor) for each in copy.heredocs] == [
        ("one", "a $b\n", True, 0),
        ("two", "$c\n", False, 0),
        ("three", "", True, 3),
    ]
    assert [at(dockerfile, each.span) for each in copy.heredocs] == ["\t\ta $b\n", "$c\n", ""]
    assert at(dockerfile, copy.span).endswith("two\nthree")
    assert copy.argument.text == "<<-one <<'two' 3<<three /x/"


def test_onbuild_holds_an_instruction_with_its_own_places() -> None:
    dockerfile, onbuild = last("FROM a\nONBUILD  \\\n  RUN --network=none <<EOF\nx\nEOF\n")
    inner = onbuild.inner
    assert inner is not None
    assert inner.keyword == "RUN"
    assert at(dockerfile, inner.span) == "RUN --network=none <<EOF\nx\nEOF"
    assert [at(dockerfile, flag.span) for flag in inner.flags] == ["--network=none"]
    assert inner.heredocs == onbuild.heredocs
    assert [each.content for each in inner.heredocs] == ["x\n"]


def test_json_strings_are_words_with_the_place_of_their_literals() -> None:
    dockerfile, cmd = last('FROM a\nCMD [ "a\\n", \\\n "\\u00e9" ]\n')
    assert cmd.exec_form == ("a\n", "é")
    assert [word.text for word in cmd.words] == ["a\n", "é"]
    assert [at(dockerfile, word.span) for word in cmd.words] == ['"a\\n"', '"\\u00e9"']
    assert last("FROM a\nCMD []\n")[1].exec_form == ()
    assert last("FROM a\nCMD ['a']\n")[1].exec_form is None


@pytest.mark.parametrize(
    ("instruction", "words"),
    [
        ('RUN ["a"] b', ['["a"] b']),
        ('CMD ["a", "b"] c', ['["a", "b"] c']),
        ('ENTRYPOINT ["a"]]', ['["a"]]']),
        ('ENTRYPOINT ["a"] # no comment', ['["a"] # no comment']),
        ('CMD ["a"] ["b"]', ['["a"] ["b"]']),
        ("CMD [1] a", ["[1] a"]),  # no array at all, so none of something else than strings
        ('SHELL ["/bin/sh"] -c', ['["/bin/sh"] -c']),
        ('HEALTHCHECK CMD ["a"] b', ["CMD", '["a"] b']),
        ('VOLUME ["/a"] /b', ['["/a"]', "/b"]),
        ('COPY ["a", "b"] /c', ['["a",', '"b"]', "/c"]),
        ('ONBUILD CMD ["a"] b', ['["a"] b']),
    ],
)
def test_what_follows_a_json_array_makes_it_none(instruction: str, words: list[str]) -> None:
    """`encoding/json.Unmarshal` takes one value and nothing after it: parseJSON in
    https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/parser/line_parsers.go. v0.12 passed over it."""
    _, found = last(f"FROM a\n{instruction}\n")
    found = found.inner or found
    assert found.exec_form is None
    assert [word.text for word in found.words] == words


@pytest.mark.parametrize("blank", [" ", "\t", " \\\n  ", "\u00a0"])
def test_only_blanks_may_follow_it(blank: str) -> None:
    assert last(f'FROM a\nCMD ["a"]{blank}\n')[1].exec_form == ("a",)


def test_forms_of_env_are_told_apart() -> None:
    assert [each.is_old_form for each in parse("FROM a\nENV a b=c\nENV a=b c=d\n").instructions] == [False, True, False]


def test_directives_and_comments_have_their_places() -> None:
    dockerfile = parse("\ufeff#syntax=a\n# ESCAPE = `\n#x\nFROM a # no\n  # y\nRUN b `\n#z\n")
    assert [(each.name, each.value, at(dockerfile, each.span)) for each in dockerfile.directives] == [
        ("syntax", "a", "#syntax=a"),
        ("escape", "`", "# ESCAPE = `"),
    ]
    assert dockerfile.escape == "`"
    assert dockerfile.directive("syntax") == "a"
    assert dockerfile.directive("check") is None
    assert [at(dockerfile, each) for each in dockerfile.comments] == ["#x", "# y", "#z"]


def test_after_a_shebang_syntax_and_check_count_and_escape_does_not() -> None:
    dockerfile = parse("#!/usr/bin/env docker\n# syntax=a\n# escape=`\nFROM a\nRUN b \\\n c\n")
    assert dockerfile.directive("syntax") == "a"
    assert dockerfile.escape == "\\"
    assert dockerfile.instructions[1].argument.text == "b  c"


def test_windows_line_ends_are_no_part_of_anything() -> None:
    dockerfile = parse("FROM a\r\nRUN b \\\r\n  c\r\nLABEL d=e\r\n")
    assert [at(dockerfile, each.span) for each in dockerfile.instructions] == ["FROM a", "RUN b \\\r\n  c", "LABEL d=e"]
    assert dockerfile.instructions[1].argument.text == "b   c"
    assert [word.text for word in dockerfile.instructions[2].words] == ["d=e"]


def test_letters_beyond_ascii_in_flags_stay_what_they_are() -> None:
    dockerfile, copy = last("FROM a\nCOPY --chown=jörg --chmod=ü b c\n")
    assert [flag.value for flag in copy.flags] == ["jörg", "ü"]
    assert [at(dockerfile, flag.span) for flag in copy.flags] == ["--chown=jörg", "--chmod=ü"]
    assert [word.text for word in copy.words] == ["b", "c"]


def test_flags_of_bytes_that_are_no_letters_have_their_place() -> None:
    dockerfile, copy = last("FROM a\nCOPY --chown=\udc81\udcff --link b c\n")
    assert [(flag.name, flag.value) for flag in copy.flags] == [("chown", "\udc81\udcff"), ("link", None)]
    assert [at(dockerfile, flag.span) for flag in copy.flags] == ["--chown=\udc81\udcff", "--link"]
    assert [at(dockerfile, word.span) for word in copy.words] == ["b", "c"]


def test_what_is_no_utf_8_survives() -> None:
    dockerfile = parse(b'FROM a\nRUN \xff\nCMD ["\xff"]\n')
    assert dockerfile.instructions[1].argument.text == "\udcff"
    assert dockerfile.instructions[2].exec_form == ("\ufffd",)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Dockerfile: no instruction in it"),
        ("FROM a\nENV b\n", "Dockerfile:2: ENV must have two arguments"),
        ("FROM a\n\nRUN b \\\n c <<X\nd\n", "Dockerfile:3: no line ends the here-document 'X'"),
        ("# escape=x\nFROM a\n", "Dockerfile:1: the escape character must be"),
        ("FROM a\nCMD [1]\n", "Dockerfile:2: a JSON array of something else than strings"),
        ("FROM a\n" + "ONBUILD " * 20 + "RUN x\n", "Dockerfile:2: ONBUILD within ONBUILD"),
        ("FROM a\n" * (MOST_INSTRUCTIONS + 1), f"Dockerfile:{MOST_INSTRUCTIONS + 1}: more than"),
        ("FROM a\nRUN " + "é" * (LONGEST_LINE_BYTES // 2), "Dockerfile:2: a line of more than"),
        ("#" * (MOST_BYTES + 1), "Dockerfile: a Dockerfile of more than"),
    ],
)
def test_an_error_says_where_and_what(text: str, sentence: str) -> None:
    with pytest.raises(InputError) as caught:
        parse(text)
    assert str(caught.value).startswith(sentence)
