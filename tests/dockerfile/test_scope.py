"""What counts where an instruction stands."""

from lightship.dockerfile.parse import parse
from lightship.dockerfile.scope import (
    DEFAULT_SHELL,
    environment_at,
    environment_of,
    expand_at,
    folders_at,
    shell_at,
    user_at,
    workdir_at,
)
from lightship.dockerfile.stages import Stages, stages_of


def read(text: str, **arguments: str) -> Stages:
    return stages_of(parse(text), arguments=arguments)


def ends(text: str, **arguments: str) -> dict[str, str | None]:
    """The variables at the end of the last stage, without the path of an empty base."""
    stages = read(text, **arguments)
    found = environment_of(stages, stages.stages[-1])
    return {name: value for name, value in found.items() if name != "PATH"}


def test_env_sees_what_stood_before_its_line_and_arg_what_stands_before_it() -> None:
    assert ends("FROM scratch\nENV a=1\nENV a=2 b=$a\nARG c=3 d=$c") == {"a": "2", "b": "1", "c": "3", "d": "3"}


def test_the_later_of_arg_and_env_counts() -> None:
    assert ends("FROM scratch\nENV a=1\nARG a=2") == {"a": "2"}
    assert ends("FROM scratch\nARG a=1\nENV a=2") == {"a": "2"}


def test_an_arg_without_a_value_takes_the_global_or_leaves_the_variable() -> None:
    assert ends("ARG a=1\nFROM scratch\nARG a\nENV b=$a") == {"a": "1", "b": "1"}
    assert ends("ARG a=1\nFROM scratch\nENV b=x$a") == {"b": "x"}
    assert ends("FROM scratch\nENV a=1\nARG a\nENV b=$a") == {"a": "1", "b": "1"}
    assert ends("FROM scratch\nARG a\nENV b=$a c=${b:-d}") == {"a": None, "b": None, "c": "d"}
    assert ends("FROM scratch\nARG TARGETARCH\nENV b=$TARGETARCH c=$TARGETOS") == {
        "TARGETARCH": None,
        "b": None,
        "c": "",
    }


def test_what_is_given_to_the_build_goes_before_defaults() -> None:
    assert ends("ARG a=1\nFROM scratch\nARG a\nARG b=2\nENV c=$a$b", a="8", b="9", d="0") == {
        "a": "8",
        "b": "9",
        "c": "89",
    }


def test_stages_inherit_from_their_base_stage_only() -> None:
    text = "FROM scratch AS a\nENV x=1\nARG y=2\nWORKDIR /w\nUSER u\nFROM scratch AS b\nENV x=3\nFROM a\nENV z=$x$y\n"
    assert ends(text) == {"x": "1", "y": "2", "z": "12"}
    stages = read(text + "WORKDIR v\nCMD c")
    last = stages.stages[-1].instructions[-1]
    assert (workdir_at(stages, last), user_at(stages, last)) == ("/w/v", "u")


def test_a_foreign_bases_variables_are_unknown() -> None:
    found = ends("FROM python\nENV a=$HOME b=x\nENV c=${b}y")
    assert found == {"a": None, "b": "x", "c": "xy"}
    stages = read("FROM python\nUSER $WHO\nCMD a")
    cmd = stages.stages[0].instructions[-1]
    assert user_at(stages, cmd) is None
    assert expand_at(stages, cmd, "${a:-b}") is None
    assert expand_at(stages, cmd, "'a'b") == "ab"


def test_what_is_known_of_a_search_path_is_told() -> None:
    text = "FROM python\nENV V=/v PATH=/a:$PATH\nENV PATH=$V/bin:${PATH}:/z:$HOME/x\nENV PATH=${U:-/u}:$PATH\nCMD a"
    stages = read(text)
    cmd = stages.stages[0].instructions[-1]
    assert environment_at(stages, cmd)["PATH"] is None
    assert folders_at(stages, cmd, "PATH") == ("/v/bin", "/a", "/z")
    assert folders_at(stages, cmd, "V") == ("/v",)
    assert folders_at(stages, cmd, "PYTHONPATH") == ()
    empty = read("FROM scratch\nENV PATH=/a:$PATH\nCMD b")
    assert folders_at(empty, empty.stages[0].instructions[-1], "PATH")[:2] == ("/a", "/usr/local/sbin")


def test_an_empty_base_has_a_path_and_nothing_else() -> None:
    stages = read("FROM scratch\nENV PATH=/x:$PATH a=$HOME\nCMD b")
    environment = environment_at(stages, stages.stages[0].instructions[-1])
    assert environment["PATH"] == "/x:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    assert environment["a"] == ""


def test_an_instruction_sees_only_what_is_before_it() -> None:
    dockerfile = parse("ARG g=1\nFROM scratch\nENV a=1\nENV a=2\nRUN b\nENV a=3")
    stages = stages_of(dockerfile)
    values = [environment_at(stages, each).get("a") for each in dockerfile.instructions]
    assert values == [None, None, None, "1", "2", "2"]
    assert environment_at(stages, dockerfile.instructions[1])["g"] == "1"
    assert expand_at(stages, dockerfile.instructions[1], "$g$h") == "1"


def test_folders_join_and_are_tidied() -> None:
    lines = "WORKDIR a\nWORKDIR ../b/./c/\nWORKDIR /d//e\nWORKDIR ${x:-/f}\nWORKDIR //g\nCMD a"
    stages = read(f"FROM scratch\nCMD b\n{lines}")
    folders = [workdir_at(stages, each) for each in stages.stages[0].instructions]
    assert folders == ["/", "/", "/a", "/b/c", "/d/e", "/f", "/g"]
    foreign = read("FROM a\nCMD b\nWORKDIR c\nCMD d\nWORKDIR /e\nWORKDIR f\nCMD g")
    assert [workdir_at(foreign, each) for each in foreign.stages[0].instructions] == [
        None,
        None,
        None,
        None,
        "/e",
        "/e/f",
    ]


def test_users_and_shells_follow_their_instructions() -> None:
    text = 'FROM scratch\nRUN a\nUSER b\nSHELL ["c", "d"]\nRUN e\nUSER ${f:-g}:h\nRUN i'
    stages = read(text)
    runs = [each for each in stages.stages[0].instructions if each.keyword == "RUN"]
    assert [user_at(stages, each) for each in runs] == ["root", "b", "g:h"]
    assert [shell_at(stages, each) for each in runs] == [DEFAULT_SHELL, ("c", "d"), ("c", "d")]
    assert user_at(read("FROM a\nRUN b"), read("FROM a\nRUN b").stages[0].instructions[0]) is None


def test_onbuild_counts_in_the_stage_that_is_from_it() -> None:
    text = "FROM scratch AS a\nONBUILD ENV x=1\nONBUILD WORKDIR /w\nENV x=0\nFROM a\nENV y=$x\nCMD b"
    assert ends(text) == {"x": "1", "y": "1"}
    stages = read(text)
    assert workdir_at(stages, stages.stages[1].instructions[-1]) == "/w"
    assert environment_at(stages, stages.stages[0].instructions[-1])["PATH"]
    assert "x" not in environment_at(stages, stages.stages[0].instructions[0])


def test_what_the_builder_would_refuse_is_unknown() -> None:
    assert ends("FROM scratch\nENV a='x\nENV b=${a^^}") == {"a": None, "b": None}


def test_the_files_escape_character_counts() -> None:
    assert ends("# escape=`\nFROM scratch\nENV a=C:\\x b=`$a") == {"a": "C:\\x", "b": "$a"}
