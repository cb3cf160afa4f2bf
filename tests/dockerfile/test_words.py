"""Variables and quotes, each as BuildKit's lexer has it (checked against it, v0.17, when these were written)."""

import pytest

from lightship.dockerfile.patterns import LONGEST_BYTES
from lightship.dockerfile.words import expand, lex_words, split_words
from lightship.errors import InputError

ENVIRONMENT = {
    "v": "abcab/x.abc",
    "e": "",
    "s": "a b  c",
    "star": "b*",
    "path": "/usr/lib/libx.so.1.2",
    "unknown": None,
}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("plain", "plain"),
        ("$v", "abcab/x.abc"),
        ("${v}x$v.", "abcab/x.abcxabcab/x.abc."),
        ("$vx-$e-", "--"),
        ("a$", "a$"),
        ("$$v", "v"),
        ("\\$v", "$v"),
        ("'$v'", "$v"),
        ('"$v"', "abcab/x.abc"),
        ('"a\\"b\\$c\\d"', 'a"b$c\\d'),
        ("a\\ b\\", "a b"),
        ("'a b'\"c d\"", "a bc d"),
        ("${e:-d} ${e-d} ${u:-d} ${u-d}", "d  d d"),
        ("${e:+d}${e+d}${u:+d}${u+d}${v:+d}", "dd"),
        ("${v:?no}", "abcab/x.abc"),
        ("${u:-${e:-$s}}", "a b  c"),
        ("${u:-'a b'}", "a b"),
        ("${path#*/}", "usr/lib/libx.so.1.2"),
        ("${path##*/}", "libx.so.1.2"),
        ("${path%.*}", "/usr/lib/libx.so.1"),
        ("${path%%.*}", "/usr/lib/libx"),
        ("${v#a?c}", "ab/x.abc"),
        ("${v#nothing}", "abcab/x.abc"),
        ("${v/ab/-}", "-cab/x.abc"),
        ("${v//ab/-}", "-c-/x.-c"),
        ("${v//a*b/-}", "-c"),
        ("${v/\\//-}", "abcab-x.abc"),
        ("${v//?/-}", "-----------"),
        ("${v//b/}", "aca/x.ac"),
        ("${e//*/x}", "x"),
        ("${v//ab/<$0>}", "<>c<>/x.<>c"),
        ("${v//ab/<\\$0>}", "<\\ab>c<\\ab>/x.<\\ab>c"),
        ("${star#b\\*}", ""),
        ("${v#a$star}", "cab/x.abc"),
        ("<<EOF <x", "<<EOF <x"),
        ("é$v", "éabcab/x.abc"),
        ("$1${1}$@", ""),
    ],
)
def test_a_word_is_expanded(word: str, value: str) -> None:
    assert expand(word, ENVIRONMENT) == value


@pytest.mark.parametrize(
    "word",
    [
        *("${", "${v", "${}", "${:x}", "${{v}", "${v:", "${v:=x}", "${v^^}", "${v:0:1}", "${#v}", "${v[0]}"),
        *("'a", '"a', '"a\\"', "${v:-'}", "${u:?}", "${e:?said}", "${v/a}", "${v//a", "${v#\\x}", "${v:#a}"),
    ],
)
def test_what_the_builder_refuses_is_refused(word: str) -> None:
    with pytest.raises(InputError):
        expand(word, ENVIRONMENT)


def test_the_message_of_a_missing_variable_is_said() -> None:
    with pytest.raises(InputError, match="u: say which,"):
        expand("${u:?say which}", {})


@pytest.mark.parametrize("word", ["$unknown", "a${unknown}b", "${unknown:-x}", '"$unknown"', "${v:-$unknown}"])
def test_what_hangs_on_an_unknown_value_is_unknown(word: str) -> None:
    assert expand(word, ENVIRONMENT) is None
    assert split_words(word, ENVIRONMENT) is None


def test_names_that_a_base_image_may_set_are_unknown_where_that_is_said() -> None:
    assert expand("${other:-x}", ENVIRONMENT) == "x"
    assert expand("${other:-x}", ENVIRONMENT, unset=None) is None
    assert expand("$v", ENVIRONMENT, unset=None) == ENVIRONMENT["v"]


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("a:$unknown:${unknown}b", "a:?:?b"),
        ("${unknown:-x}/${unknown:+x}/${unknown#x}/${unknown//a/b}", "?/?/?/?"),
        ("$part/${part%s}/${v:+$part}", "known?/?/known?"),
        ("$v", "abcab/x.abc"),
        ("${e:-$other}", ""),
    ],
)
def test_a_mark_stands_for_what_is_unknown(word: str, value: str) -> None:
    assert expand(word, {**ENVIRONMENT, "part": "known?"}, unknown="?") == value


def test_the_escape_character_is_the_files() -> None:
    assert expand("C:\\a`$v\\", ENVIRONMENT, escape="`") == "C:\\a$v\\"
    assert expand('"`"`$v`a"', ENVIRONMENT, escape="`") == '"$v`a'


def test_quotes_are_letters_in_a_heredocs_body() -> None:
    assert expand('it\'s "$e" \\$v', ENVIRONMENT, keep_quotes=True) == 'it\'s "" $v'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a  b\tc", ("a", "b", "c")),
        ("$s", ("a", "b", "c")),
        ('"$s"', ("a b  c",)),
        ("a'b c'd e", ("ab cd", "e")),
        ("x$s", ("xa", "b", "c")),
        ("a\\ b", ("a b",)),
        ("'' \"\"", ()),
    ],
)
def test_words_are_split_after_variables(text: str, words: tuple[str, ...]) -> None:
    assert split_words(text, ENVIRONMENT) == words


def test_raw_words_keep_what_is_written() -> None:
    assert lex_words("a 'b c' \\d $e ${f:-g}") == ("a", "b c", "d", "$e", "${f:-g}")
    assert lex_words("a 'b c' \\d", raw_quotes=True, raw_escapes=True) == ("a", "'b c'", "\\d")


def test_a_value_that_no_program_could_take_is_refused() -> None:
    environment = {"a": "x" * (LONGEST_BYTES // 2)}
    assert len(expand("$a$a", environment) or "") == LONGEST_BYTES
    for word in ("$a$a$a", '"$a$a$a"', "${u:-$a$a$a}"):
        with pytest.raises(InputError, match="longer than any program"):
            expand(word, environment)


def test_substitutions_do_not_nest_without_end() -> None:
    with pytest.raises(InputError, match="within each other"):
        expand("${a:-" * 5000 + "}" * 5000, {})


def test_patterns_and_their_values_are_short() -> None:
    with pytest.raises(InputError, match="more than 1024"):
        expand("${a//b/c}", {"a": "x" * 1025})
